"""Waiting for something that mostly is there already, with a limit for when it is not.

Owns that a limit costs nothing until something has to be waited for: most bodies are here and most answers fit into the
connection's buffer, and a timer that is set and taken back takes 60 microseconds of a short call, three times in each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from functools import partial
from typing import Any, TypeVar

_T = TypeVar("_T")


async def within(limit_s: float, awaitable: Awaitable[_T]) -> _T:
    """Return what an awaitable comes to.

    Raises: TimeoutError if it does not within so many seconds; it is cancelled then.
    """
    steps = awaitable.__await__()
    try:
        first = next(steps)
    except StopIteration as ended:
        found: _T = ended.value
        return found
    async with asyncio.timeout(limit_s):
        return await _Begun(first, steps)


class _Begun(Awaitable[_T]):
    """Go on with an awaitable that has begun, and said what it waits for first."""

    def __init__(self, first: Any, steps: Generator[Any, Any, _T]) -> None:
        self._first, self._steps = first, steps

    def __await__(self) -> Generator[Any, Any, _T]:
        waits_for = self._first
        while True:
            try:
                came = yield waits_for
            except BaseException as err:  # cancelled, by the limit or by who waits: it is for what has begun
                go_on = partial(self._steps.throw, err)
            else:
                go_on = partial(self._steps.send, came)
            try:
                waits_for = go_on()
            except StopIteration as ended:
                found: _T = ended.value
                return found
