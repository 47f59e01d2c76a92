"""Loads and runs that are killed, held up and made to fail at random: every request ends once, and the books close.

What happens is drawn from a seed; only how the threads take turns differs from run to run.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from core.engine import Answer, Engine, Ticket
from core.engine import batcher as batcher_module
from core.engine import cache as cache_module
from core.engine.batcher import Line
from core.engine.cache import Cache, Place, with_headroom
from core.errors import Busy, DoesNotFit, ModelUnavailable, RunFailed, ShowcaseError
from core.values import Text
from tests.engine.fakes import PATIENCE_S, Clock, Pipe, StrictLoader, Suffix, echo, key, make_task, text
from tests.engine.spelling import SPELLING

STEPS, MODELS = 600, "abcd"
FATES = ["fine"] * 16 + ["poison", "die", "too much together", "too much alone"]


def faulty(pipe: Pipe, inputs: Sequence[Text], parameters: Suffix) -> list[Text]:
    """Answer, or do what the texts say."""
    answers = echo(pipe, inputs, parameters)
    said = " ".join(each.text for each in inputs)
    if "die" in said:
        raise SystemExit("killed")
    if "alone" in said or ("together" in said and len(inputs) > 1):
        raise MemoryError
    return answers


FAULTY = make_task(run=faulty)
SIGNS = [""] * 16 + ["#", "~", "+", "?"]
"""What has the task that spells fail, die, run out of memory with others, or refuse one that joins."""


class Theatre:
    """Ask, cancel, hold up, kill and let go at random."""

    def __init__(self, engine: Engine, loader: StrictLoader, clock: Clock, choose: random.Random) -> None:
        self.engine, self.loader, self.clock, self.choose = engine, loader, clock, choose
        self.tickets: list[Ticket] = []
        self.ends: Counter[Ticket] = Counter()
        self.mistakes = 0

    def ask(self, name: str) -> None:
        task, said = FAULTY, f"{len(self.tickets)} {self.choose.choice(FATES)}" + "x" * self.choose.choice([0, 0, 40])
        suffix, client = self.choose.choice(["", "!"]), self.choose.choice("uvw")
        if self.choose.random() < 0.5:  # all alike, so that they join each other
            task, said = SPELLING, f"{self.choose.choice(SIGNS)}{len(self.tickets)}" + "x" * self.choose.choice([0, 4])
            suffix = ""
        deadline_s = self.choose.choice([5.0, 1e6, 1e6])
        try:
            ticket = self.engine.submit(
                task, key(name), text(said), Suffix(suffix=suffix), client=client, deadline_s=deadline_s
            )
        except Busy:
            return
        ticket.add_done_callback(lambda ended: self.ends.update([ended]))
        self.tickets.append(ticket)

    def fail_next_load(self, name: str) -> None:
        errors = [OSError("damaged"), MemoryError(), SystemExit("killed"), DoesNotFit("Too large.")]
        self.loader.failures[name] = [self.choose.choice(errors)]

    def hold_up_loads(self, name: str) -> None:
        self.loader.load_gates.setdefault(name, Event()).clear()

    def let_load(self, name: str) -> None:
        self.loader.load_gates.setdefault(name, Event()).set()

    def let_run(self, name: str) -> None:
        if name in self.loader.pipes:
            self.loader.pipes[name].let_go(self.choose.choice([1, 3]))

    def cancel(self, name: str) -> None:
        if self.tickets:
            self.choose.choice(self.tickets).cancel()

    def unload(self, name: str) -> None:
        with suppress(Busy):
            self.engine.unload(key(name))

    def pin(self, name: str) -> None:
        self.engine.pin(key(name), self.choose.random() < 0.3)

    def pass_time(self, name: str) -> None:
        self.clock.now_s += 1

    def break_the_worker(self, name: str) -> None:
        self.mistakes = 1

    def rest(self, name: str) -> None:
        """Let everything go on until everybody has an answer."""
        self.let_all_go()
        for ticket in self.tickets:
            with suppress(ShowcaseError):
                ticket.result()

    def play(self, steps: int) -> None:
        often = [self.ask] * 30 + [self.let_run] * 10 + [self.cancel, self.let_load] * 3
        rare = [self.hold_up_loads, self.fail_next_load, self.unload, self.pin, self.pass_time, self.break_the_worker]
        for _ in range(steps):
            self.choose.choice([*often, *rare, self.rest])(self.choose.choice(MODELS))
            self.loader.held = self.choose.random() < 0.5

    def let_all_go(self) -> None:
        self.mistakes = 0
        for name in MODELS:
            self.engine.pin(key(name), False)
        self.loader.open()


@pytest.fixture
def take_turns_often() -> Iterator[None]:
    """Let threads take turns every 10 microseconds instead of every 5 milliseconds."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual_s)


@pytest.fixture(scope="module")
def joined() -> Iterator[list[Ticket]]:
    """Collect who joined a run; in one play or another somebody has."""
    tickets: list[Ticket] = []
    yield tickets
    assert tickets


@pytest.mark.usefixtures("take_turns_often")
@pytest.mark.parametrize("is_cut_short", [False, True], ids=["to the end", "cut short"])
@pytest.mark.parametrize("seed", range(6))
def test_every_request_ends_once_and_nothing_is_left(
    seed: int,
    is_cut_short: bool,
    joined: list[Ticket],
    start: Callable[..., Engine],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    nothing = SimpleNamespace(collect=lambda: 0, freeze=lambda: None, unfreeze=lambda: None)
    monkeypatch.setattr(cache_module, "gc", nothing)  # a collection takes longer than all the rest
    monkeypatch.setattr(batcher_module, "gc", nothing)
    monkeypatch.setattr("core.engine.engine._LAST_JOIN_S", 0.0)
    places: set[Place] = set()
    lease, take = Cache.lease, Line.take
    monkeypatch.setattr(Cache, "lease", lambda cache, place: (places.add(place), lease(cache, place))[1])

    def take_or_break(line: Line, *how: Any) -> list[Ticket]:
        if theatre.mistakes:
            theatre.mistakes -= 1
            raise KeyboardInterrupt("a mistake of the worker's own")
        return take(line, *how)

    monkeypatch.setattr(Line, "take", take_or_break)
    take_more = Line.take_more

    def note_joined(line: Line, running: Sequence[Ticket], *how: Any) -> list[Ticket]:
        more = take_more(line, running, *how)
        joined.extend(more)
        return more

    monkeypatch.setattr(Line, "take_more", note_joined)
    budget_bytes = 2 * with_headroom(100)
    loader, clock = StrictLoader(dict.fromkeys(MODELS, 100), budget_bytes, held=True), Clock()
    engine = start(loader, budget_bytes, queue_limit=20, clock=clock)
    theatre = Theatre(engine, loader, clock, random.Random(seed))
    theatre.play(STEPS)
    if is_cut_short:
        engine.close(grace_s=0)
        assert all(ticket.done() for ticket in theatre.tickets)  # also those whose model or load hangs
    theatre.let_all_go()
    engine.close(grace_s=PATIENCE_S)

    assert theatre.ends == Counter(theatre.tickets)
    kinds = Counter(type(ticket.outcome) for ticket in theatre.tickets)
    assert kinds[Answer] > STEPS / 20
    assert kinds[RunFailed] + kinds[ModelUnavailable] > 0
    for ticket in theatre.tickets:
        if isinstance(ticket.outcome, Answer):
            added = "" if ticket.task is SPELLING else ticket.parameters.suffix
            assert ticket.outcome.output.text == ticket.inputs.text + added
            assert not any(fate in ticket.inputs.text for fate in ("poison", "die", "alone", "#", "~"))
        else:
            assert isinstance(ticket.outcome, ShowcaseError)
    assert loader.broken == []
    assert loader.here == {}
    assert engine.budget[0] == 0
    assert {place.leases for place in places} == {0}
    assert engine.models() == []
