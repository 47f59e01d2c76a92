"""A task that prepares its inputs, and writes down who did so and when."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.engine import Engine, Ticket
from core.tasks.spec import Task
from core.values import Text
from tests.engine.fakes import PATIENCE_S, FakeLoader, Pipe, Suffix, echo, make_task

BESIDE = "podium ahead of m"
"""What the thread is called that prepares for the model m."""


@dataclass(frozen=True)
class Ready:
    """Be what an input becomes."""

    text: Text


class Kitchen:
    """Prepare texts, and write down who did. One whose name is in `gates` waits to be let through."""

    def __init__(self) -> None:
        self.prepared: list[tuple[str, str]] = []
        self.pipes: dict[str, list[int]] = {}
        self.made: list[weakref.ref[Ready]] = []
        self.begun: queue.Queue[str] = queue.Queue()
        self.done: queue.Queue[str] = queue.Queue()
        self.gates: dict[str, threading.Event] = {}
        self.failures: dict[str, list[BaseException]] = {}

    def __call__(self, pipe: Pipe, inputs: Text, parameters: Suffix) -> Ready:
        name = inputs.text
        self.begun.put(name)
        if name in self.gates and not self.gates[name].wait(PATIENCE_S):
            raise TimeoutError("the test never let this one through")
        beside = threading.current_thread().name == BESIDE
        self.prepared.append((name, "beside" if beside else "model"))
        self.pipes.setdefault(name, []).append(id(pipe))
        ready = Ready(inputs)
        self.made.append(weakref.ref(ready))
        self.done.put(name)
        if self.failures.get(name):
            raise self.failures[name].pop(0)
        return ready

    def wait_for(self, *names: str) -> None:
        """Wait until these were prepared, or nearly, in this order."""
        assert [self.done.get(timeout=PATIENCE_S) for _ in names] == list(names)

    def held_at_second(self, engine: Engine, loader: FakeLoader, ask: Any) -> tuple[Ticket, Ticket]:
        """Ask for "one", which runs until its pipe is opened, and "two", which is being prepared until its gate is."""
        self.gates["two"] = threading.Event()
        first = ask(engine, "one")
        loader.pipe().next_batch()
        second = ask(engine, "two")
        assert [self.begun.get(timeout=PATIENCE_S) for _ in range(2)] == ["one", "two"]
        return first, second

    def task(self, **changes: Any) -> Task:
        return make_task(run=eat, prepare=self, **changes)


def eat(pipe: Pipe, inputs: Sequence[Ready], parameters: Suffix) -> list[Text]:
    if any(ready.text.text == "die" for ready in inputs):
        raise SystemExit("no ordinary error")
    return echo(pipe, [ready.text for ready in inputs], parameters)


def threads_beside() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == BESIDE]


def said(tickets: Sequence[Ticket]) -> list[str]:
    return [ticket.result().output.text for ticket in tickets]
