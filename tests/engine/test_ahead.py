"""What waits is prepared while the model runs: once, in the order of the line, and never by two threads at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.engine import Engine
from core.engine.ahead import AHEAD, AHEAD_ALONE
from core.errors import BadInput, RunFailed, ShowcaseError
from tests.engine.fakes import PATIENCE_S, FakeLoader, key, make_task, text
from tests.engine.kitchen import Kitchen, said, threads_beside

Start = Callable[..., Engine]


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
    first, second = kitchen.held_at_second(start(loader), loader, ask)
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
