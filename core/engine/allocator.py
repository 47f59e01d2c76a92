"""How the C library keeps memory that was freed, and how it is made to give weights back.

Owns its switches. Elsewhere than on Linux with glibc nothing of this is there, and nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
"""Source: mallopt(3) and malloc.h of glibc."""

_BLOCK_BYTES: Final = 128 * 1024
"""From this size on a weight lies in pages of its own; glibc's own first threshold."""

_USUAL_BYTES: Final = 32 * 1024 * 1024
"""What glibc's threshold grows to by itself once large blocks have been freed, and the most that it takes."""


@contextmanager
def weights_apart() -> Iterator[None]:
    """Lay what is allocated in this block, by any thread, into pages of its own, which go back when it is freed.

    glibc keeps large blocks beside each other once it has seen some freed, and what lies on top of a thread's heap
    stays with the process for good: after three turns of four models of 53 MB in bfloat16, 190 MB of nothing. Weights
    live long, so pages of their own cost nothing. What a run allocates comes and goes; to fetch pages for that each
    time made batches of 16 up to half as slow again.
    """
    mallopt = _from_libc("mallopt")
    if mallopt is None:
        yield
        return
    mallopt(_MMAP_THRESHOLD, _BLOCK_BYTES)
    try:
        yield
    finally:
        mallopt(_MMAP_THRESHOLD, _USUAL_BYTES)
        mallopt(_TRIM_THRESHOLD, 2 * _USUAL_BYTES)


def trim_memory() -> None:
    """Return freed memory to the system, which glibc does not do by itself."""
    trim = _from_libc("malloc_trim")
    if trim is not None:
        trim(0)


def _from_libc(name: str) -> ctypes._NamedFuncPointer | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)  # musl has neither, and does not need them
