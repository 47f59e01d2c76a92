"""What stays in memory: the budget holds, what is used stays, what fails leaves nothing behind."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from core.engine import Engine, Loaded, Ticket
from core.engine.cache import with_headroom
from core.errors import DeadlineExceeded, DoesNotFit, ModelUnavailable, ShowcaseError
from tests.engine.fakes import ECHO, PATIENCE_S, Clock, FakeLoader, Pipe, Suffix, key, text

Start = Callable[..., Engine]
ONE = with_headroom(100)
"""What one model of the usual size costs."""


def ask(engine: Engine, name: str, **changes: Any) -> Ticket:
    return engine.submit(ECHO, key(name), text(), Suffix(), **changes)


def names(engine: Engine) -> set[str]:
    return {status.key.model_id for status in engine.models()}


def test_what_fits_stays(start: Start):
    loader = FakeLoader()
    engine = start(loader, 3 * ONE)
    for name in "abcabc":
        ask(engine, name).result()
    assert loader.diary == [("load", "a"), ("load", "b"), ("load", "c")]
    assert engine.budget == (3 * ONE, 3 * ONE)


def test_the_least_recently_used_goes_before_the_new_one_comes(start: Start):
    clock, loader = Clock(), FakeLoader()
    engine = start(loader, 2 * ONE, clock=clock)
    for name in "abac":
        clock.now_s += 1
        ask(engine, name).result()
        assert engine.budget[0] <= 2 * ONE
    assert loader.diary == [("load", "a"), ("load", "b"), ("release", "b"), ("load", "c")]
    assert names(engine) == {"a", "c"}


def test_no_more_goes_than_has_to(start: Start):
    clock, loader = Clock(), FakeLoader(sizes={"big": 200})
    engine = start(loader, 4 * ONE, clock=clock)
    for name in ("a", "b", "c", "d", "big"):
        clock.now_s += 1
        ask(engine, name).result()
    assert sorted(loader.diary[4:6]) == [("release", "a"), ("release", "b")]
    assert names(engine) == {"c", "d", "big"}


def test_one_in_use_never_goes_and_the_new_one_waits_for_it(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader, ONE)
    running = ask(engine, "a")
    loader.pipe("a").next_batch()
    waiting = ask(engine, "a")
    loader.estimated.get(timeout=PATIENCE_S)
    new = ask(engine, "b")
    assert loader.estimated.get(timeout=PATIENCE_S) == "b"
    assert not new.done()
    loader.held = False
    loader.pipe("a").let_go(2)
    assert [ticket.result().output for ticket in (running, waiting, new)] == [text()] * 3
    assert loader.diary == [("load", "a"), ("release", "a"), ("load", "b")]


def test_nobody_goes_for_one_that_would_not_fit_all_the_same(start: Start):
    loader = FakeLoader(sizes={"big": 200})
    engine = start(loader, 2 * ONE)
    ask(engine, "idle").result()
    loader.held = True
    ask(engine, "used")
    loader.pipe("used").next_batch()
    with pytest.raises(DeadlineExceeded):
        ask(engine, "big", deadline_s=0.05).result()
    assert ask(engine, "idle").result().output == text()
    assert loader.diary == [("load", "idle"), ("load", "used")]


def test_waiting_for_room_ends_when_nobody_waits(start: Start):
    loader = FakeLoader(held=True)
    engine = start(loader, ONE)
    ask(engine, "a")
    loader.pipe("a").next_batch()
    waiting = ask(engine, "b")
    assert [loader.estimated.get(timeout=PATIENCE_S) for _ in "ab"] == ["a", "b"]
    waiting.cancel()
    with engine._lock:
        assert engine._cache.changed.wait_for(lambda: engine.info(key("b")) is None, PATIENCE_S)
    assert loader.diary == [("load", "a")]


def test_pinned_models_stay_and_say_why_another_cannot_come(start: Start):
    clock, loader = Clock(), FakeLoader(sizes={"big": 200})
    engine = start(loader, 2 * ONE, clock=clock)
    engine.pin(key("a"), True)
    for name in "abc":
        clock.now_s += 1
        ask(engine, name).result()
    assert ("release", "a") not in loader.diary
    with pytest.raises(DoesNotFit, match="pinned models take 0 MB") as caught:
        ask(engine, "big").result()
    assert "Unpin" in caught.value.hint
    engine.pin(key("a"), False)
    assert ask(engine, "big").result().output == text()


def test_what_can_never_fit_says_so_before_it_is_loaded(start: Start):
    loader = FakeLoader(sizes={"small": 10, "huge": 8_000_000})
    engine = start(loader, 5_000_000)
    ask(engine, "small").result()
    with pytest.raises(DoesNotFit, match="huge needs 10 MB of memory; the budget is 5 MB") as caught:
        ask(engine, "huge").result()
    assert "PODIUM_MEMORY_GB" in caught.value.hint
    assert loader.diary == [("load", "small")]


def test_the_books_follow_what_a_model_turned_out_to_be(start: Start):
    loader = FakeLoader()
    loader.estimates = {"less": 400, "more": 50}
    engine = start(loader, 4 * ONE)
    ask(engine, "less").result()
    ask(engine, "more").result()
    assert engine.budget[0] == 2 * ONE


def test_one_larger_than_estimated_sends_idle_ones_away_or_goes_itself(start: Start):
    loader = FakeLoader(sizes={"more": 200, "other": 100})
    loader.estimates = {"more": 100}
    engine = start(loader, 2 * ONE)
    ask(engine, "other").result()
    ask(engine, "more").result()
    assert names(engine) == {"more"}
    engine.unload(key("more"))
    engine.pin(key("other"), True)
    ask(engine, "other").result()
    with pytest.raises(DoesNotFit):
        ask(engine, "more").result()
    assert loader.diary[-1] == ("release", "more")
    assert engine.budget[0] == ONE


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
        DoesNotFit("Memory ran out while it was being loaded."),
    ],
)
def test_out_of_memory_sends_all_idle_ones_away_and_tries_once_more(start: Start, error: Exception):
    loader = FakeLoader()
    engine = start(loader)
    for name in "ab":
        ask(engine, name).result()
    loader.failures["c"] = [error]
    assert ask(engine, "c").result().output == text()
    assert sorted(loader.diary[3:5]) == [("release", "a"), ("release", "b")]
    assert loader.diary[2:3] + loader.diary[5:] == [("load", "c"), ("load", "c")]


def test_out_of_memory_twice_is_told(start: Start):
    loader = FakeLoader()
    loader.failures["a"] = [MemoryError(), MemoryError()]
    engine = start(loader)
    with pytest.raises(DoesNotFit, match="more memory than this machine has left"):
        ask(engine, "a").result()
    assert loader.diary == [("load", "a")] * 2


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ModelUnavailable("It is gated.", hint="Ask for access."), ModelUnavailable, "It is gated. Ask"),
        (OSError("/secret/path is corrupt"), ModelUnavailable, "damaged or of another kind"),
    ],
)
def test_a_failed_load_is_told_to_all_who_wait_and_not_remembered(
    start: Start, error: Exception, kind: type[ShowcaseError], words: str
):
    loader = FakeLoader()
    loader.load_gates["a"] = threading.Event()
    loader.failures["a"] = [error]
    engine = start(loader, ONE)
    tickets = [ask(engine, "a") for _ in range(5)]
    loader.load_gates["a"].set()
    told = set()
    for ticket in tickets:
        with pytest.raises(kind, match=words) as caught:
            ticket.result()
        assert "secret" not in str(caught.value)
        cause = caught.value.__cause__
        assert cause is None or cause.__traceback__ is None  # its frames would hold what was half loaded
        told.add(id(caught.value))
    assert len(told) == 1
    assert (engine.info(key("a")), engine.budget[0]) == (None, 0)
    assert ask(engine, "a").result().output == text()
    assert loader.diary == [("load", "a")] * 2


def test_an_estimate_that_fails_is_told_too(start: Start, monkeypatch: pytest.MonkeyPatch):
    loader = FakeLoader()
    engine = start(loader)
    with monkeypatch.context() as patch:
        patch.setattr(loader, "estimate_bytes", lambda key: 1 // 0)
        with pytest.raises(ModelUnavailable, match="could not be loaded"):
            ask(engine, "a").result()
    assert ask(engine, "a").result().output == text()


def test_a_release_that_fails_is_logged_and_the_bytes_come_back(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    loader = FakeLoader()
    engine = start(loader)
    ask(engine, "a").result()
    monkeypatch.setattr(loader, "release", lambda loaded: 1 // 0)
    engine.unload(key("a"))
    assert engine.budget[0] == 0
    assert "ZeroDivisionError" in caplog.text


def test_a_model_that_comes_is_frozen_and_one_that_goes_is_gone_before_its_memory_is_given_back(
    start: Start, monkeypatch: pytest.MonkeyPatch
):
    loader, calls = FakeLoader(), []
    engine = start(loader)
    for name in ("collect", "freeze", "unfreeze"):
        real = getattr(gc, name)
        monkeypatch.setattr(gc, name, lambda name=name, real=real: (calls.append(name), real())[0])
    ask(engine, "a").result()
    assert calls == ["collect", "freeze"]
    pipe = weakref.ref(loader.pipes.pop("a"))  # it is in a cycle, and frozen
    seen: list[Pipe | None] = []

    def release(loaded: Loaded) -> None:
        calls.append("release")
        seen.extend([loaded.pipe, pipe()])

    monkeypatch.setattr(loader, "release", release)
    engine.unload(key("a"))
    assert seen == [None, None]
    assert calls[2:] == ["unfreeze", "collect", "release", "freeze"]
