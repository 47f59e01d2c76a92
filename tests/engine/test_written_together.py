"""Texts that are written in one run: whichever wait, as a run takes as long as what it writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from core.engine import Loaded, Partial, Ticket
from core.engine.batcher import READ_FOR_WRITING, WRITTEN_AT_ONCE, Line, run_batch
from core.engine.pace import ENOUGH
from core.tasks.spec import BATCH_BUDGETS, Newcomers, Task, Watcher
from core.values import Text
from tests.engine.fakes import Clock, Pipe, Suffix, as_they_are, make_task, text

TASK = make_task(writes=True)
CLOCK = Clock()
LOADED = Loaded(Pipe(held=False), 1, "abc", (), None, "float32", "cpu")


def ticket_of(length: int, task: Task = TASK, *, streaming: bool = False) -> Ticket:
    return Ticket(
        task,
        text("x" * length),
        Suffix(suffix=""),
        client="a",
        deadline_s=1e9,
        streaming=streaming,
        clock=CLOCK,
        leave=lambda _: None,
    )


def waiting(*lengths: int) -> Line:
    line = Line(1000)
    for length in lengths:
        line.add(ticket_of(length))
    return line


def first_batch(line: Line) -> list[int]:
    return [ticket.length for ticket in line.take()]


def test_lengths_do_not_matter_but_how_many_there_are() -> None:
    assert first_batch(waiting(10, 200, 3, 1000)) == [10, 200, 3, 1000]
    assert len(first_batch(waiting(*[50] * (WRITTEN_AT_ONCE + 3)))) == WRITTEN_AT_ONCE


def test_the_prompts_of_a_run_are_bounded_and_so_is_what_fits_into_memory() -> None:
    most = READ_FOR_WRITING * BATCH_BUDGETS[Text]
    assert first_batch(waiting(10, most // 2, most // 2, most // 3)) == [10, most // 2]
    small = waiting(100, 100, 100)
    small.room.limit = 200
    assert first_batch(small) == [100, 100]


@dataclass(frozen=True)
class Long:
    """Be parameters that let so many tokens be written."""

    max_new_tokens: int = 100


def test_what_is_known_to_fit_bounds_a_run_instead_and_counts_what_will_be_written() -> None:
    def batch_where(fits: float) -> list[int]:
        line = waiting(50, most, 60)
        for ticket in line:
            ticket.parameters = Long()  # type: ignore[assignment]  # of no task
        return [ticket.length for ticket in line.take("cpu", lambda: fits)]

    most = READ_FOR_WRITING * BATCH_BUDGETS[Text]
    assert batch_where(3 * (most + 100)) == [50, most, 60]
    assert batch_where(3 * (most + 100) - 1) == [50, most]
    assert batch_where(2 * (60 + 100)) == [50, 60]
    assert batch_where(2 * (60 + 100) - 1) == [50]
    assert batch_where(0) == [50]  # one is always tried


@pytest.mark.parametrize("writes", [True, False])
def test_how_long_a_run_took_says_how_much_belongs_into_one_only_where_nothing_is_written(writes: bool) -> None:
    def run(_pipe: Pipe, inputs: Sequence[Text], _parameters: Suffix) -> list[Text]:
        CLOCK.now_s += len(inputs[0].text)  # longer than anybody is to wait for others
        return list(inputs)

    task, line, guess = make_task(writes=writes, run=run), Line(1000), BATCH_BUDGETS[Text]
    for number in range(1, 2 * ENOUGH):
        ticket = ticket_of(50 * number, task)
        ticket.begin((0, 0))
        run_batch(LOADED, [ticket], CLOCK, lambda done: None, line.room, line.pace, as_they_are)
    assert (line.pace.budget(guess) == guess) == writes


def grow(_: Pipe, inputs: Sequence[Text], __: Suffix, watchers: Sequence[Watcher], ___: Newcomers) -> list[Text]:
    for watcher, given in zip(watchers, inputs, strict=True):
        if watcher.emit is not None:
            watcher.emit(text(given.text[:1]))
    return list(inputs)


def test_who_watches_shares_a_run_with_who_does_not() -> None:
    task = make_task(writes=True, stream=lambda *_: None, stream_together=grow)
    tickets = [ticket_of(length, task, streaming=length < 5) for length in (2, 3, 50)]
    line = Line(1000)
    for ticket in tickets:
        line.add(ticket)
        ticket.begin((0, 0))
    batch = line.take()
    assert batch == tickets
    run_batch(LOADED, batch, CLOCK, lambda done: None, line.room, line.pace, as_they_are)
    for ticket in tickets:
        events: list[object] = []
        answer = ticket.watch(events.append)
        assert answer.output == ticket.inputs
        assert answer.batch_size == 3
        assert (Partial(text("x")) in events) == ticket.streaming


def test_who_is_ready_is_answered_while_the_others_are_written() -> None:
    done: list[list[bool]] = []

    def write(_: Pipe, inputs: Sequence[Text], __: Suffix, watchers: Sequence[Watcher], ___: Newcomers) -> list[Text]:
        watchers[1].end(text("ready"))
        done.append([ticket.done() for ticket in tickets])
        CLOCK.now_s += 5
        return [text("last") for _ in inputs]

    task = make_task(writes=True, stream=lambda *_: None, stream_together=write)
    tickets = [ticket_of(3, task, streaming=True) for _ in range(3)]
    settled: list[list[Ticket]] = []
    line = Line(1000)
    for ticket in tickets:
        ticket.begin((0, 0))
    run_batch(LOADED, tickets, CLOCK, lambda some: settled.append([*some]), line.room, line.pace, as_they_are)
    assert done == [[False, True, False]]
    assert [ticket.result().output.text for ticket in tickets] == ["last", "ready", "last"]
    assert [ticket.result().run_ms for ticket in tickets] == [5000, 0, 5000]
    assert settled == [[tickets[1]], [tickets[0], tickets[2]]]


def test_who_was_ready_is_not_written_again_when_the_run_fails() -> None:
    seen: list[int] = []

    def write(_: Pipe, inputs: Sequence[Text], __: Suffix, watchers: Sequence[Watcher], ___: Newcomers) -> list[Text]:
        seen.append(len(inputs))
        if len(inputs) == 1:
            return [text("alone")]
        watchers[0].end(text("ready"))
        raise ValueError("no more")

    task = make_task(writes=True, stream=lambda *_: None, stream_together=write)
    tickets = [ticket_of(3, task, streaming=True) for _ in range(3)]
    line = Line(1000)
    for ticket in tickets:
        ticket.begin((0, 0))
    run_batch(LOADED, tickets, CLOCK, lambda _: None, line.room, line.pace, as_they_are)
    assert [ticket.result().output.text for ticket in tickets] == ["ready", "alone", "alone"]
    assert seen == [3, 1, 1]


def test_one_who_is_left_when_memory_runs_out_is_written_alone_and_says_nothing_of_others() -> None:
    def write(_: Pipe, inputs: Sequence[Text], __: Suffix, watchers: Sequence[Watcher], ___: Newcomers) -> list[Text]:
        if len(inputs) == 1:
            return [text("alone")]
        watchers[0].end(text("ready"))
        raise MemoryError

    task = make_task(writes=True, stream=lambda *_: None, stream_together=write)
    tickets, line = [ticket_of(3, task) for _ in range(2)], Line(1000)
    for ticket in tickets:
        ticket.begin((0, 0))
    run_batch(LOADED, tickets, CLOCK, lambda _: None, line.room, line.pace, as_they_are)
    assert [ticket.result().output.text for ticket in tickets] == ["ready", "alone"]
    assert line.room.limit == math.inf


def test_a_stream_that_knows_of_no_other_has_a_run_to_itself() -> None:
    task = make_task(writes=True, stream=lambda *_: None)
    line = Line(1000)
    for length in (2, 3, 50, 60):
        line.add(ticket_of(length, task, streaming=length < 5))
    assert [first_batch(line) for _ in range(3)] == [[2], [3], [50, 60]]
