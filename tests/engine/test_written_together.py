"""Texts that are written in one run: whichever wait, as a run takes as long as what it writes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.engine import Loaded, Ticket
from core.engine.batcher import READ_FOR_WRITING, WRITTEN_AT_ONCE, Line, run_batch
from core.engine.pace import ENOUGH
from core.tasks.spec import BATCH_BUDGETS, Task
from core.values import Text
from tests.engine.fakes import Clock, Pipe, Suffix, as_they_are, make_task, text

TASK = make_task(writes=True)
CLOCK = Clock()
LOADED = Loaded(Pipe(held=False), 1, "abc", (), None, "float32", "cpu")


def ticket_of(length: int, task: Task = TASK) -> Ticket:
    return Ticket(
        task,
        text("x" * length),
        Suffix(suffix=""),
        client="a",
        deadline_s=1e9,
        streaming=False,
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
