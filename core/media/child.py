"""The other process: decodes formats whose decoders are too large to trust inside the site's own.

Runs as a script, with nothing of this project imported, so that it starts in a fifth of a second. Reads
the whole file from standard input; writes one line of JSON, then raw samples or pixels. A crash, a
memory bomb or an endless loop ends this process and nothing else. `core.media.isolated` starts it.

    child.py sound DEMUXER    {"sampling_rate", "announced_s", "is_exact"}, then mono float32, little endian
    child.py picture          {"width", "height", "mode"}, then rows of that mode's bytes
    child.py film DEMUXER MOST SIDE
                              {"width", "height", "duration_s", "announced_s"}, then a line
                              {"width", "height", "frames"} of what follows, then that many frames of RGB rows
    each                      {"problem": "no_track" | "codec" | "missing" | "damaged", "detail"}
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
    from av import AudioFrame, AudioStream, VideoFrame, VideoStream
    from av.container import InputContainer
    from numpy.typing import NDArray

MEMORY_BYTES = 1 << 30
"""What decoding may take beyond the libraries themselves: 25 megapixels, or ten minutes, need a third of it."""
CPU_S = 60

_CODECS = frozenset(("aac", "alac", "amrnb", "amrwb", "flac", "mp3", "mp3float", "opus", "libopus", "vorbis"))
_FILM_CODECS = frozenset(("av1", "ffv1", "h264", "hevc", "libdav1d", "mjpeg", "mpeg4", "vp8", "vp9"))
_ESTIMATED = frozenset(("aac", "amr"))  # their duration is guessed from the bit rate


def main(job: str, demuxer: str = "", most: str = "0", side: str = "0") -> None:
    """Decode standard input to standard output."""
    data = sys.stdin.buffer.read()
    if job == "sound":
        _sound(data, demuxer)
    elif job == "film":
        _film(data, demuxer, int(most), int(side))
    else:
        _picture(data)


def _sound(data: bytes, demuxer: str) -> None:
    import av

    _limit_resources()
    container = _opened(data, demuxer)
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


def _opened(data: bytes, demuxer: str) -> InputContainer:
    import av

    try:
        # The format is forced and nothing else may be opened: no playlist, no reference to another file.
        container: InputContainer = av.open(
            io.BytesIO(data), format=demuxer, io_open=_open_nothing, metadata_errors="replace"
        )
    except (av.FFmpegError, ValueError, OSError) as err:
        _give_up("damaged", str(err))
    return container


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


def _film(data: bytes, demuxer: str, most: int, side: int) -> None:
    _limit_resources()
    container, stream = _picture_track(data, demuxer)
    times = _frame_times(container, stream)
    if not times:
        _give_up("damaged", "there is no frame in it")
    announced_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
    if announced_s is None and container.duration and len(container.streams) == 1:
        announced_s = container.duration / 1_000_000
    step_s = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else announced_s or 0.04
    duration_s = times[-1] - times[0] + step_s
    if announced_s is not None and 0 <= announced_s - duration_s <= 2 * step_s:
        duration_s = announced_s
    _announce(width=stream.width, height=stream.height, duration_s=duration_s, announced_s=announced_s)
    # The middle of each of so many equal stretches: neither the first frame nor the last one weighs more than others.
    count = min(most, len(times))
    instants = [times[0] + (2 * number + 1) * duration_s / (2 * count) for number in range(count)]
    size = None
    for frame in _frames_at(instants, *_picture_track(data, demuxer)):
        if size is None:
            size = _fitting(frame, side)
            turned = frame.rotation % 180 != 0
            _announce(width=size[1 if turned else 0], height=size[0 if turned else 1], frames=count)
        sys.stdout.buffer.write(_pixels(frame, size))


def _picture_track(data: bytes, demuxer: str) -> tuple[InputContainer, VideoStream]:
    container = _opened(data, demuxer)
    film = [stream for stream in container.streams.video if not stream.disposition & stream.disposition.attached_pic]
    if not film:
        _give_up("no_track")
    if film[0].codec_context.name not in _FILM_CODECS:
        _give_up("codec", film[0].codec_context.name)
    film[0].thread_count = 2
    return container, film[0]


def _frame_times(container: InputContainer, stream: VideoStream) -> list[float]:
    """Return when each frame is shown, in seconds, without decoding any."""
    import av

    times = []
    try:
        for packet in container.demux(stream):
            time = packet.pts if packet.pts is not None else packet.dts
            if packet.size and time is not None and packet.time_base:
                times.append(float(time * packet.time_base))
    except av.FFmpegError:
        pass  # cut off: what came before it counts
    return sorted(times)


def _frames_at(instants: list[float], container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield the frame that is on the screen at each instant; bad packets are skipped, as players do."""
    shown, at = None, 0
    for frame in _film_frames(container, stream):
        time = frame.time
        while shown is not None and at < len(instants) and time is not None and time > instants[at]:
            yield shown
            at += 1
        if at == len(instants):
            return
        shown = frame
    if shown is None:
        sys.exit("no frame could be decoded")
    for _ in instants[at:]:
        yield shown


def _film_frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
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
        yield from frames


def _fitting(frame: VideoFrame, side: int) -> tuple[int, int]:
    """Return the frame's size, scaled down so that no side is over `side`; never up."""
    scale = min(1.0, side / max(frame.width, frame.height))
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))


def _pixels(frame: VideoFrame, size: tuple[int, int]) -> bytes:
    """Return a frame as rows of RGB, of this size before it is turned upright."""
    import numpy as np

    small = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation="AREA").to_ndarray()
    upright: NDArray[np.uint8] = np.rot90(small, frame.rotation // 90 % 4)
    return upright.tobytes()


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
