"""Runs of one model side by side: where its task allows it, never after the model went, and none of them forgotten."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from core.engine import Engine, Ticket, lanes
from core.engine import worker as worker_module
from core.errors import RunFailed
from core.tasks import TASKS
from core.tasks.spec import Task
from tests.engine.fakes import PATIENCE_S, FakeLoader, Pipe, Suffix, key, make_task, text
from tests.engine.kitchen import Ready, eat

Start = Callable[..., Engine]

BESIDE = "podium beside m"


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_cpus", lambda: 2)


def ready(pipe: Pipe, inputs: Any, parameters: Suffix) -> Ready:
    return Ready(inputs)


def side_by_side(run: Callable[..., Any] = eat, **changes: Any) -> Task:
    return make_task(run=run, prepare=ready, concurrent=True, **changes)


def ask(engine: Engine, value: str, task: Task) -> Ticket:
    return engine.submit(task, key(), text(value), Suffix())


def beside() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == BESIDE]


def both_running(engine: Engine, loader: FakeLoader, task: Task) -> list[Ticket]:
    """Ask twice, and return once both run."""
    first = ask(engine, "one", task)
    assert loader.pipe().next_batch() == ["one"]
    second = ask(engine, "two", task)
    assert loader.pipe().next_batch() == ["two"]
    return [first, second]


def test_who_comes_while_the_model_runs_is_run_beside(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    tickets = both_running(engine, loader, side_by_side())
    assert len(loader.pipe().threads) == 2
    [status] = engine.models()
    assert (status.in_use, status.waiting) == (2, 0)
    third = ask(engine, "three", side_by_side())
    assert engine.models()[0].waiting == 1  # there are two lanes, not three
    loader.pipe().open()
    assert [ticket.result().output.text for ticket in [*tickets, third]] == ["one", "two", "three"]


@pytest.mark.parametrize("task", [make_task(run=eat, prepare=ready), side_by_side()], ids=["its task", "one processor"])
def test_where_it_may_not_be_nothing_runs_beside(task: Task, start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lanes, "_cpus", lambda: 1 if task.concurrent else 2)
    loader = FakeLoader(held=True)
    engine = start(loader)
    tickets = [ask(engine, "one", task)]
    loader.pipe().next_batch()
    tickets += [ask(engine, f"{number}", task) for number in range(3)]
    loader.pipe().open()
    assert [ticket.result().batch_size for ticket in tickets] == [1, 3, 3, 3]
    assert len(loader.pipe().threads) == 1


def test_a_model_goes_when_both_have_ended(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    task = side_by_side()
    tickets = both_running(engine, loader, task)
    engine.renew(task, key())  # which has it loaded anew between two batches
    ended: queue.Queue[Ticket] = queue.Queue()
    for ticket in tickets:
        ticket.add_done_callback(ended.put)
    loader.pipe().let_go(1)
    ended.get(timeout=PATIENCE_S)
    assert loader.diary == [("load", "m")], "the other still runs"
    old = loader.pipe()
    loader.held = False
    old.open()
    assert all(ticket.result() for ticket in tickets)
    assert ask(engine, "three", task).result().output == text("three")
    assert loader.diary == [("load", "m"), ("release", "m"), ("load", "m")]
    assert loader.pipe().batches == [["three"]]
    assert old.finished_runs == 2


@pytest.mark.parametrize("who", ["first", "second"])
def test_if_one_dies_the_other_ends_and_all_others_are_answered(
    who: str, start: Start, caplog: pytest.LogCaptureFixture
):
    loader = FakeLoader(held=True)
    engine = start(loader)
    deadly = {"first": threading.Event(), "second": threading.Event()}

    def run(pipe: Pipe, inputs: Sequence[Ready], parameters: Suffix) -> list[Any]:
        answers = eat(pipe, inputs, parameters)
        if any(one.text.text == {"first": "one", "second": "two"}[who] for one in inputs):
            deadly[who].set()
            raise SystemExit("no ordinary error")
        assert deadly[who].wait(PATIENCE_S)
        return answers

    task = side_by_side(run)
    tickets = both_running(engine, loader, task)
    waiting = [ask(engine, f"{number}", task) for number in range(3)]
    loader.held = False
    loader.pipe().open()
    dead, living = tickets if who == "first" else reversed(tickets)
    with pytest.raises(RunFailed):
        dead.result()
    assert living.result().output.text in ("one", "two")
    assert [ticket.result().output.text for ticket in waiting] == ["0", "1", "2"]
    assert loader.diary == [("load", "m"), ("release", "m"), ("load", "m")]
    engine.close()
    assert engine.budget[0] == 0


def test_a_thread_beside_that_has_nothing_to_do_ends(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker_module, "IDLE_AFTER_S", 0.01)
    loader = FakeLoader(held=True)
    engine = start(loader)
    tickets = both_running(engine, loader, side_by_side())
    threads = beside()
    assert len(threads) == 1
    loader.pipe().open()
    assert all(ticket.result() for ticket in tickets)
    threads[0].join(PATIENCE_S)
    assert beside() == []
    loader.held = True
    loader.pipe().held = True
    while loader.pipe().permits.acquire(blocking=False):
        pass
    again = both_running(engine, loader, side_by_side())
    loader.pipe().open()
    assert all(ticket.result() for ticket in again)


def test_closing_waits_for_both(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    tickets = both_running(engine, loader, side_by_side())
    closing = threading.Thread(target=engine.close)
    closing.start()
    loader.pipe().open()
    closing.join(PATIENCE_S)
    assert [ticket.result().output.text for ticket in tickets] == ["one", "two"]
    assert beside() == []
    assert loader.diary == [("load", "m"), ("release", "m")]


def test_torch_gets_its_share_in_the_thread_that_asks():
    def share(runs: int) -> int:
        lanes.share_processors(runs)
        return torch.get_num_threads()

    found: list[int] = []
    for runs in (1, 2, 3):
        thread = threading.Thread(target=lambda: found.append(share(runs)))  # noqa: B023  # it is joined at once
        thread.start()
        thread.join()
    assert found == [2, 1, 1]


def test_only_what_is_prepared_runs_side_by_side():
    assert [task.id for task in TASKS if task.concurrent and task.prepare is None] == []
    assert "text-classification" in [task.id for task in TASKS if task.concurrent]
    assert "automatic-speech-recognition" not in [task.id for task in TASKS if task.concurrent]  # it generates
