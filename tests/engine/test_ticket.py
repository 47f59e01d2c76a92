"""A request as its caller holds it: first outcome wins, news are coalesced, deadlines hold."""

from __future__ import annotations

import threading

import pytest

from core.engine import Answer, Event, Finished, Loaded, Loading, Partial, Running, Ticket, Waiting
from core.errors import Cancelled, DeadlineExceeded, RunFailed
from core.tasks.spec import Task
from tests.engine.fakes import ECHO, PATIENCE_S, Clock, Suffix, make_task, text

LOADED = Loaded(None, 1, "abc", (), None, "float32", "cpu")
NEVER_LOADED = (0.0, 0.0)


def make(clock: Clock, *, task: Task = ECHO, deadline_s: float = 10.0, streaming: bool = False) -> Ticket:
    return Ticket(
        task,
        text(),
        Suffix(),
        client="c",
        deadline_s=deadline_s,
        streaming=streaming,
        clock=clock,
        leave=lambda ticket: None,
    )


def streaming_task() -> Task:
    return make_task(stream=lambda pipe, inputs, parameters, emit, stopped: inputs)


def answer(ticket: Ticket, output: str = "yes") -> None:
    ticket.answer(text(output), run_ms=5.0, batch_size=3, loaded=LOADED)


def test_an_answer_says_where_the_time_went():
    clock = Clock()
    ticket = make(clock)
    clock.now_s += 5
    assert ticket.begin((1001.0, 1004.0))
    answer(ticket)
    assert ticket.result() == Answer(text("yes"), 2000.0, 5.0, 3000.0, 3, "abc", "float32", "cpu")


def test_a_load_that_began_before_the_request_counts_from_the_request():
    clock = Clock()
    ticket = make(clock)
    clock.now_s += 2
    assert ticket.begin((900.0, 1002.0))
    answer(ticket)
    assert (ticket.result().load_ms, ticket.result().queue_ms) == (2000.0, 0.0)


@pytest.mark.parametrize("second", ["answer", "cancel", "fail", "expire"])
def test_the_first_outcome_stands(second: str):
    clock = Clock()
    ticket = make(clock)
    answer(ticket, "first")
    {
        "answer": lambda: answer(ticket, "second"),
        "cancel": ticket.cancel,
        "fail": lambda: ticket.fail(RunFailed("no")),
        "expire": ticket.expire,
    }[second]()
    assert ticket.result().output == text("first")


def test_the_deadline_passes_whatever_the_engine_does():
    clock = Clock()
    ticket = make(clock, deadline_s=10)
    assert ticket.begin(NEVER_LOADED)
    clock.now_s += 10
    with pytest.raises(DeadlineExceeded, match="10 s"):
        ticket.result()
    assert ticket.stopped()
    answer(ticket)
    with pytest.raises(DeadlineExceeded):
        ticket.watch(lambda event: None)


def test_a_late_answer_is_no_answer():
    clock = Clock()
    ticket = make(clock, deadline_s=10)
    assert ticket.begin(NEVER_LOADED)
    clock.now_s += 11
    answer(ticket)
    with pytest.raises(DeadlineExceeded):
        ticket.result()


@pytest.mark.parametrize("end", ["cancel", "overdue"])
def test_what_has_ended_does_not_begin(end: str):
    clock = Clock()
    ticket = make(clock, deadline_s=10)
    if end == "cancel":
        ticket.cancel()
    else:
        clock.now_s += 10
    assert not ticket.begin(NEVER_LOADED)
    assert ticket.state() == Finished()


def test_watch_brings_the_newest_only():
    ticket = make(Clock(), task=streaming_task(), streaming=True)
    ticket.show(Waiting(1, 2))
    seen: list[Event] = []

    def on_event(event: Event) -> None:
        # What happens while the caller is busy here is news at its next look, and only the newest of it.
        if event == Waiting(1, 2):
            ticket.show(Waiting(0, 1))
            ticket.show(Loading(5, 10))
        elif event == Loading(5, 10):
            assert ticket.begin(NEVER_LOADED)
            for letters in ("a", "ab", "abc"):
                ticket.emit(letters)
        elif event == Partial("abc"):
            ticket.emit("abcd")
            answer(ticket)
        seen.append(event)

    assert ticket.watch(on_event).output == text("yes")
    assert seen == [Waiting(1, 2), Loading(5, 10), Running(), Partial("abc"), Partial("abcd"), Finished()]


def test_a_watcher_asleep_is_woken_by_each_change():
    ticket = make(Clock())
    told: dict[Event, threading.Event] = {event: threading.Event() for event in (Waiting(0, 1), Running(), Finished())}
    watcher = threading.Thread(target=ticket.watch, args=(lambda event: told[event].set(),))
    watcher.start()
    assert told[Waiting(0, 1)].wait(PATIENCE_S)
    ticket.begin(NEVER_LOADED)
    assert told[Running()].wait(PATIENCE_S)
    answer(ticket)
    assert told[Finished()].wait(PATIENCE_S)
    watcher.join(PATIENCE_S)
    assert not watcher.is_alive()


def test_what_a_callback_raises_comes_out_and_the_request_goes_on():
    ticket = make(Clock())

    def gone(event: Event) -> None:
        raise ConnectionError("the browser has left")

    with pytest.raises(ConnectionError):
        ticket.watch(gone)
    assert not ticket.done()
    ticket.cancel()
    with pytest.raises(Cancelled):
        ticket.result()


def test_stop_before_the_run_is_a_cancel():
    ticket = make(Clock(), task=streaming_task(), streaming=True)
    ticket.stop()
    with pytest.raises(Cancelled):
        ticket.result()


def test_stop_during_a_stream_keeps_what_there_is():
    ticket = make(Clock(), task=streaming_task(), streaming=True)
    assert ticket.begin(NEVER_LOADED)
    assert not ticket.stopped()
    ticket.stop()
    assert ticket.stopped()
    answer(ticket)
    assert ticket.result().stopped


def test_stop_means_nothing_to_a_run_that_does_not_stream():
    ticket = make(Clock(), streaming=True)  # its task has no stream
    assert ticket.begin(NEVER_LOADED)
    ticket.stop()
    answer(ticket)
    assert not ticket.result().stopped


def test_done_callbacks_are_called_once_each_even_if_late_or_broken(caplog: pytest.LogCaptureFixture):
    ticket = make(Clock())
    calls: list[str] = []

    def broken(ticket: Ticket) -> None:
        raise ValueError("a caller's mistake")

    ticket.add_done_callback(broken)
    ticket.add_done_callback(lambda done: calls.append("early" if done is ticket else "?"))
    answer(ticket)
    ticket.cancel()
    ticket.add_done_callback(lambda done: calls.append("late" if done is ticket else "?"))
    assert calls == ["early", "late"]
    assert "a caller's mistake" in caplog.text
