"""Small files of every kind, made on the spot, so that no test depends on a file that someone once saved."""

from __future__ import annotations

import io
import struct
import zlib

import av
import numpy as np
import PIL.Image
import soundfile

from core.media import Limits
from core.settings import Settings

LIMITS = Limits.of(Settings())
TONE_HZ = 440


def picture(width: int = 48, height: int = 32, mode: str = "RGB") -> PIL.Image.Image:
    """Paint the left half red and the right half blue, with a white corner top left."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    pixels[: height // 4, : width // 4] = 255
    return PIL.Image.fromarray(pixels).convert(mode)


def saved(image: PIL.Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, *, bits: int = 1, colour: int = 0, rows: bytes | None = None) -> bytes:
    """Write a PNG by hand; without rows they are all zero and are compressed as they come."""
    packer, packed = zlib.compressobj(1), []
    if rows is None:
        row = bytes(1 + (width * bits + 7) // 8)
        packed = [packer.compress(row * 64) for _ in range(height // 64 + 1)]
    else:
        packed = [packer.compress(rows)]
    packed.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", b"".join(packed)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def tiff(width: int, height: int, tags: dict[int, int], body: bytes) -> bytes:
    """Write a deflated 8-bit grey TIFF by hand; tags ending in an offset point at the body."""
    entries = {256: width, 257: height, 258: 8, 259: 8, 262: 1, 277: 1} | tags
    body_at = 8 + 2 + 12 * len(entries) + 4
    ifd = b"".join(
        struct.pack("<HHII", tag, 4, 1, body_at if tag in (273, 324) else value)
        for tag, value in sorted(entries.items())
    )
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + ifd + bytes(4) + body


def tone(seconds: float = 1.0, sampling_rate: int = 16_000, channels: int = 1) -> np.ndarray:
    time_s = np.arange(round(seconds * sampling_rate)) / sampling_rate
    return np.repeat(0.5 * np.sin(2 * np.pi * TONE_HZ * time_s)[:, None], channels, axis=1).astype(np.float32)


def written(samples: np.ndarray, sampling_rate: int, kind: str, subtype: str | None = None) -> bytes:
    """Write with libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, samples, sampling_rate, subtype, format=kind)
    return file.getvalue()


def muxed(container: str, codec: str, sampling_rate: int, seconds: float = 1.0, *, film: bool = False) -> bytes:
    """Write with PyAV what libsndfile does not write; `film` adds a picture track."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        sound = output.add_stream(codec, rate=sampling_rate)
        sound.layout = "mono"
        if film:
            track = output.add_stream("mpeg4" if container == "mp4" else "vp8", rate=10)
            track.width = track.height = 32
            track.pix_fmt = "yuv420p"
            output.mux([packet for _ in range(10) for packet in track.encode(av.VideoFrame(32, 32, "yuv420p"))])
            output.mux(list(track.encode(None)))
        frame = av.AudioFrame.from_ndarray(tone(seconds, sampling_rate).T, format="fltp", layout="mono")
        frame.sample_rate = sampling_rate
        resampler = av.AudioResampler(sound.codec_context.format.name, "mono", sampling_rate)
        queue = av.AudioFifo()
        for part in resampler.resample(frame):
            queue.write(part)
        while part := queue.read(sound.codec_context.frame_size or 1024) or queue.read(partial=True):
            output.mux(list(sound.encode(part)))
        output.mux(list(sound.encode(None)))
    return file.getvalue()


def pitch_hz(samples: np.ndarray, sampling_rate: int) -> float:
    """Return the loudest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax()) * sampling_rate / len(samples)
