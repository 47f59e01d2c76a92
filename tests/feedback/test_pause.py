"""The pause after a failure: remembered for a while, and tried again by one."""

from __future__ import annotations

import pytest

from core.errors import StoreUnavailable
from core.feedback.failures import Pause
from tests.feedback.conftest import Clock

DOWN = StoreUnavailable("The database does not answer.", hint="Wait.")


def passes(pause: Pause) -> bool:
    try:
        pause.check()
    except StoreUnavailable as err:
        return str(err) != str(DOWN)
    return True


def test_a_failure_is_remembered_for_its_time_and_then_one_may_try(clock: Clock) -> None:
    pause = Pause(5, clock)
    assert [passes(pause), passes(pause)] == [True, True]
    pause.settle(DOWN)
    clock.now_s = 4.9
    assert not passes(pause)
    clock.now_s = 5.0
    assert [passes(pause), passes(pause), passes(pause)] == [True, False, False]


@pytest.mark.parametrize(("outcome", "expected"), [(None, [True, True]), (DOWN, [False, False])])
def test_the_one_that_tried_decides_for_all(
    clock: Clock, outcome: StoreUnavailable | None, expected: list[bool]
) -> None:
    pause = Pause(5, clock)
    pause.settle(DOWN)
    clock.now_s = 6.0
    assert passes(pause)
    pause.settle(outcome)
    assert [passes(pause), passes(pause)] == expected
    assert pause.problem is outcome


def test_one_that_never_tells_how_it_went_does_not_close_the_door(clock: Clock) -> None:
    pause = Pause(5, clock)
    pause.settle(DOWN)
    clock.now_s = 5.0
    assert passes(pause)
    clock.now_s = 10.0
    assert passes(pause)
