"""How much a batch of one model is worth holding: found from how long its batches took, not guessed.

Owns the arithmetic. A run is taken to cost so much for being a run and so much for each unit of padded input (a
character, a picture, a millisecond): the larger the batch, the less the first part weighs. What fits into memory is
`core.engine.room`'s.
"""

from __future__ import annotations

import threading
from typing import Final

SHARE: Final = 0.1
"""How much of a run's time its fixed part may be: beyond that, more in a batch gains less than a tenth."""

LONGEST_S: Final = 0.25
"""How long a run may be expected to take: whoever comes while it runs waits for its end."""

ENOUGH: Final = 12
"""Runs before their times are believed; a line through fewer is drawn by chance."""

SPREAD: Final = 0.3
"""How far the sizes of runs have to lie apart, as their deviation over their mean, for a line through them."""

MEMORY: Final = 0.98
"""How much an earlier run weighs against the newest: the last fifty count, as the machine may be slower by now."""

FURTHEST: Final = 8
"""How many times the first guess a batch may hold, and how small a share of it."""


class Pace:
    """Learn from the runs of one model. Any thread may tell of one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._weight = self._size = self._time = self._size_squared = self._product = 0.0

    def ran(self, padded: int, seconds: float) -> None:
        """Note how long a run took that held so much."""
        with self._lock:
            self._runs += 1
            for name, value in (
                ("_weight", 1.0),
                ("_size", padded),
                ("_time", seconds),
                ("_size_squared", padded * padded),
                ("_product", padded * seconds),
            ):
                setattr(self, name, MEMORY * getattr(self, name) + value)

    def budget(self, first_guess: int) -> float:
        """Return how much the next batch should hold; `first_guess` until enough is known.

        Where the fit says that a run costs a + b * padded seconds, a share `SHARE` of which may be fixed, it is
        a / b * (1 - SHARE) / SHARE, as long as the run stays within `LONGEST_S`.
        """
        with self._lock:
            fixed, each = self._line()
        if each <= 0:
            return first_guess
        wanted = fixed / each * (1 - SHARE) / SHARE
        allowed = max(0.0, LONGEST_S - fixed) / each
        return min(max(min(wanted, allowed), first_guess / FURTHEST), first_guess * FURTHEST)

    def _line(self) -> tuple[float, float]:
        """Return the seconds of a run and of each unit by least squares; zeros where the runs do not tell."""
        if self._runs < ENOUGH:
            return 0.0, 0.0
        mean = self._size / self._weight
        variance = self._size_squared / self._weight - mean * mean
        if variance < (SPREAD * mean) ** 2:
            return 0.0, 0.0
        each = (self._product / self._weight - mean * self._time / self._weight) / variance
        fixed = self._time / self._weight - each * mean
        return max(0.0, fixed), each
