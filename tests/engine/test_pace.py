"""How large a batch is worth being, from the times of those before it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.pace import ENOUGH, FURTHEST, LONGEST_S, SHARE, Pace

GUESS = 2048


def learned(fixed_s: float, each_s: float, sizes: list[int], noise: float = 0.0) -> Pace:
    rng, pace = random.Random(5), Pace()
    for size in sizes:
        pace.ran(size, (fixed_s + each_s * size) * (1 + noise * rng.uniform(-1, 1)))
    return pace


def test_until_enough_is_known_the_first_guess_holds() -> None:
    assert Pace().budget(GUESS) == GUESS
    assert learned(0.01, 1e-5, list(range(100, 100 * ENOUGH, 100))).budget(GUESS) == GUESS


def test_runs_of_one_size_tell_nothing() -> None:
    assert learned(0.01, 1e-5, [500] * 100).budget(GUESS) == GUESS


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_fixed_part_of_a_run_becomes_small(noise: float) -> None:
    fixed_s, each_s = 0.004, 1.5e-5
    budget = learned(fixed_s, each_s, [random.Random(n).randint(50, 2000) for n in range(200)], noise).budget(GUESS)
    share = fixed_s / (fixed_s + each_s * budget)
    assert share == pytest.approx(SHARE, rel=0.5)


def test_a_run_is_not_expected_to_take_too_long() -> None:
    fixed_s, each_s = 0.05, 1e-4
    budget = learned(fixed_s, each_s, list(range(100, 2100, 50))).budget(GUESS)
    assert fixed_s + each_s * budget == pytest.approx(LONGEST_S, rel=0.01)


def test_a_machine_that_has_become_slower_is_noticed() -> None:
    pace = learned(0.001, 1e-5, list(range(100, 2100, 20)))
    quick = pace.budget(GUESS)
    for size in list(range(100, 2100, 20)) * 3:
        pace.ran(size, 0.1 + 2e-4 * size)
    assert pace.budget(GUESS) < quick


@given(st.lists(st.tuples(st.integers(1, 100_000), st.floats(0, 100, allow_nan=False)), max_size=60))
def test_whatever_the_times_a_budget_stays_within_reach_of_the_guess(runs: list[tuple[int, float]]) -> None:
    pace = Pace()
    for size, seconds in runs:
        pace.ran(size, seconds)
    assert GUESS / FURTHEST <= pace.budget(GUESS) <= GUESS * FURTHEST
