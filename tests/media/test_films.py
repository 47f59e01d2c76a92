"""core.media.films: which frames are kept, that a kept film reads back as it was, and what is refused."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import BadInput, TooLarge, UnsupportedMedia
from core.media import Limits, encode_video, evenly_spaced, isolated, read_video
from core.media.films import MAX_FRAMES, MAX_SIDE
from core.settings import Settings
from core.values import Video
from tests.media.samples import LIMITS, muxed, picture, saved

STEP = 8
"""Grey levels between two frames of the sample film: coding blurs a level by less."""


def film(
    container: str = "mp4",
    codec: str = "libx264",
    *,
    frames: int = 20,
    rate: int = 10,
    size: tuple[int, int] = (64, 48),
    turned: int = 0,
    times: list[int] | None = None,
) -> bytes:
    """Write a film that grows lighter by `STEP` a frame, its left half black."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        for number in range(frames):
            pixels = np.full((size[1], size[0], 3), min(255, STEP * number), np.uint8)
            pixels[:, : size[0] // 2] = 0
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = (times[number] if times else number), Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def levels(video: Video) -> list[int]:
    """Return which frame of the sample film each frame is."""
    right = video.array()[:, :, video.width * 3 // 4 :].astype(np.float64)
    return [round(level / STEP) for level in right.mean(axis=(1, 2, 3))]


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "libx264"),
        ("matroska", "libx264"),
        ("webm", "libvpx-vp9"),
        ("webm", "libvpx"),
        ("avi", "mpeg4"),
        ("avi", "mjpeg"),
        ("mp4", "mpeg4"),
    ],
)
def test_what_phones_browsers_and_cameras_film(container: str, codec: str) -> None:
    video = read_video(film(container, codec), LIMITS)
    assert (video.width, video.height, video.frame_count) == (64, 48, 20)
    assert video.duration_s == pytest.approx(2.0, abs=0.11)
    assert levels(video) == list(range(20))
    assert video.array()[:, :, :24].mean() < 4


def test_of_a_longer_film_frames_are_kept_that_are_evenly_spaced() -> None:
    video = read_video(film(frames=30 * 8, rate=30), LIMITS)
    assert video.frame_count == MAX_FRAMES
    kept = [min(level, 31) for level in levels(video)]
    assert kept == [min(int(8.0 * (2 * at + 1) / 64 * 30), 31) for at in range(MAX_FRAMES)]


def test_frames_are_spaced_in_time_and_not_by_their_number() -> None:
    held = [0, 1, 2, 3, 20]  # the fourth frame stands for almost two of the two seconds
    assert levels(read_video(film(frames=5, times=held), LIMITS)) == [2, 3, 3, 3, 4]


def test_a_large_frame_is_scaled_down_and_a_small_one_is_not_scaled_up() -> None:
    assert (read_video(film(size=(640, 360)), LIMITS).width, MAX_SIDE) == (320, 320)
    assert read_video(film(size=(360, 640)), LIMITS).height == 320
    assert read_video(film(size=(32, 16)), LIMITS).width == 32


@pytest.mark.parametrize(("turned", "black"), [(90, np.s_[40:]), (-90, np.s_[:24]), (180, np.s_[:, 40:])])
def test_a_film_that_says_it_is_turned_is_turned_back(turned: int, black: tuple[slice, slice]) -> None:
    video = read_video(film(turned=turned), LIMITS)
    assert (video.width, video.height) == ((64, 48) if turned == 180 else (48, 64))
    last = video.array()[-1]
    assert last[black].mean() < 16
    assert last.mean() > 40


@pytest.mark.parametrize("frames", [1, 7, 32])
@pytest.mark.parametrize("duration_s", [0.5, 2.345, 59.999])
def test_a_kept_film_reads_back_as_it_was(frames: int, duration_s: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (frames, 35, 33, 3), np.uint8)
    video = Video.from_array(noise, duration_s)
    assert read_video(encode_video(video), LIMITS) == video


def test_what_was_sent_and_what_was_kept_are_the_same_input() -> None:
    video = read_video(film(size=(640, 360), frames=70, rate=24), LIMITS)
    assert read_video(encode_video(video), LIMITS).digest() == video.digest()


def test_frames_for_a_model_are_evenly_spaced() -> None:
    assert evenly_spaced(32, 8) == (2, 6, 10, 14, 18, 22, 26, 30)
    assert evenly_spaced(8, 8) == tuple(range(8))
    assert evenly_spaced(2, 4) == (0, 0, 1, 1)
    assert evenly_spaced(1, 3) == (0, 0, 0)


def test_a_film_over_the_limits_is_refused_before_it_is_decoded() -> None:
    strict = Limits.of(Settings(max_video_s=1.0, max_video_pixels=1000))
    with pytest.raises(TooLarge, match=r"This film is 2 s long; the limit is 1 s\."):
        read_video(film(), Limits.of(Settings(max_video_s=1.0)))
    with pytest.raises(TooLarge, match=r"64 x 48 pixels .* the limit is 0\.1 megapixels"):
        read_video(film(), strict)
    with pytest.raises(TooLarge, match=r"the limit is 0\.1 MB"):
        read_video(bytes(200_000), Limits.of(Settings(max_upload_bytes=100_000)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (saved(picture(), "PNG"), r"This is a PNG picture, not a film\."),
        (b"plain words", r"This is plain text, not a film\."),
        (b"#EXTM3U\nhttp://127.0.0.1/a.ts", "A playlist only points elsewhere"),
        (b"FLV\x01" + bytes(20), r"This is a Flash film, which cannot be read here\."),
        (muxed("ipod", "aac", 16_000), r"This is an M4A sound, not a film\."),
        (film("avi", "flv1"), r"The picture in this file is coded as flv"),
    ],
)
def test_what_is_not_a_film_is_refused_by_its_name(data: bytes, words: str) -> None:
    with pytest.raises(UnsupportedMedia, match=words):
        read_video(data, LIMITS, name="film.mp4")


@pytest.mark.parametrize("cut", [40, 200, 1000])
@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4")])
def test_a_film_that_is_cut_off_is_refused_or_read(container: str, codec: str, cut: int) -> None:
    try:
        outcome = str(read_video(film(container, codec)[:cut], LIMITS).frame_count)
    except (BadInput, UnsupportedMedia) as err:
        outcome = f"{err.message} {err.hint}"
    assert re.fullmatch(r"[1-9]\d*|This .+\. [A-Z].+\.", outcome)


def test_a_film_that_lost_its_end_says_how_much_is_there(tmp_path: Path) -> None:
    # With its index in front, as films on the web have it; that takes a file that can be opened again.
    path = tmp_path / "film.mp4"
    with (
        av.open(io.BytesIO(film("mp4", "mjpeg", frames=40))) as made,
        av.open(path, "w", options={"movflags": "faststart"}) as output,
    ):
        track = output.add_stream_from_template(made.streams.video[0])
        for packet in made.demux(video=0):
            if packet.size:
                packet.stream = track
                output.mux(packet)
    whole = path.read_bytes()
    assert read_video(whole, LIMITS).frame_count == 32
    with pytest.raises(BadInput, match=r"This film is cut off: .* of 4 s are there\."):
        read_video(whole[: len(whole) * 2 // 3], LIMITS)


def test_damage_in_the_middle_takes_only_its_frames() -> None:
    data = bytearray(film("matroska", "mjpeg"))
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    assert read_video(bytes(data), LIMITS).frame_count >= 10


def test_the_child_reads_films_with_nothing_of_this_project(tmp_path: Path) -> None:
    command = [sys.executable, "-P", str(isolated._CHILD), "film", "mov", "4", "32"]
    done = subprocess.run(command, input=film(), capture_output=True, cwd=tmp_path, check=True)
    header, size, pixels = done.stdout.split(b"\n", 2)
    assert header.startswith(b'{"width": 64, "height": 48')
    assert size == b'{"width": 32, "height": 24, "frames": 4}'
    assert len(pixels) == 4 * 32 * 24 * 3
    assert done.stderr == b""


@pytest.mark.parametrize(
    "script",
    [
        "",
        'print(\'{"width": 900, "height": 900, "frames": 4}\', flush=True)',
        'print(\'{"width": 4, "height": 4, "frames": 400}\', flush=True)',
        'print(\'{"width": 4, "height": 4, "frames": 2}\', flush=True); os.write(1, bytes(7))',
    ],
)
def test_a_child_that_breaks_its_word_makes_one_refusal(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "child.py"
    header = '{"width": 4, "height": 4, "duration_s": 1.0, "announced_s": null}'
    path.write_text(f"import os, sys\nsys.stdin.buffer.read()\nprint('{header}', flush=True)\n{script}\n")
    monkeypatch.setattr(isolated, "_CHILD", path)
    with pytest.raises(BadInput, match="This MP4 film is damaged or cut off"):
        read_video(film(), LIMITS)
