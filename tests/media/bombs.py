"""Small files that would like to be large. Run as a script, it reads each and reports what it cost.

python -m tests.media.bombs image|audio    one line of JSON each: name, error, sentence, grown_bytes
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile

from core.errors import ShowcaseError
from core.media import read_audio, read_image
from tests.media.samples import LIMITS, muxed, picture, png, saved, tiff

RATE = 8_000
THREE_HOURS = 3 * 3600 * RATE


def zeros(count: int) -> bytes:
    """Deflate that many zero bytes without ever holding them."""
    packer = zlib.compressobj(1)
    packed = [packer.compress(bytes(1 << 20)) for _ in range(count >> 20)]
    return b"".join((*packed, packer.flush()))


def image_bombs() -> Iterator[tuple[str, bytes]]:
    yield "PNG 30000", png(30_000, 30_000)
    yield "PNG 13300", png(13_300, 13_300)
    yield "PNG 19000", png(19_000, 19_000)
    strips = {273: 0, 278: 20_000}
    yield "TIFF 20000", tiff(20_000, 20_000, strips | {279: len(body := zeros(400_000_000))}, body)
    body = zeros(400_000_000)
    yield "TIFF tile", tiff(64, 64, {322: 20_000, 323: 20_000, 324: 0, 325: len(body)}, body)
    yield "BMP 30000", saved(picture(), "BMP").replace(struct.pack("<II", 48, 32), struct.pack("<II", 30_000, 30_000))
    jpeg = saved(picture(), "JPEG")
    at = jpeg.index(b"\xff\xc0") + 5
    yield "JPEG 65000", jpeg[:at] + struct.pack(">HH", 65_000, 65_000) + jpeg[at + 4 :]
    passes = saved(picture(4_000, 4_000), "JPEG", progressive=True)
    last = passes[passes.rindex(b"\xff\xda") : -2]
    yield "JPEG passes", passes[:-2] + last * 2_000 + passes[-2:]
    webp = saved(picture(), "WEBP", lossless=True)
    yield "WebP 16383", webp[:21] + struct.pack("<I", 16_382 | 16_382 << 14) + webp[25:]
    gif = saved(picture(), "GIF")
    yield "GIF 65535", gif[:6] + struct.pack("<HH", 65_535, 65_535) + gif[10:]
    yield "FITS", b"SIMPLE  =                    T" + bytes(2_850)
    yield "GD", b"\xff\xfe\x75\x30\x75\x30\x01" + bytes(64)
    yield "line", png(4_000_000, 4)


def audio_bombs() -> Iterator[tuple[str, bytes]]:
    flac = three_hours_of_flac()
    yield "FLAC", flac
    # STREAMINFO holds the number of samples in the last 36 bits before its checksum.
    yield "FLAC of unknown length", flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]
    yield "AMR", b"#!AMR\n" + (b"\x04" + bytes(12)) * (3 * 3600 * 50)
    yield (
        "WAV",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0"
        + struct.pack("<HHIIHH", 1, 1, 4_000, 4_000, 1, 8)
        + (b"data" + struct.pack("<I", 16_000_000) + bytes(16_000_000)),
    )
    m4a = muxed("ipod", "aac", 16_000)
    at = m4a.index(b"stsz") + 8
    yield "MP4 of many samples", m4a[:at] + struct.pack(">II", 1, 0x0FFF_FFFF) + m4a[at + 8 :]
    at = m4a.index(b"stsc") + 16
    many = m4a[:at] + struct.pack(">I", 0x0FFF_FFFF) + m4a[at + 4 :]
    at = m4a.index(b"stsz") + 8
    yield "MP4 of large chunks", many[:at] + struct.pack(">II", 1, 0x0FFF_FFFF) + many[at + 8 :]
    yield "MP3 of headers", b"\xff\xf3\x18\xc4" * 200_000


def three_hours_of_flac() -> bytes:
    file, block = io.BytesIO(), np.zeros(1 << 20, np.int16)
    with soundfile.SoundFile(file, "w", RATE, 1, "PCM_16", format="FLAC") as writer:
        for start in range(0, THREE_HOURS, len(block)):
            writer.write(block[: THREE_HOURS - start])
    return file.getvalue()


def memory_bytes(entry: str) -> int:
    """Return VmRSS, the memory of this process now, or VmHWM, the most it has had since it was last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(entry)).split()[1]) * 1024


def report(bombs: Iterator[tuple[str, bytes]], read: Callable[..., object]) -> None:
    for name, data in bombs:
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM. Source: proc(5)
        before, error, sentence, started = memory_bytes("VmRSS"), "", "", time.process_time()
        try:
            read(data, LIMITS, name=name)
        except ShowcaseError as err:
            error, sentence = type(err).__name__, str(err)
        row = {"name": name, "error": error, "sentence": sentence, "size": len(data)}
        row |= {"grown_bytes": memory_bytes("VmHWM") - before, "cpu_s": time.process_time() - started}
        row["child_bytes"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    report(*{"image": (image_bombs(), read_image), "audio": (audio_bombs(), read_audio)}[sys.argv[1]])
