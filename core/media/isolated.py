"""Decoding in another process: how it is started, listened to and ended.

Owns the child's life and the sentences for what it reports. `core.media.child` decodes; the callers
judge what it announces and count what it sends, and leaving the context ends it at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import BadInput, ShowcaseError, UnsupportedMedia
from core.media.kinds import Kind

TIMEOUT_S = 60.0
_TRACKS = {
    "sound": ("sound", "WAV, FLAC, MP3 or M4A"),
    "film": ("picture", "MP4 (H.264)"),
    "picture": ("picture", "JPEG"),
}
"""What each job looks for, and what to save instead of a coding that is not read."""
_CHILD = Path(__file__).with_name("child.py")
_SLOTS = threading.BoundedSemaphore(2)  # a process is 60 MB before it does anything


@dataclass(frozen=True)
class Decoding:
    """Hold a child that has announced what it decodes."""

    header: Mapping[str, Any]
    output: IO[bytes]
    kind: Kind
    process: subprocess.Popen[bytes]

    def second_line(self) -> Mapping[str, Any]:
        """Return what is announced after the first line was judged.

        Raises: BadInput if the child died before it.
        """
        line = self.output.readline(65_536)
        if not line.endswith(b"}\n"):
            raise damaged(self.kind)
        announced: Mapping[str, Any] = json.loads(line)
        return announced

    def check_finished(self) -> None:
        """Make sure that the end of the output was the end of the work.

        Raises: BadInput if the child died, was out of memory or out of time.
        """
        if self.process.wait() != 0:
            raise damaged(self.kind)


@contextmanager
def decoding(kind: Kind, data: bytes, job: str, *arguments: str) -> Iterator[Decoding]:
    """Start a child on these bytes and wait for its announcement.

    Args:
        job: what it decodes: "sound", "picture" or "film".

    Raises: BadInput if it finds the file damaged; UnsupportedMedia if there is nothing in it that is
        read here.
    """
    command = [sys.executable, "-P", str(_CHILD), job, *arguments]
    with (
        _SLOTS,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
    ):
        clock = threading.Timer(TIMEOUT_S, process.kill)
        clock.start()
        try:
            header = _announcement(process, data)
            if "problem" in header:
                raise _problem(job, kind, header)
            yield Decoding(header, _pipe(process.stdout), kind, process)
        finally:
            clock.cancel()
            process.kill()


def damaged(kind: Kind) -> BadInput:
    """Build the refusal of a file that is of a readable kind, but does not decode."""
    return BadInput(
        f"This {kind.name} is damaged or cut off and cannot be read.", hint="Save or record it again and send that."
    )


def _announcement(process: subprocess.Popen[bytes], data: bytes) -> Mapping[str, Any]:
    source = _pipe(process.stdin)
    with suppress(BrokenPipeError):  # it ended early; what it said, or did not, is read below
        source.write(data)
    with suppress(BrokenPipeError):
        source.close()
    line = _pipe(process.stdout).readline(65_536)
    # A child that died has said nothing, or half of it.
    return json.loads(line) if line.endswith(b"}\n") else {"problem": "damaged"}


def _problem(job: str, kind: Kind, header: Mapping[str, Any]) -> ShowcaseError:
    track, saved_as = _TRACKS[job]
    if header["problem"] == "no_track":
        return UnsupportedMedia(f"This {kind.name} has no {track} in it.", hint=f"Send a file with a {track} track.")
    if header["problem"] == "codec":
        return UnsupportedMedia(
            f"The {track} in this file is coded as {str(header['detail'])[:30]}, which cannot be read here.",
            hint=f"Save it as {saved_as} and send that.",
        )
    if header["problem"] == "missing":
        return UnsupportedMedia(
            f"This is {kind.phrase}, which cannot be read here.",
            hint="Save it as JPEG and send that. (The owner can add HEIC with the package pillow-heif.)",
        )
    return damaged(kind)


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise OSError("the decoding process has no pipes")
    return end
