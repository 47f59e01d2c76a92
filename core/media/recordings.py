"""Opening a sound without decoding it: one opener per decoder.

Owns how WAV, what libsndfile reads (FLAC, Ogg, MP3) and what PyAV reads in a process of its own (M4A,
AAC, AMR, WebM, films) become a sampling rate, an announced length and mono blocks. Checks no limit.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, UnsupportedMedia
from core.media.isolated import Decoding, damaged, decoding
from core.media.kinds import Decoder, Kind, skip_id3
from core.media.wav import read_wav_header

if TYPE_CHECKING:
    from soundfile import SoundFile

MAX_CHANNELS = 16
_BLOCK_SAMPLES = 1 << 18
_SUBTYPES = frozenset(("VORBIS", "OPUS", "MPEG_LAYER_III", "PCM_S8", "PCM_16", "PCM_24"))
_UNKNOWN_FRAMES = 1 << 62


@dataclass(frozen=True)
class Recording:
    """Hold a sound that has been opened.

    Args:
        announced_s: how long its header says it is; None where it does not say.
        is_exact: whether a shorter sound than announced has lost its end. MP3 only estimates.
        blocks: mono float32 samples, decoded as they are asked for.
    """

    sampling_rate: int
    announced_s: float | None
    is_exact: bool
    blocks: Iterator[NDArray[np.float32]]


@contextmanager
def _open_wav(data: bytes, kind: Kind) -> Iterator[Recording]:
    import soundfile

    header = read_wav_header(data)
    _check_channels(header.channels)
    try:
        # Told that the samples are raw, libsndfile parses no header of its own.
        file = soundfile.SoundFile(
            io.BytesIO(memoryview(data)[header.start : header.end]),
            samplerate=max(1, header.sampling_rate),
            channels=header.channels,
            subtype=header.subtype,
            format="RAW",
            endian="LITTLE",
        )
    except (soundfile.SoundFileError, ValueError, OverflowError) as err:
        raise damaged(kind) from err
    with file:
        yield Recording(header.sampling_rate, file.frames / max(1, header.sampling_rate), True, _blocks(file, kind))


@contextmanager
def _open_soundfile(data: bytes, kind: Kind) -> Iterator[Recording]:
    import soundfile

    try:
        file = soundfile.SoundFile(io.BytesIO(skip_id3(data)))
    except soundfile.SoundFileError as err:
        raise damaged(kind) from err
    with file:
        if file.format != kind.format or file.subtype not in _SUBTYPES:
            raise UnsupportedMedia(
                f"This {kind.name} is coded as {file.subtype_info}, which cannot be read here.",
                hint="Save it as WAV, FLAC or MP3 and send that.",
            )
        _check_channels(file.channels)
        announced_s = file.frames / file.samplerate if 0 < file.frames < _UNKNOWN_FRAMES else None
        yield Recording(file.samplerate, announced_s, kind.format == "FLAC", _blocks(file, kind))


@contextmanager
def _open_ffmpeg(data: bytes, kind: Kind) -> Iterator[Recording]:
    with decoding(kind, data, "sound", kind.format) as child:
        header = child.header
        yield Recording(header["sampling_rate"], header["announced_s"], header["is_exact"], _child_blocks(child))


OPENERS: Mapping[Decoder | None, Callable[[bytes, Kind], AbstractContextManager[Recording]]] = {
    "wav": _open_wav,
    "soundfile": _open_soundfile,
    "ffmpeg": _open_ffmpeg,
}


def _check_channels(channels: int) -> None:
    if channels > MAX_CHANNELS:
        raise BadInput(
            f"This sound has {channels} channels; the limit is {MAX_CHANNELS}.",
            hint="Mix it down to one and try again.",
        )


def _blocks(file: SoundFile, kind: Kind) -> Iterator[NDArray[np.float32]]:
    from soundfile import SoundFileError

    frames = _BLOCK_SAMPLES // file.channels
    while True:
        try:
            block = file.read(frames, dtype="float32", always_2d=True)
        except SoundFileError as err:
            raise damaged(kind) from err
        if not len(block):
            return
        with np.errstate(all="ignore"):  # what is not a number is refused by who gathers the blocks
            yield block.mean(axis=1, dtype=np.float64).astype(np.float32)


def _child_blocks(child: Decoding) -> Iterator[NDArray[np.float32]]:
    while block := child.output.read(_BLOCK_SAMPLES * 4):
        if len(block) % 4:
            raise damaged(child.kind)
        yield np.frombuffer(block, "<f4")
    child.check_finished()
