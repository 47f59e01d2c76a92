"""Which jobs are remembered, and what it costs to remember one more."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

from core.errors import ShowcaseError
from core.job import JOB_BYTES, Job, RecentJobs, Request
from core.tasks import get_task
from core.values import Text

TASK = get_task("text-classification")


class Counted(Job):
    """Count how often anybody asks whether it has finished."""

    asked = 0

    @property
    def finished(self) -> bool:
        Counted.asked += 1
        return super().finished


def job(number: int, *, text: str = "", done: bool = True) -> Job:
    ticket: Any = None
    made = Counted(str(number), Request(TASK, "m", Text(text=text), TASK.parameters(), "client", "api"), ticket)
    if done:
        made.future.set_result(None)  # type: ignore[arg-type]  # only that it is there counts
    return made


def test_the_oldest_finished_jobs_are_forgotten_even_where_their_inputs_are_small() -> None:
    recent = RecentJobs(10 * (JOB_BYTES + 1000))  # beside its input, a job of a short text
    recent.add(job(0, done=False))
    for number in range(1, 100):
        recent.add(job(number))
    kept = [number for number in range(100) if recent.find(str(number))]
    assert kept == [0, *range(91, 100)]


def test_large_inputs_make_room_for_each_other() -> None:
    recent = RecentJobs(10 * JOB_BYTES)
    for number in range(3):
        recent.add(job(number, text="x" * 3 * JOB_BYTES))
    assert [recent.find(str(number)) is not None for number in range(3)] == [False, True, True]


def test_remembering_one_more_does_not_look_at_all_others() -> None:
    recent = RecentJobs(1000 * JOB_BYTES)
    for number in range(1500):
        recent.add(job(number, done=number < 500))  # the others are answered, and not yet written down
    Counted.asked = 0
    recent.add(job(1500))
    assert Counted.asked <= 2


def test_an_observer_that_fails_costs_nobody_the_end_of_a_job() -> None:
    told: list[str] = []

    def fails(_: Job) -> None:
        raise RuntimeError("an observer's own bug")

    failed = replace(job(1, done=False), observers=(fails, lambda it: told.append(it.run_id)))
    failed.fail(ShowcaseError("nothing came of it"))
    failed.fail(ShowcaseError("too late"))
    assert told == ["1"]


def test_a_job_that_ended_is_freed_with_its_last_name() -> None:
    run: Any = None
    ended = replace(job(1, done=False), observers=(lambda _: None,))
    gc.disable()
    try:
        ended.end(run)
        seen = weakref.ref(ended)
        del ended
        assert seen() is None  # a server that remembers a thousand would else look through them again and again
    finally:
        gc.enable()
