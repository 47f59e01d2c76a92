"""The header of a WAV file, and nothing else of it.

Owns which WAV codings are read and where their samples lie. The header is parsed here because the
parser of libsndfile 1.2.2 can be made to write out of bounds by an IMA ADPCM file (CVE-2026-37555);
libsndfile only ever sees the samples, told what they are.
Source: Microsoft, Multimedia Programming Interface and Data Specifications 1.0; WAVEFORMATEXTENSIBLE.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import BadInput, UnsupportedMedia
from core.media.limits import length

_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_SUBTYPES = {
    (_PCM, 1): "PCM_U8",
    (_PCM, 2): "PCM_16",
    (_PCM, 3): "PCM_24",
    (_PCM, 4): "PCM_32",
    (_FLOAT, 4): "FLOAT",
    (_FLOAT, 8): "DOUBLE",
    (_ALAW, 1): "ALAW",
    (_ULAW, 1): "ULAW",
}
_CODINGS = {2: "Microsoft ADPCM", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x50: "MPEG", 0x55: "MP3", 0xFF: "AAC"}
_STREAMED = 0x7FFF_F000
"""A size from here on was written by a recorder that did not know it yet: the samples go on to the end."""


@dataclass(frozen=True)
class WavHeader:
    """Say what the samples of a WAV file are and where they lie; `subtype` is libsndfile's name."""

    subtype: str
    channels: int
    sampling_rate: int
    start: int
    end: int


def read_wav_header(data: bytes) -> WavHeader:
    """Find the samples.

    Raises: BadInput if the header is damaged or promises more than there is; UnsupportedMedia for a
        coding that is not read.
    """
    form: tuple[str, int, int, int] | None = None
    for name, start, size in _chunks(data):
        if name == b"fmt " and form is None:
            form = _form(data[start : start + size])
        if name == b"data" and form is not None:
            subtype, channels, sampling_rate, frame_bytes = form
            there = len(data) - start
            if size >= _STREAMED or (size == 0 and int.from_bytes(data[4:8], "little") == 0):
                size = there
            if size - there >= frame_bytes:
                _refuse_cut(there, size, frame_bytes * max(1, sampling_rate))
            return WavHeader(subtype, channels, sampling_rate, start, start + min(size, there))
    raise BadInput("This WAV sound is cut off before its first sample.", hint="Save or record it again and send that.")


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    position = 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        yield data[position : position + 4], position + 8, size
        position += 8 + size + size % 2


def _form(chunk: bytes) -> tuple[str, int, int, int]:
    if len(chunk) < 16:
        raise _contradiction()
    tag, channels, sampling_rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and chunk[26:40] == _GUID_TAIL:
        tag = int.from_bytes(chunk[24:26], "little")
    if tag not in (_PCM, _FLOAT, _ALAW, _ULAW):
        raise UnsupportedMedia(
            f"This WAV sound is coded as {_CODINGS.get(tag, f'format {tag:#06x}')}, which cannot be read here.",
            hint="Save it as plain PCM, or as FLAC or MP3, and send that.",
        )
    if not channels or frame_bytes % channels:
        raise _contradiction()
    subtype = _SUBTYPES.get((tag, frame_bytes // channels))
    if subtype is None or not 0 < bits <= 8 * frame_bytes // channels:
        raise _contradiction()
    return subtype, channels, sampling_rate, frame_bytes


def _contradiction() -> BadInput:
    return BadInput("The header of this WAV sound contradicts itself.", hint="Save it again and send that.")


def _refuse_cut(there: int, promised: int, bytes_per_s: int) -> None:
    raise BadInput(
        f"This WAV sound is cut off: {length(there / bytes_per_s)} of {length(promised / bytes_per_s)} are there.",
        hint="Save or record it again and send that.",
    )
