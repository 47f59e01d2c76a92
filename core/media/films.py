"""Films: bytes to `Video` and back.

Owns what is refused before a film is decoded (kind, length, size of its frames) and which frames are kept:
a model sees 8 to 32 of them, so that many are, evenly spaced and small. The sound is left out.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Final

import numpy as np

from core.errors import BadInput, TooLarge
from core.media.isolated import Decoding, damaged, decoding
from core.media.kinds import refusal, sniff
from core.media.limits import Limits, length, millions
from core.values import Video

ACCEPTED: Final = "MP4, MOV, WebM, MKV or AVI"

MAX_FRAMES: Final = 32
"""Frames kept of a film. Source: the most a checkpoint takes (ViViT's 32); VideoMAE takes 16, TimeSformer 8."""

MAX_SIDE: Final = 320
"""Pixels of a kept frame's longer side. Source: the checkpoints scale the shorter one to 224 or 256 and crop."""

GRACE_S: Final = 0.5
"""A film trimmed to the limit may come out of its encoder a few frames longer."""

FILM_DECODERS: Final = ("ffmpeg", "film")


def read_video(data: bytes, limits: Limits, *, name: str = "") -> Video:
    """Read a film: at most `MAX_FRAMES` of its frames, evenly spaced, upright, no side over `MAX_SIDE`.

    Args:
        name: what the file was called; only mentioned in a refusal, never believed.

    Raises: UnsupportedMedia for what is not a film or is coded in a way that is not read; TooLarge over the
        limits, before a frame is decoded; BadInput for what is empty, damaged or cut off.
    """
    limits.check_upload(data)
    kind = sniff(data)
    if kind.modality != "video" or kind.decoder not in FILM_DECODERS:
        raise refusal(kind, "a film", ACCEPTED, name=name)
    with decoding(kind, data, "film", kind.format, str(MAX_FRAMES), str(MAX_SIDE)) as child:
        _check_announced(child, limits)
        return _frames(child)


def encode_video(video: Video) -> bytes:
    """Write a film so that reading it gives the same film: FFV1 in Matroska.

    FFV1 loses nothing, so that what is kept beside an answer is what the model saw, bit for bit; MP4 and WebM
    would blur it. It is open, meant for archives, and read by ffmpeg, VLC and PyAV; browsers do not play it.
    """
    import av

    file = io.BytesIO()
    # Matroska counts in milliseconds; so does `read_video`.
    step = Fraction(round(video.duration_s * 1000), video.frame_count * 1000)
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=1 / step)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "bgr0"
        stream.codec_context.time_base = step
        for number, pixels in enumerate(video.array()):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24").reformat(format="bgr0")
            frame.pts, frame.time_base = number, step
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def evenly_spaced(frame_count: int, wanted: int) -> tuple[int, ...]:
    """Return which of so many frames to take where `wanted` are asked for, some twice if there are fewer."""
    return tuple((2 * number + 1) * frame_count // (2 * wanted) for number in range(wanted))


def _check_announced(child: Decoding, limits: Limits) -> None:
    width, height, duration_s, announced_s = (
        child.header[key] for key in ("width", "height", "duration_s", "announced_s")
    )
    if width * height > limits.max_video_pixels:
        raise TooLarge(
            f"The frames of this film are {width} x {height} pixels ({millions(width * height)} megapixels); "
            f"the limit is {millions(limits.max_video_pixels)} megapixels.",
            hint="Save it smaller and try again.",
        )
    longest_s = max(duration_s, announced_s or 0.0)
    if longest_s > limits.max_video_s + GRACE_S:
        raise TooLarge(
            f"This film is {length(longest_s)} long; the limit is {length(limits.max_video_s)}.",
            hint="Trim it and try again.",
        )
    if announced_s is not None and duration_s < announced_s * 0.98 - GRACE_S:
        raise BadInput(
            f"This film is cut off: {length(duration_s)} of {length(announced_s)} are there.",
            hint="Send it again, or download it again first.",
        )


def _frames(child: Decoding) -> Video:
    size = child.second_line()
    width, height, count = size["width"], size["height"], size["frames"]
    if max(width, height) > MAX_SIDE or not 0 < count <= MAX_FRAMES:
        raise damaged(child.kind)
    pixels = child.output.read(count * width * height * 3)
    child.check_finished()
    if len(pixels) != count * width * height * 3:
        raise damaged(child.kind)
    # In whole milliseconds, as the kept form has it, so that a film that was kept equals the one that was sent.
    duration_s = max(0.001 * count, round(child.header["duration_s"], 3))
    return Video(width=width, height=height, frame_count=count, duration_s=duration_s, pixels=pixels)
