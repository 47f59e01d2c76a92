"""An overdue request ends though nobody waits on its ticket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from core.engine import Ticket
from core.engine.deadlines import Deadlines
from core.errors import DeadlineExceeded, RunFailed
from tests.engine.fakes import ECHO, PATIENCE_S, Suffix, text

Make = Callable[[float], tuple[Ticket, threading.Event]]


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    deadlines = Deadlines(time.monotonic)
    yield deadlines
    deadlines.close()


@pytest.fixture
def make() -> Make:
    def make_ticket(deadline_s: float) -> tuple[Ticket, threading.Event]:
        ended = threading.Event()
        settings = {"client": "c", "streaming": False, "clock": time.monotonic, "leave": lambda ticket: None}
        ticket = Ticket(ECHO, text(), Suffix(), deadline_s=deadline_s, **settings)
        ticket.add_done_callback(lambda ticket: ended.set())
        return ticket, ended

    return make_ticket


def test_the_overdue_ends_and_the_others_go_on(make: Make):
    about_to_sleep = threading.Event()

    def clock() -> float:
        about_to_sleep.set()  # read under the lock, just before the thread sleeps until the next deadline
        return time.monotonic()

    deadlines = Deadlines(clock)
    late, _ = make(3600)
    deadlines.add(late)
    assert about_to_sleep.wait(PATIENCE_S)
    soon, soon_ended = make(0.02)
    deadlines.add(soon)
    assert soon_ended.wait(PATIENCE_S)
    with pytest.raises(DeadlineExceeded):
        soon.result()
    assert not late.done()
    deadlines.close()


def test_one_without_end_does_not_end(deadlines: Deadlines, make: Make):
    endless, _ = make(float("inf"))
    deadlines.add(endless)
    overdue, ended = make(0)
    deadlines.add(overdue)
    assert ended.wait(PATIENCE_S)
    assert not endless.done()


def test_what_has_ended_is_forgotten(deadlines: Deadlines, make: Make):
    before, _ = make(3600)
    before.fail(RunFailed("no"))
    after, _ = make(3600)
    for ticket in (before, after):
        deadlines.add(ticket)
    after.fail(RunFailed("no"))
    assert not deadlines._open  # else every input would be kept until its deadline


def test_closing_ends_the_thread(make: Make):
    others = set(threading.enumerate())  # another test's showcase may live for the whole session
    deadlines = Deadlines(time.monotonic)
    deadlines.close()
    running = Deadlines(time.monotonic)
    running.add(make(3600)[0])
    running.close()
    assert not any(thread.name == "podium deadlines" for thread in set(threading.enumerate()) - others)
