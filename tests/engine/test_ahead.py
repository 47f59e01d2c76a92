"""What waits is prepared while the model runs: once, in the order of the line, and never by two threads at a time."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from core.engine import Engine, Ticket
from core.engine.ahead import AHEAD, AHEAD_ALONE
from core.errors import BadInput, Cancelled, RunFailed, ShowcaseError
from core.tasks.spec import Task
from core.values import Text
from tests.engine.fakes import PATIENCE_S, FakeLoader, Pipe, Suffix, echo, key, make_task, text

Start = Callable[..., Engine]

BESIDE = "podium ahead of m"
"""What the thread is called that prepares for the model m."""


@dataclass(frozen=True)
class Ready:
    """Be what an input becomes."""

    text: Text


class Kitchen:
    """Prepare texts, and write down who did. One whose name is in `gates` waits to be let through."""

    def __init__(self) -> None:
        self.prepared: list[tuple[str, str]] = []
        self.pipes: dict[str, list[int]] = {}
        self.made: list[weakref.ref[Ready]] = []
        self.begun: queue.Queue[str] = queue.Queue()
        self.done: queue.Queue[str] = queue.Queue()
        self.gates: dict[str, threading.Event] = {}
        self.failures: dict[str, list[BaseException]] = {}

    def __call__(self, pipe: Pipe, inputs: Text, parameters: Suffix) -> Ready:
        name = inputs.text
        self.begun.put(name)
        if name in self.gates and not self.gates[name].wait(PATIENCE_S):
            raise TimeoutError("the test never let this one through")
        beside = threading.current_thread().name == BESIDE
        self.prepared.append((name, "beside" if beside else "model"))
        self.pipes.setdefault(name, []).append(id(pipe))
        ready = Ready(inputs)
        self.made.append(weakref.ref(ready))
        self.done.put(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)
        return ready

    def wait_for(self, *names: str) -> None:
        """Wait until these were prepared, or nearly, in this order."""
        assert [self.done.get(timeout=PATIENCE_S) for _ in names] == list(names)

    def task(self, **changes: Any) -> Task:
        return make_task(run=eat, prepare=self, **changes)


def eat(pipe: Pipe, inputs: Sequence[Ready], parameters: Suffix) -> list[Text]:
    if any(ready.text.text == "die" for ready in inputs):
        raise SystemExit("no ordinary error")
    return echo(pipe, [ready.text for ready in inputs], parameters)


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def ask(kitchen: Kitchen) -> Callable[..., Ticket]:
    task = kitchen.task()

    def submit(engine: Engine, value: str, task: Task = task, **changes: Any) -> Ticket:
        return engine.submit(task, key(), text(value), Suffix(), **changes)

    return submit


def threads_beside() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == BESIDE]


def said(tickets: Sequence[Ticket]) -> list[str]:
    return [ticket.result().output.text for ticket in tickets]


def test_what_waits_is_prepared_while_the_model_runs_and_not_again(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    first = ask(engine, "one")
    loader.pipe().next_batch()
    rest = [ask(engine, value) for value in ("two", "six")]
    kitchen.wait_for("one", "two", "six")  # and the model is still at the first
    loader.pipe().open()
    assert said([first, *rest]) == ["one", "two", "six"]
    assert loader.pipe().batches == [["one"], ["two", "six"]]
    assert kitchen.prepared == [("one", "model"), ("two", "beside"), ("six", "beside")]


def test_what_already_waits_when_a_batch_begins_is_prepared(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    loader.load_gates["m"] = threading.Event()
    engine = start(loader)
    tickets = [ask(engine, value) for value in ("short", "x" * 100)]  # too different to share a run
    loader.load_gates["m"].set()
    assert loader.pipe().next_batch() == ["short"]
    kitchen.wait_for("short", "x" * 100)
    loader.pipe().open()
    assert said(tickets) == ["short", "x" * 100]
    assert kitchen.prepared[1][1] == "beside"


def test_an_idle_model_prepares_what_comes_by_itself(start: Start, kitchen: Kitchen, ask: Any):
    engine = start(FakeLoader())
    for number in range(200):  # each as soon as the last is answered
        assert ask(engine, str(number)).result().output == text(str(number))
    assert {who for _, who in kitchen.prepared} == {"model"}
    assert threads_beside() == []


def test_a_task_that_prepares_nothing_has_no_such_thread(start: Start, ask: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    tickets = [ask(engine, value, task=make_task()) for value in ("one", "two")]
    loader.pipe().next_batch()
    assert threads_beside() == []
    loader.pipe().open()
    assert said(tickets) == ["one", "two"]


def test_only_so_many_are_ready_and_they_are_the_first_of_the_line(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    ask(engine, "first")
    loader.pipe().next_batch()
    names = [f"text {number:02}" for number in range(AHEAD + 8)]
    tickets = [ask(engine, name) for name in names]
    kitchen.wait_for("first", *names[:AHEAD])
    loader.pipe().open()
    assert said(tickets) == names
    assert kitchen.prepared[1:] == [(name, "beside") for name in names[:AHEAD]] + [
        (name, "model") for name in names[AHEAD:]
    ]


def test_where_inputs_run_one_at_a_time_fewer_are_ready(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    one_by_one = kitchen.task(batches=False)
    names = [f"text {number}" for number in range(AHEAD_ALONE + 3)]
    tickets = [ask(engine, names[0], task=one_by_one)]
    loader.pipe().next_batch()
    tickets += [ask(engine, name, task=one_by_one) for name in names[1:]]
    kitchen.wait_for(*names[: 1 + AHEAD_ALONE])
    assert kitchen.done.empty()
    loader.pipe().let_go()
    loader.pipe().next_batch()
    kitchen.wait_for(names[1 + AHEAD_ALONE])  # as one of those that were ready runs
    loader.pipe().open()
    assert said(tickets) == names


def test_what_is_just_being_prepared_is_waited_for(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    kitchen.gates["two"] = threading.Event()
    engine = start(loader)
    first = ask(engine, "one")
    loader.pipe().next_batch()
    second = ask(engine, "two")
    assert [kitchen.begun.get(timeout=PATIENCE_S) for _ in range(2)] == ["one", "two"]
    loader.pipe().open()
    first.result()
    assert loader.pipe().batches == [["one"]]
    kitchen.gates["two"].set()
    assert said([second]) == ["two"]
    assert kitchen.prepared == [("one", "model"), ("two", "beside")]


@pytest.mark.parametrize(
    ("error", "told"), [(BadInput("Too many words.", hint="Use fewer."), BadInput), (ValueError("secret"), RunFailed)]
)
def test_an_input_that_cannot_be_prepared_fails_alone(
    error: Exception, told: type[ShowcaseError], start: Start, kitchen: Kitchen, ask: Any, caplog: Any
):
    loader = FakeLoader(held=True)
    kitchen.failures["bad"] = [error] * 3  # beside, in the batch, and alone
    engine = start(loader)
    ask(engine, "one")
    loader.pipe().next_batch()
    good, bad, fine = (ask(engine, value) for value in ("good", "bad", "fine"))
    kitchen.wait_for("one", "good", "bad", "fine")  # the thread outlives what fails
    loader.pipe().open()
    assert said([good, fine]) == ["good", "fine"]
    with pytest.raises(told):
        bad.result()
    assert kitchen.failures["bad"] == []
    assert ("secret" in caplog.text) is (told is RunFailed)


def test_what_failed_beside_the_model_may_succeed_on_its_own_thread(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    kitchen.failures["two"] = [KeyboardInterrupt("no ordinary error")]
    engine = start(loader)
    ask(engine, "one")
    loader.pipe().next_batch()
    second, third = ask(engine, "two"), ask(engine, "six")
    kitchen.wait_for("one", "two", "six")
    loader.pipe().open()
    assert said([second, third]) == ["two", "six"]
    assert [who for name, who in kitchen.prepared if name == "two"] == ["beside", "model"]


def test_who_left_is_not_prepared(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    kitchen.gates["two"] = threading.Event()
    engine = start(loader)
    ask(engine, "one")
    loader.pipe().next_batch()
    tickets = [ask(engine, value) for value in ("two", "six", "ten")]
    assert [kitchen.begun.get(timeout=PATIENCE_S) for _ in range(2)] == ["one", "two"]
    tickets[0].cancel()  # while it is being prepared
    tickets[1].cancel()
    kitchen.gates["two"].set()
    kitchen.wait_for("one", "two", "ten")
    loader.pipe().open()
    assert said(tickets[2:]) == ["ten"]
    assert loader.pipe().batches == [["one"], ["ten"]]


def test_what_was_prepared_for_another_pipe_is_prepared_anew(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    first = ask(engine, "one")
    old = loader.pipe()
    old.next_batch()
    second = ask(engine, "two")
    kitchen.wait_for("one", "two")
    engine.renew(kitchen.task(), key())
    old.open()
    first.result()
    kitchen.wait_for("two")
    new = loader.pipe()
    assert kitchen.pipes["two"] == [id(old), id(new)]
    new.open()
    assert said([second]) == ["two"]
    assert new.batches == [["two"]]


def test_nothing_prepared_outlives_its_request(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    tickets = [ask(engine, "one")]
    loader.pipe().next_batch()
    tickets += [ask(engine, value) for value in ("two", "six", "ten")]
    kitchen.wait_for("one", "two", "six", "ten")
    tickets[1].cancel()
    with pytest.raises(Cancelled):
        tickets[1].result()
    loader.pipe().open()
    assert said([tickets[0], *tickets[2:]]) == ["one", "six", "ten"]
    assert len(kitchen.made) == 4
    assert [ready() for ready in kitchen.made] == [None] * 4


def test_the_thread_ends_with_a_model_whose_thread_died(start: Start, kitchen: Kitchen, ask: Any, caplog: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    first = ask(engine, "one")
    old = loader.pipe()
    old.next_batch()
    died, waits = ask(engine, "die"), ask(engine, "x" * 100)
    kitchen.wait_for("one", "die", "x" * 100)
    (beside,) = threads_beside()
    loader.held = False
    old.open()
    first.result()
    with pytest.raises(RunFailed):
        died.result()
    assert said([waits]) == ["x" * 100]
    beside.join(PATIENCE_S)
    assert not beside.is_alive()
    assert len(kitchen.pipes["x" * 100]) == 2  # the heir's pipe is another


def test_the_thread_ends_when_the_engine_closes(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    engine = start(loader)
    tickets = [ask(engine, "one")]
    loader.pipe().next_batch()
    tickets.append(ask(engine, "two"))
    kitchen.wait_for("one", "two")
    (beside,) = threads_beside()
    loader.pipe().open()
    engine.close()
    assert not beside.is_alive()
    assert said(tickets) == ["one", "two"]


def test_a_pipe_goes_only_when_nothing_is_prepared_with_it_any_more(start: Start, kitchen: Kitchen, ask: Any):
    loader = FakeLoader(held=True)
    kitchen.gates["two"] = threading.Event()
    engine = start(loader)
    first = ask(engine, "one")
    loader.pipe().next_batch()
    second = ask(engine, "two")
    assert [kitchen.begun.get(timeout=PATIENCE_S) for _ in range(2)] == ["one", "two"]
    (beside,) = threads_beside()
    second.cancel()
    loader.pipe().open()
    first.result()
    pipe = weakref.ref(loader.pipes.pop("m"))
    unloading = threading.Thread(target=engine.unload, args=(key(),))
    unloading.start()
    assert ("release", "m") not in loader.diary
    kitchen.gates["two"].set()
    unloading.join(PATIENCE_S)
    assert loader.diary == [("load", "m"), ("release", "m")]
    assert pipe() is None
    beside.join(PATIENCE_S)
    assert not beside.is_alive()


def test_where_no_thread_can_be_started_the_models_own_prepares(
    start: Start, kitchen: Kitchen, ask: Any, monkeypatch: pytest.MonkeyPatch
):
    loader = FakeLoader(held=True)
    engine = start(loader)
    first = ask(engine, "one")
    loader.pipe().next_batch()

    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    rest = [ask(engine, value) for value in ("two", "six")]
    loader.pipe().open()
    assert said([first, *rest]) == ["one", "two", "six"]
    assert {who for _, who in kitchen.prepared} == {"model"}
