"""Whatever is asked, cancelled, overdue or too large, in any order: what a line and its batches promise.

One thread and a clock that the test sets, so that each example is the same every time. What is promised of order:
requests of one client with equal parameters and equal length are begun in the order in which they came. Of unlike
length, a later one may be begun earlier, as company of somebody else's batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine import Answer, Loaded, Ticket
from core.engine.batcher import LENGTH_RATIO, SLACK, Line, run_batch
from core.engine.room import padded
from core.errors import Cancelled, DeadlineExceeded, RunFailed, TooLarge
from core.tasks.spec import BATCH_BUDGETS
from core.values import Text
from tests.engine.fakes import Clock, Pipe, Suffix, as_they_are, make_task, text

HOLDS = 1500
"""What fits into this machine's memory, in padded characters; a batch may hold more."""

LOADED = Loaded(Pipe(held=False), 1, "abc", (), None, "float32", "cpu")


class Stage:
    """Be one model's line and thread, step by step."""

    def __init__(self) -> None:
        self.clock, self.line = Clock(), Line(1000)
        self.tickets: list[Ticket] = []
        self.ends: Counter[Ticket] = Counter()
        self.begun: list[Ticket] = []
        self.run_s = 0.0
        self.task = make_task(run=self.run)

    def ask(self, client: str, length: int, suffix: str, bad: bool, deadline_s: float) -> None:
        number = f"{len(self.tickets)}{'!' if bad else '.'}"
        ticket = Ticket(
            self.task,
            text(number.ljust(length, "x")),
            Suffix(suffix=suffix),
            client=client,
            deadline_s=deadline_s,
            streaming=False,
            clock=self.clock,
            leave=self.line.discard,
        )
        ticket.add_done_callback(self.ended)
        self.tickets.append(ticket)
        self.line.add(ticket)

    def ended(self, ticket: Ticket) -> None:
        self.ends[ticket] += 1
        in_time = ticket.left_s() > 0
        assert in_time == (not isinstance(ticket.outcome, DeadlineExceeded)) or isinstance(ticket.outcome, Cancelled)

    def run(self, pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
        batch = [self.tickets[int(each.text.rstrip("x")[:-1])] for each in inputs]
        assert all(ticket.left_s() > 0 and not ticket.done() for ticket in batch)  # nothing is run for nobody
        assert {ticket.parameters for ticket in batch} == {parameters}
        self.clock.now_s += self.run_s
        if padded(batch) > HOLDS:
            raise MemoryError
        if any("!" in each.text for each in inputs):
            raise ValueError("a bad input")
        return [text(each.text + parameters.suffix) for each in inputs]

    def serve(self, run_s: float) -> None:
        self.run_s = run_s
        limit = self.line.room.limit
        head = next(iter(self.line))
        batch = self.line.take()
        lengths = [ticket.length for ticket in batch]
        assert batch[0] is head
        assert len(batch) == 1 or (
            max(lengths) <= max(LENGTH_RATIO * min(lengths), min(lengths) + SLACK)
            and padded(batch) <= min(limit, BATCH_BUDGETS[Text])
        )
        self.begun += batch
        run_batch(
            LOADED,
            [each for each in batch if each.begin((0, 0))],
            self.clock,
            lambda done: None,
            self.line.room,
            self.line.pace,
            as_they_are,
        )


ASK = st.tuples(
    st.just("ask"),
    st.sampled_from("abc"),
    st.sampled_from([8, 12, 100, 700, 2000]),
    st.sampled_from(["", "?"]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([3.0, 1000.0]),
)
STEPS = st.lists(
    ASK | ASK | ASK | st.tuples(st.sampled_from(["serve", "cancel", "wait"]), st.integers(0, 5)), max_size=40
)


@settings(deadline=None, max_examples=150)
@given(STEPS)
def test_each_request_ends_once_in_time_in_order_with_its_own_answer(steps: list[tuple]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.engine.batcher.gc.collect", lambda: 0)
        stage = Stage()
        for step, *given_values in steps:
            if step == "ask":
                stage.ask(*given_values)
            elif step == "serve" and stage.line:
                stage.serve(float(given_values[0]))
            elif step == "cancel" and stage.tickets:
                stage.tickets[given_values[0] % len(stage.tickets)].cancel()
            elif step == "wait":
                stage.clock.now_s += given_values[0]
        while stage.line:
            stage.serve(0)
    assert stage.ends == Counter(stage.tickets)  # no loss, no duplicates
    assert max(Counter(stage.begun).values(), default=1) == 1
    for ticket in stage.tickets:
        bad, large = "!" in ticket.inputs.text, ticket.length > HOLDS
        outcome = ticket.outcome
        if isinstance(outcome, Answer):
            assert outcome.output.text == ticket.inputs.text + ticket.parameters.suffix
            assert not bad
            assert not large
        else:
            refusal = TooLarge if large else RunFailed if bad else DeadlineExceeded
            assert isinstance(outcome, Cancelled | DeadlineExceeded | refusal)
    alike = {(ticket.client, ticket.parameters, ticket.length) for ticket in stage.tickets}
    for kind in alike:
        mine = [each for each in stage.begun if (each.client, each.parameters, each.length) == kind]
        assert mine == sorted(mine, key=stage.tickets.index)


PLACES, AHEAD = 16, 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from(["new", "a", "b", "mine"]), max_size=3), min_size=1, max_size=5))
def test_whoever_comes_meanwhile_nobody_waits_longer_than_the_line_and_64_batches_for_each_of_his_own(
    rounds: list[list[str]],
):
    task = make_task(batches=False)
    line = Line(PLACES)
    clock = Clock()

    def ticket(client: str) -> Ticket:
        inputs, settings = text(), {"deadline_s": 10.0, "streaming": False, "clock": clock}
        return Ticket(task, inputs, Suffix(), client=client, **settings, leave=line.discard)

    mine = [ticket("mine") for _ in range(AHEAD + 1)]
    for each in mine:
        line.add(each)
    served: list[Ticket] = []
    for number, comers in enumerate(islice(cycle(rounds), 64 * AHEAD + PLACES)):
        for place, comer in enumerate(comers):
            client = f"new {number} {place}" if comer == "new" else comer
            if not line.is_full_for(client):
                line.add(ticket(client))
        if line:
            served += line.take()
    assert set(mine) <= set(served)
