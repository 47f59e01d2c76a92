"""How much memory a value takes, about: for whoever bounds what is kept, or keeps the large from the small."""

from __future__ import annotations

import sys
from typing import Any, Final

from core.values.base import Value

PART_BYTES: Final = 100
"""About what an object of Python takes beside its content."""


def about_bytes(part: Any) -> int:
    """Return about how many bytes a value, or a part of one, takes."""
    if isinstance(part, str | bytes):
        return sys.getsizeof(part)
    if isinstance(part, tuple):
        return PART_BYTES + sum(map(about_bytes, part))
    if isinstance(part, Value):
        return PART_BYTES + sum(map(about_bytes, vars(part).values()))  # its digest too, once somebody has asked
    return PART_BYTES


SMALL_BYTES: Final = 20_000
"""Values up to this size are written as JSON within a fraction of a millisecond; a picture takes a hundred."""


def is_small(value: Value) -> bool:
    """Return whether a value can be written down by a thread that others wait for."""
    return about_bytes(value) <= SMALL_BYTES
