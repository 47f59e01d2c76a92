"""What was prepared, and the thread that did it, go when the request, the model or the engine does."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from core.engine import Engine
from core.errors import Cancelled, RunFailed
from tests.engine.fakes import PATIENCE_S, FakeLoader, key
from tests.engine.kitchen import Kitchen, said, threads_beside

Start = Callable[..., Engine]


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
    engine = start(loader)
    first, second = kitchen.held_at_second(engine, loader, ask)
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
