"""Limits per client, on a clock of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.rates import CLIENTS_KEPT, Allowance, Rates, Window
from core.errors import RateLimited

FEW = Allowance(per_minute=3, per_day=5, at_once=2)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_client_is_refused_over_its_limit_and_told_when_to_come_back() -> None:
    clock = Clock()
    rates = Rates(clock)
    for _ in range(3):
        rates.spend("a", FEW)
    with pytest.raises(RateLimited, match="3 calls a minute") as refusal:
        rates.spend("a", FEW)
    rates.spend("b", FEW)  # another client is not touched by it
    clock.now_s += refusal.value.retry_after_s
    rates.spend("a", FEW)


def test_the_day_has_its_own_limit_and_what_is_refused_is_not_counted() -> None:
    clock = Clock()
    rates = Rates(clock)
    for _ in range(5):
        rates.spend("a", FEW)
        clock.now_s += 60
    for _ in range(50):
        with pytest.raises(RateLimited, match="5 calls a day"):
            rates.spend("a", FEW)
    clock.now_s += 2 * 86_400
    rates.spend("a", FEW)


def test_a_batch_counts_as_many() -> None:
    rates = Rates(Clock())
    rates.spend("a", FEW)
    with pytest.raises(RateLimited):
        rates.spend("a", FEW, 3)
    rates.spend("a", FEW, 2)


def test_so_many_may_be_under_way_at_once() -> None:
    rates = Rates(Clock())
    with rates.under_way("a", FEW), rates.under_way("a", FEW):
        with pytest.raises(RateLimited, match="2 calls under way"), rates.under_way("a", FEW):
            pass
        with rates.under_way("b", FEW):
            pass
    with rates.under_way("a", FEW):
        pass


def test_the_clients_that_are_remembered_are_bounded() -> None:
    rates = Rates(Clock())
    for number in range(CLIENTS_KEPT + 50):
        rates.spend(str(number), FEW)
    assert len(rates._accounts) == CLIENTS_KEPT


@given(
    limit=st.integers(1, 20),
    steps=st.lists(st.tuples(st.floats(0, 90), st.integers(1, 5)), min_size=1, max_size=60),
)
def test_no_window_ever_holds_twice_the_limit_and_waiting_helps(limit: int, steps: list[tuple[float, int]]) -> None:
    window, now_s = Window(limit, 60.0, 0.0), 0.0
    taken: list[tuple[float, int]] = []
    for pause_s, count in steps:
        now_s += pause_s
        wait_s = window.wait_s(count, now_s)
        if wait_s == 0.0:
            window.add(count)
            taken.append((now_s, count))
        elif count <= limit:
            now_s += wait_s + 1e-6
            assert window.wait_s(count, now_s) == 0.0
    for start_s, _ in taken:
        assert sum(count for at_s, count in taken if start_s <= at_s < start_s + 60.0) <= 2 * limit
