"""Runs on their way into the store: together where they come together, and none at another's cost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import as_completed, wait
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from core import recording
from core.errors import ShowcaseError
from core.feedback.records import Record, RunRecord
from core.feedback.store import FeedbackStore
from core.job import Job
from core.showcase import Showcase
from core.values import Text
from tests.fake_engine import showcase_of

PATIENCE_S = 30.0


def positive(texts: list[str], **_: Any) -> list[list[dict[str, Any]]]:
    return [[{"label": "positive", "score": 0.75}] for _ in texts]


class Gate:
    """Stand before the store: hold the first transaction until the gate is opened, and refuse marked runs."""

    def __init__(self, add: Any) -> None:
        self._add = add
        self.open = threading.Event()
        self.reached = threading.Event()
        self.groups: list[int] = []
        self.refused = ""

    def __call__(self, store: FeedbackStore, *records: Record) -> None:
        self.reached.set()
        assert self.open.wait(PATIENCE_S)
        self.groups.append(len(records))
        if any(isinstance(record, RunRecord) and record.client == self.refused for record in records):
            raise ZeroDivisionError("this one cannot be written")
        self._add(store, *records)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    made = Gate(FeedbackStore.add)
    monkeypatch.setattr(FeedbackStore, "add", lambda store, *records: made(store, *records))
    return made


@pytest.fixture
def showcase(gate: Gate, tmp_path: Path) -> Iterator[Showcase]:
    made = showcase_of(tmp_path, positive)
    yield made
    gate.open.set()
    made.close()


def start(showcase: Showcase, client: str = "c") -> Job:
    return showcase.start("text-classification", Text(text="Fine."), {}, client=client, source="api")


def crowd(showcase: Showcase, gate: Gate, clients: list[str]) -> list[Job]:
    """Have runs answered while the first of them holds the store up."""
    jobs = [start(showcase)]
    assert gate.reached.wait(PATIENCE_S)
    jobs += [start(showcase, client) for client in clients]
    for job in jobs:
        assert job.answered.result(PATIENCE_S).output
        assert not job.finished
    gate.open.set()
    return jobs


def test_answers_do_not_wait_for_the_store_and_what_waited_is_written_at_once(showcase: Showcase, gate: Gate) -> None:
    jobs = crowd(showcase, gate, ["c"] * 20)
    assert all(job.result().recorded for job in jobs)
    assert gate.groups == [1, 20]
    assert all(showcase.store.find_run(job.run_id) for job in jobs)


def test_a_run_that_cannot_be_written_costs_the_others_nothing(showcase: Showcase, gate: Gate) -> None:
    gate.refused = "unlucky"
    jobs = crowd(showcase, gate, ["a", "unlucky", "b"])
    with pytest.raises(ShowcaseError, match="could not be kept"):
        jobs[2].result()
    assert [jobs[at].result().recorded for at in (0, 1, 3)] == [True, True, True]
    assert showcase.store.find_run(jobs[2].run_id) is None


def test_closing_writes_down_what_was_answered(showcase: Showcase, gate: Gate) -> None:
    jobs = crowd(showcase, gate, ["c"] * 5)
    showcase.close()
    assert all(job.result().recorded for job in jobs)


def test_runs_wait_for_each_other_until_one_is_asked_for(
    showcase: Showcase, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "GATHER_S", 10 * PATIENCE_S)
    showcase.observers.append(lambda job: job.result() and None)  # which knows that the run is written down
    gate.open.set()
    for round_of in range(2):
        jobs = [start(showcase) for _ in range(3)]
        for job in jobs:
            assert job.answered.result(PATIENCE_S).output
        assert not wait([job.future for job in jobs], 0.1).done, f"round {round_of}: nobody has asked yet"
        assert jobs[1].wait(PATIENCE_S)
        assert not wait([job.future for job in jobs], PATIENCE_S).not_done
    assert gate.groups == [3, 3]


def test_a_run_asked_for_before_its_answer_is_written_down_soon(
    showcase: Showcase, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "GATHER_S", 10 * PATIENCE_S)
    gate.open.set()
    job = start(showcase)
    assert job.wait(PATIENCE_S)
    assert job.result().recorded


def test_a_whole_group_is_written_down_though_nobody_asks(
    showcase: Showcase, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "GATHER_S", 10 * PATIENCE_S)
    gate.open.set()
    jobs = [start(showcase) for _ in range(recording.AT_ONCE + 1)]
    written = as_completed([job.future for job in jobs], PATIENCE_S)  # whichever they are: lanes overtake each other
    assert len(list(islice(written, recording.AT_ONCE))) == recording.AT_ONCE
    assert gate.groups == [recording.AT_ONCE]
    assert sum(job.finished for job in jobs) == recording.AT_ONCE
