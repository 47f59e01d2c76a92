"""What a rung's time is made of: runs alone, runs side by side, sizes that nobody has asked for yet."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from core.engine.runtimes.probe import Call, sizes_not_seen
from core.engine.runtimes.survey import ROUNDS, _probe_ms

CALLS = [Call({"ids": torch.zeros((2, length))}, {}) for length in (10, 20)]


class Clock:
    """Tell a time that passes only in runs: a second in each, and in runs side by side more or less."""

    def __init__(self, beside_s: float) -> None:
        self._beside_s, self._now_s = beside_s, 0.0
        self._lock = threading.Lock()
        self.asked: dict[str, int] = {}
        self._own = threading.current_thread()

    def perf_counter(self) -> float:
        return self._now_s

    def ask(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        alone = threading.current_thread() is self._own
        with self._lock:
            where = "alone" if alone else "beside"
            self.asked[where] = self.asked.get(where, 0) + 1
            self._now_s += 1.0 if alone else self._beside_s
        return inputs


@pytest.mark.parametrize(("lanes", "beside_s", "ms"), [(1, 9.0, 2_000.0), (2, 0.5, 1_500.0), (2, 1.5, 2_500.0)])
def test_half_of_what_counts_is_the_share_of_runs_side_by_side(
    lanes: int, beside_s: float, ms: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(beside_s)
    monkeypatch.setattr("core.engine.runtimes.survey.time", clock)
    # Two questions, and nine of sizes that were not seen, of which as much counts as the two hold.
    unseen = sizes_not_seen(CALLS)
    assert len(unseen) == 9
    share = sum(call.inputs["ids"].numel() for call in CALLS) / sum(one["ids"].numel() for one in unseen)
    assert share < 1
    assert _probe_ms(CALLS, clock.ask, lanes, unseen) == pytest.approx(ms + 9_000 * share)
    assert clock.asked.get("beside", 0) == (0 if lanes == 1 else (ROUNDS + 1) * 2 * len(CALLS))
