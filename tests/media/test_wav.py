"""core.media.wav: headers that lie, contradict themselves or stop short."""

import struct

import numpy as np
import pytest

from core.errors import BadInput, UnsupportedMedia
from core.media import read_audio
from core.media.wav import read_wav_header
from tests.media.samples import LIMITS, tone, written


def wav(
    tag=1,
    channels=1,
    rate=8_000,
    frame=2,
    bits=16,
    body=bytes(1600),
    size=None,
    before=b"",
    after=b"",
    riff=None,
    more=b"",
):
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * frame & 0xFFFF_FFFF, frame, bits) + more
    chunks = before + b"fmt " + struct.pack("<I", len(form)) + form + after
    chunks += b"data" + struct.pack("<I", len(body) if size is None else size) + body
    return b"RIFF" + struct.pack("<I", len(chunks) + 4 if riff is None else riff) + b"WAVE" + chunks


def test_a_header_written_by_hand_is_read():
    header = read_wav_header(wav())
    assert (header.subtype, header.channels, header.sampling_rate, header.end - header.start) == (
        "PCM_16",
        1,
        8_000,
        1600,
    )


def test_other_chunks_are_stepped_over():
    notes = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert read_audio(wav(before=notes, after=notes), LIMITS).duration_s == 0.1


@pytest.mark.parametrize(("size", "riff"), [(0xFFFF_FFFF, 0xFFFF_FFFF), (0x7FFF_FFFF, None), (0, 0)])
def test_a_recorder_that_did_not_know_the_length_is_believed_to_the_end(size, riff):
    assert read_audio(wav(size=size, riff=riff), LIMITS).duration_s == 0.1


@pytest.mark.parametrize("size", [16_000, 1_000_000, 0x7000_0000])
def test_a_length_that_is_not_there_is_refused(size):
    with pytest.raises(BadInput, match=r"This WAV sound is cut off: 0\.1 s of .* are there"):
        read_audio(wav(size=size), LIMITS)


@pytest.mark.parametrize("size", [0, 1])
def test_zero_frames_are_refused(size):
    with pytest.raises(BadInput, match="This sound is empty"):
        read_audio(wav(size=size), LIMITS)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (0x11, "IMA ADPCM"),
        (2, "Microsoft ADPCM"),
        (0x55, "MP3"),
        (0x31, "GSM 6.10"),
        (0x1234, "format 0x1234"),
        (0, "format"),
    ],
)
def test_a_coding_that_is_not_read_is_named(tag, name):
    with pytest.raises(UnsupportedMedia, match=f"coded as {name}"):
        read_audio(wav(tag=tag, bits=4, frame=1024), LIMITS)


def test_a_true_ima_adpcm_file_never_reaches_libsndfile(monkeypatch):
    data = written(tone(), 16_000, "WAV", "IMA_ADPCM")
    monkeypatch.setattr("soundfile.SoundFile", lambda *_, **__: pytest.fail("libsndfile was given the file"))
    with pytest.raises(UnsupportedMedia, match="coded as IMA ADPCM"):
        read_audio(data, LIMITS)


def test_a_second_header_behind_an_innocent_one_is_not_looked_at():
    second = b"fmt " + struct.pack("<IHHIIHHHH", 20, 0x11, 1, 8_000, 4_055, 256, 4, 2, 505)
    assert read_audio(wav(after=second), LIMITS).array().tolist() == [0.0] * 800


@pytest.mark.parametrize(
    "fields",
    [
        {"channels": 0}, {"channels": 3, "frame": 2}, {"frame": 0}, {"frame": 10}, {"bits": 0}, {"bits": 24},
        {"tag": 3, "frame": 2}, {"tag": 3, "frame": 3, "bits": 24}, {"frame": 8, "bits": 64},
    ],
)  # fmt: skip
def test_a_header_that_contradicts_itself_is_refused(fields):
    with pytest.raises(BadInput, match="contradicts itself"):
        read_audio(wav(**fields), LIMITS)


@pytest.mark.parametrize("rate", [0, 0x8000_0000, 0xFFFF_FFFF])
def test_rates_beyond_reason_are_refused(rate):
    with pytest.raises(BadInput):
        read_audio(wav(rate=rate), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\x04\0\0\0WAVE", wav()[:20], wav()[:40], b"RIFF\xff\xff\xff\xffWAVEdata\x10\0\0\0" + bytes(16),
        b"RIFF\xff\xff\xff\xffWAVEfmt \x02\0\0\0\1\0data\x10\0\0\0" + bytes(16),
        b"RIFF\xff\xff\xff\xffWAVEjunk\xff\xff\xff\xff" + bytes(64),
    ],
)  # fmt: skip
def test_a_header_without_its_samples_is_refused(data):
    with pytest.raises(BadInput):
        read_audio(data, LIMITS)


def test_twelve_bits_in_sixteen_are_read():
    body = np.array([0x4000], "<i2").repeat(800).tobytes()
    assert read_audio(wav(bits=12, body=body), LIMITS).array()[0] == 0.5


def test_the_extended_header_is_read_only_with_its_own_mark():
    mark = bytes.fromhex("000000001000800000aa00389b71")
    extension = struct.pack("<HHIH", 22, 16, 4, 1)
    assert read_audio(wav(tag=0xFFFE, more=extension + mark), LIMITS).duration_s == 0.1
    with pytest.raises(UnsupportedMedia, match="coded as format 0xfffe"):
        read_audio(wav(tag=0xFFFE, more=extension + bytes(14)), LIMITS)
