"""The facade: one load for many, models seen and steered, a clean end, and nobody lost in a crowd."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.engine import Engine
from core.engine.cache import with_headroom
from core.errors import Busy, ModelUnavailable
from tests.engine.fakes import ECHO, PATIENCE_S, Clock, FakeLoader, Suffix, key, make_task, text

Start = Callable[..., Engine]


def test_a_hundred_at_once_load_it_once(start: Start):
    loader = FakeLoader()
    engine = start(loader, queue_limit=100)
    everybody = threading.Barrier(100)

    def ask(number: int) -> str:
        everybody.wait(PATIENCE_S)
        return (
            engine.submit(ECHO, key(), text(f"{number}"), Suffix(suffix="!"), client=f"{number}").result().output.text
        )

    with ThreadPoolExecutor(100) as threads:
        assert list(threads.map(ask, range(100))) == [f"{number}!" for number in range(100)]
    assert loader.diary == [("load", "m")]


def test_one_that_loads_does_not_hold_up_another(start: Start):
    loader = FakeLoader()
    loader.load_gates["slow"] = threading.Event()
    engine = start(loader)
    slow = engine.submit(ECHO, key("slow"), text(), Suffix())
    assert engine.submit(ECHO, key("quick"), text(), Suffix()).result().output == text()
    assert not slow.done()
    loader.load_gates["slow"].set()
    assert slow.result().output == text()


def test_a_model_can_be_warmed_and_seen(start: Start):
    clock, loader = Clock(), FakeLoader()
    engine = start(loader, clock=clock)
    assert engine.info(key()) is None
    warmed = engine.load(ECHO, key()).result()
    assert (warmed.output, warmed.revision) == (None, "commit of m")
    assert loader.pipe().batches == []
    engine.submit(ECHO, key(), text(), Suffix()).result()
    engine.unload(key("another"))  # nothing happens
    clock.now_s += 5
    (status,) = engine.models()
    assert status == engine.info(key())
    assert (status.key, status.state, status.size_bytes, status.labels) == (key(), "loaded", 100, ("good", "bad"))
    assert (status.revision, status.dtype, status.device) == ("commit of m", "float32", "cpu")
    assert (status.pinned, status.waiting) == (False, 0)
    engine.pin(key(), True)
    assert engine.models()[0].pinned
    assert engine.budget[0] == with_headroom(100)


def test_what_was_used_says_when_and_how_often(start: Start):
    clock, loader = Clock(), FakeLoader(held=True)
    engine = start(loader, clock=clock)
    first = engine.submit(ECHO, key(), text("one"), Suffix())
    loader.pipe().next_batch()
    second = engine.submit(ECHO, key(), text("two"), Suffix())
    status = engine.info(key())
    assert status is not None
    assert (status.in_use, status.waiting, status.runs) == (1, 1, 0)
    clock.now_s += 3
    loader.pipe().open()
    first.result()
    second.result()
    clock.now_s += 5
    status = engine.info(key())
    assert status is not None
    assert (status.in_use, status.waiting, status.runs, status.last_used_s_ago) == (0, 0, 2, 5)


def test_unloaded_by_hand_it_is_gone_and_comes_back_when_asked(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader)
    ticket = engine.submit(ECHO, key(), text(), Suffix())
    loader.pipe().next_batch()
    with pytest.raises(Busy, match="in use and cannot be unloaded") as caught:
        engine.unload(key())
    assert caught.value.retry_after_s >= 1
    loader.pipe().open()
    ticket.result()
    engine.unload(key())
    assert engine.models() == []
    assert engine.budget[0] == 0
    loader.held = False
    assert engine.submit(ECHO, key(), text(), Suffix()).result().output == text()
    assert loader.diary == [("load", "m"), ("release", "m"), ("load", "m")]


def test_one_that_only_loads_is_not_unloaded_under_its_loader(start: Start):
    loader = FakeLoader()
    loader.load_gates["m"] = threading.Event()
    engine = start(loader)
    ticket = engine.load(ECHO, key())
    loader.load_began.get(timeout=PATIENCE_S)
    ticket.cancel()
    with pytest.raises(Busy):
        engine.unload(key())


def test_closing_answers_what_it_can(start: Start):
    others = set(threading.enumerate())  # another test's showcase may live for the whole session
    loader = FakeLoader()
    engine = start(loader)
    tickets = [engine.submit(make_task(batches=False), key(), text(f"{n}"), Suffix()) for n in range(20)]
    engine.close()
    assert [ticket.result().output.text for ticket in tickets] == [f"{n}" for n in range(20)]
    with pytest.raises(ModelUnavailable, match="closing down"):
        engine.submit(ECHO, key(), text(), Suffix())
    assert loader.diary == [("load", "m"), ("release", "m")]
    assert not [thread for thread in set(threading.enumerate()) - others if thread.name.startswith("podium")]
    engine.close()


def test_closing_refuses_what_it_cannot_answer(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.engine.engine._LAST_JOIN_S", 0.0)
    loader = FakeLoader(held=True)
    loader.load_gates["loading"] = threading.Event()
    engine = start(loader, 2 * with_headroom(100))
    running = engine.submit(ECHO, key(), text("one"), Suffix())
    loader.pipe().next_batch()
    waiting = engine.submit(ECHO, key(), text("two"), Suffix())
    loading = engine.submit(ECHO, key("loading"), text(), Suffix())
    loader.load_began.get(timeout=PATIENCE_S)
    for_room = engine.submit(ECHO, key("for room"), text(), Suffix())
    engine.close(grace_s=0)
    for ticket in (running, waiting, loading, for_room):
        with pytest.raises(ModelUnavailable, match="closing down"):
            ticket.result()
    loader.pipe().open()
    loader.load_gates["loading"].set()
    engine.close(grace_s=PATIENCE_S)
    assert loader.pipe().batches == [["one"]]


def test_what_is_to_be_loaded_anew_while_it_loads_is_loaded_anew_after_that(start: Start):
    loader = FakeLoader()
    loader.load_gates["m"] = threading.Event()
    engine = start(loader)
    first = engine.load(ECHO, key())
    loader.load_began.get(timeout=PATIENCE_S)
    engine.renew(ECHO, key())
    loader.load_gates["m"].set()
    first.result()
    loader.load_began.get(timeout=PATIENCE_S)
    assert engine.submit(ECHO, key(), text(), Suffix()).result().output == text()
    assert loader.diary == [("load", "m"), ("release", "m"), ("load", "m")]
