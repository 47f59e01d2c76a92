"""The other process: decodes formats whose decoders are too large to trust inside the site's own.

Runs as a script, with nothing of this project imported, so that it starts in a fifth of a second. Reads
the whole file from standard input; writes one line of JSON, then raw samples or pixels. A crash, a
memory bomb or an endless loop ends this process and nothing else. `core.media.isolated` starts it.

    child.py sound DEMUXER    {"sampling_rate", "announced_s", "is_exact"}, then mono float32, little endian
    child.py picture          {"width", "height", "mode"}, then rows of that mode's bytes
    either                    {"problem": "no_track" | "codec" | "missing" | "damaged", "detail"}
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame, AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

MEMORY_BYTES = 1 << 30
"""What decoding may take beyond the libraries themselves: 25 megapixels, or ten minutes, need a third of it."""
CPU_S = 60

_CODECS = frozenset(("aac", "alac", "amrnb", "amrwb", "flac", "mp3", "mp3float", "opus", "libopus", "vorbis"))
_ESTIMATED = frozenset(("aac", "amr"))  # their duration is guessed from the bit rate


def main(job: str, demuxer: str = "") -> None:
    """Decode standard input to standard output."""
    data = sys.stdin.buffer.read()
    if job == "sound":
        _sound(data, demuxer)
    else:
        _picture(data)


def _sound(data: bytes, demuxer: str) -> None:
    import av

    _limit_resources()
    try:
        # The format is forced and nothing else may be opened: no playlist, no reference to another file.
        container = av.open(io.BytesIO(data), format=demuxer, io_open=_open_nothing, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError) as err:
        _give_up("damaged", str(err))
    if not container.streams.audio:
        _give_up("no_track")
    stream = container.streams.audio[0]
    if stream.codec_context.name not in _CODECS:
        _give_up("codec", stream.codec_context.name)
    seconds = container.duration / av.time_base if container.duration and demuxer not in _ESTIMATED else None
    # The sound of a film may rightly end before the film does.
    is_exact = len(container.streams) == 1
    sampling_rate = 0
    for block, rate in _decoded(container, stream):
        if not sampling_rate:
            sampling_rate = rate
            _announce(sampling_rate=rate, announced_s=seconds, is_exact=is_exact)
        if rate != sampling_rate:
            sys.exit("the sampling rate changes in the middle")
        sys.stdout.buffer.write(block.astype("<f4").tobytes())
    if not sampling_rate:
        _give_up("damaged", "nothing could be decoded")


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yield mono blocks with their rate; one bad packet is skipped, as players do."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            yield _mono(frame), frame.sample_rate


def _mono(frame: AudioFrame) -> NDArray[np.float32]:
    """Return the mean of the channels, integers scaled to [-1, 1)."""
    import numpy as np

    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind in "iu":
        scale = 1 << (8 * samples.dtype.itemsize - 1)
        samples = (samples.astype(np.float64) - (scale if samples.dtype.kind == "u" else 0)) / scale
    mono: NDArray[np.float64] = samples.mean(axis=0, dtype=np.float64)
    return mono.astype(np.float32)


def _picture(data: bytes) -> None:
    try:
        import pillow_heif
    except ImportError as err:
        _give_up("missing", str(err))
    pillow_heif.options.DECODE_THREADS = 2
    _limit_resources()
    try:
        picture = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        _announce(width=picture.size[0], height=picture.size[1], mode=picture.mode)
        pixels = picture.to_pillow().tobytes()
    except (OSError, ValueError, EOFError, SyntaxError, RuntimeError, MemoryError) as err:
        _give_up("damaged", str(err))
    sys.stdout.buffer.write(pixels)


def _open_nothing(*_: object) -> NoReturn:
    raise PermissionError("a sound may not name other files")


def _announce(**header: object) -> None:
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n")
    sys.stdout.buffer.flush()


def _give_up(problem: str, detail: str = "") -> NoReturn:
    _announce(problem=problem, detail=detail)
    sys.exit(1)


def _limit_resources() -> None:
    """Cap memory and processor time from here on, where the system can."""
    try:
        import resource
    except ImportError:  # Windows; the parent's clock still ends us
        return
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    statm = Path("/proc/self/statm")
    if statm.exists():
        # Private writable memory is what Linux counts against RLIMIT_DATA. Source: getrlimit(2).
        used_bytes = int(statm.read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used_bytes + MEMORY_BYTES, used_bytes + MEMORY_BYTES))


if __name__ == "__main__":
    main(*sys.argv[1:])
