"""A wait has its limit, and what waits behaves as if it were awaited without one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from core.api.patience import within

LONG_S = 30.0


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Return a test that runs in an event loop of its own."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


@in_a_loop
async def test_what_is_there_already_comes_without_a_turn_of_the_loop() -> None:
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)

    async def ready() -> int:
        return 7

    assert await within(LONG_S, ready()) == 7
    done = asyncio.get_running_loop().create_future()
    done.set_result(8)
    assert await within(LONG_S, done) == 8
    assert not turns


@in_a_loop
async def test_what_comes_later_is_waited_for_to_its_end() -> None:
    async def counted() -> int:
        for _ in range(5):
            await asyncio.sleep(0)
        return await asyncio.to_thread(int, "9")

    assert await within(LONG_S, counted()) == 9


@in_a_loop
async def test_what_does_not_come_is_cancelled_at_the_limit() -> None:
    told: list[str] = []

    async def never() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            told.append("cancelled")
            await asyncio.sleep(0)  # what is cancelled may have to wait to clear up
            told.append("cleared up")
            raise

    with pytest.raises(TimeoutError):
        await within(0.01, never())
    assert told == ["cancelled", "cleared up"]


@in_a_loop
async def test_an_error_is_the_awaitables_own() -> None:
    async def fails(*, first: bool) -> None:
        if not first:
            await asyncio.sleep(0)
        raise KeyError("gone")

    for first in (True, False):
        with pytest.raises(KeyError, match="gone"):
            await within(LONG_S, fails(first=first))


@in_a_loop
async def test_who_waits_may_be_cancelled() -> None:
    begun = asyncio.Event()

    async def never() -> Any:
        begun.set()
        return await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(within(LONG_S, never()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@in_a_loop
async def test_what_goes_on_although_it_was_cancelled_gives_its_answer() -> None:
    async def stubborn() -> int:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return 3
        raise AssertionError("nobody ends this future")

    assert await within(0.01, stubborn()) == 3
