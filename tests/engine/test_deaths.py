"""Threads that die: the running request is refused, everybody else is answered by a new one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.engine import Engine, Ticket
from core.engine.batcher import Line
from core.engine.cache import Cache, Place
from core.errors import Cancelled, ModelUnavailable, RunFailed
from core.values import Text
from tests.engine.fakes import ECHO, PATIENCE_S, FakeLoader, Pipe, Suffix, echo, key, make_task, text

Start = Callable[..., Engine]


def deadly(pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
    answers = echo(pipe, inputs, parameters)
    if any(each.text == "die" for each in inputs):
        raise SystemExit("no ordinary error")
    return answers


DEADLY = make_task(run=deadly)


def ask(engine: Engine, value: str, **changes: Any) -> Ticket:
    return engine.submit(DEADLY, key(), text(value), Suffix(), **changes)


def test_who_waits_while_the_thread_dies_is_answered_by_another(start: Start, caplog: pytest.LogCaptureFixture):
    loader = FakeLoader(held=True)
    engine = start(loader)
    died = ask(engine, "die")
    loader.pipe().next_batch()
    waiting = [ask(engine, f"wait {number}") for number in range(3)]
    loader.held = False
    loader.pipe().open()
    with pytest.raises(RunFailed):
        died.result()
    assert [ticket.result().output.text for ticket in waiting] == ["wait 0", "wait 1", "wait 2"]
    assert "no ordinary error" in caplog.text
    assert loader.diary == [("load", "m"), ("release", "m"), ("load", "m")]
    assert len(loader.pipe().threads) == 1


def test_of_a_batch_only_the_one_it_died_of_is_refused(start: Start, caplog: pytest.LogCaptureFixture):
    loader = FakeLoader(held=True)
    engine = start(loader)
    first = ask(engine, "first")
    loader.pipe().next_batch()
    texts = ["one", "die", "two", "die", "six"]
    tickets = [ask(engine, value) for value in texts]
    loader.held = False
    loader.pipe().open()
    assert first.result().output == text("first")
    for value, ticket in zip(texts, tickets, strict=True):
        if value == "die":
            with pytest.raises(RunFailed):
                ticket.result()
        else:
            assert ticket.result().output == text(value)
    assert loader.diary.count(("load", "m")) == 4  # at first, after the batch, after each of the two


def test_who_comes_between_death_and_removal_is_answered(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    loader = FakeLoader()
    engine = start(loader)
    dying, go_on = threading.Event(), threading.Event()
    release = loader.release

    def slow_release(loaded: Any) -> None:
        dying.set()
        assert go_on.wait(PATIENCE_S)
        release(loaded)

    monkeypatch.setattr(loader, "release", slow_release)
    died = ask(engine, "die")
    assert dying.wait(PATIENCE_S)
    between = ask(engine, "between")
    left = ask(engine, "left")
    left.cancel()
    go_on.set()
    assert between.result().output == text("between")
    with pytest.raises(RunFailed):
        died.result()
    with pytest.raises(Cancelled):
        left.result()


class Mistakes:
    """Let the worker's own code fail so many times where it takes the next batch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self.left = count
        take = Line.take

        def broken(line: Line, *how: Any) -> list[Ticket]:
            if self.left:
                self.left -= 1
                raise KeyboardInterrupt("a mistake")
            return take(line, *how)

        monkeypatch.setattr(Line, "take", broken)


def test_a_mistake_outside_of_any_run_loses_nobody(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    Mistakes(monkeypatch, 1)
    engine = start(FakeLoader())
    assert ask(engine, "one").result().output == text("one")
    assert "KeyboardInterrupt: a mistake" in caplog.text


def test_one_that_is_made_every_time_ends_in_a_refusal(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    mistakes = Mistakes(monkeypatch, 1000)
    loader = FakeLoader()
    engine = start(loader)
    with pytest.raises(RunFailed):
        ask(engine, "one").result()
    assert mistakes.left == 998
    mistakes.left = 0
    assert ask(engine, "two").result().output == text("two")


def test_a_load_that_ends_in_no_ordinary_error_is_a_model_that_cannot_be_loaded(
    start: Start, caplog: pytest.LogCaptureFixture
):
    class PanicError(BaseException):
        """What a panic in a tokenizer's Rust is raised as."""

    loader = FakeLoader()
    loader.failures["m"] = [PanicError("called `Option::unwrap()` on a `None` value")]
    engine = start(loader)
    with pytest.raises(ModelUnavailable, match="damaged or of another kind"):
        ask(engine, "one").result()
    assert ask(engine, "two").result().output == text("two")


def test_bytes_and_leases_come_back_though_letting_go_fails(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    places: list[Place] = []
    lease = Cache.lease
    monkeypatch.setattr(Cache, "lease", lambda cache, place: (places.append(place), lease(cache, place))[1])
    hook: list[object] = []
    monkeypatch.setattr(threading, "excepthook", hook.append)
    loader = FakeLoader()
    engine = start(loader)

    def release(loaded: object) -> None:
        raise SystemExit("twice")

    monkeypatch.setattr(loader, "release", release)
    with pytest.raises(RunFailed):
        ask(engine, "die").result()
    assert ask(engine, "one").result().output == text("one")
    monkeypatch.undo()
    engine.unload(key())
    assert engine.budget[0] == 0
    assert [place.leases for place in places] == [0] * len(places)


def test_where_no_thread_can_be_started_it_is_said(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    loader = FakeLoader(held=True)
    engine = start(loader)
    died = ask(engine, "die")
    loader.pipe().next_batch()
    waiting = ask(engine, "wait")

    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(ModelUnavailable, match="no thread left for other"):
        engine.submit(ECHO, key("other"), text(), Suffix())
    assert engine.info(key("other")) is None
    loader.pipe().open()
    for ticket in (died, waiting):
        with pytest.raises(RunFailed):
            ticket.result()


def test_a_thread_that_dies_while_the_engine_closes_loses_nobody(start: Start, caplog: pytest.LogCaptureFixture):
    loader = FakeLoader(held=True)
    engine = start(loader)
    died = ask(engine, "die")
    loader.pipe().next_batch()
    waiting = ask(engine, "wait")
    closing = threading.Thread(target=engine.close)
    closing.start()
    loader.held = False
    loader.pipe().open()
    closing.join(PATIENCE_S)
    assert not closing.is_alive()
    with pytest.raises(RunFailed):
        died.result()
    assert waiting.result().output == text("wait")


def test_closing_waits_for_all_that_hang_together_no_longer_than_for_one(start: Start, monkeypatch: pytest.MonkeyPatch):
    loader = FakeLoader(held=True)
    now_s = [1000.0]
    engine = start(loader, clock=lambda: now_s[0])
    for number in range(5):
        engine.submit(ECHO, key(f"{number}"), text(), Suffix())
        loader.pipe(f"{number}").next_batch()
    waited: list[float] = []
    join = threading.Thread.join

    def note(thread: threading.Thread, timeout: float | None = None) -> None:
        if timeout is None:
            join(thread)
            return
        waited.append(timeout)
        now_s[0] += timeout

    monkeypatch.setattr(threading.Thread, "join", note)
    engine.close(grace_s=0)
    assert sum(waited) <= 1.0
    assert len(waited) == 5


def test_a_callback_that_ends_its_thread_does_not_end_the_worker(start: Start, caplog: pytest.LogCaptureFixture):
    loader = FakeLoader(held=True)
    engine = start(loader)
    ticket = ask(engine, "one")

    def leave(ticket: Ticket) -> None:
        raise SystemExit

    ticket.add_done_callback(leave)
    loader.pipe().open()
    assert ticket.result().output == text("one")
    assert ask(engine, "two").result().output == text("two")
    assert loader.diary == [("load", "m")]
