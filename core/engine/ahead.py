"""What waits is made ready while the model runs: its tokens, its picture's pixels, its sound at the model's rate.

Owns the thread that does so, what it has made, and that the inputs of one model are prepared one at a time: tokenizers
that two threads use at once return wrong lengths, silently. Who is next is the line's to say, what an input becomes
its task's. A model that has nothing to do gets no help: its own thread prepares what comes, and wakes nobody for it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from core.engine.batcher import Line
from core.engine.ticket import Ticket

AHEAD: Final = 16
"""Inputs that are kept ready at most. No budget counts them: a picture of 384 by 384 pixels is 1.8 MB of numbers."""

AHEAD_ALONE: Final = 2
"""The same where inputs run one at a time, so that no more are wanted; these are also the largest, 13 MB and more."""


@dataclass(frozen=True)
class _Made:
    """Hold what an input became."""

    value: Any


class Ahead:
    """Prepare the inputs of one model; what waits, while it runs.

    Args:
        lock: the engine's. Never held while anything is prepared.
        line: what waits for the model.
        name: what its thread is called.
    """

    def __init__(self, lock: threading.RLock, line: Line, name: str) -> None:
        self._changed = threading.Condition(lock)
        self._one_at_a_time = threading.Lock()  # taken before the engine's, never while that is held
        self._line, self._name = line, name
        self._pipe: Any = None
        self._made: dict[Ticket, _Made | None] = {}
        self._thread: threading.Thread | None = None
        self._ended = False

    def take(self, pipe: Any, batch: Sequence[Ticket]) -> list[Any]:
        """Return each input as `run` is given it; until `rest` is called, what waits meanwhile is prepared.

        Call from the model's thread, which prepares what is not ready yet and waits for what is just being prepared.
        Raises: what the task's `prepare` does.
        """
        if batch[0].task.prepare is None:
            return [ticket.inputs for ticket in batch]
        with self._one_at_a_time:
            with self._changed:
                found = [self._made.pop(ticket, None) for ticket in batch]
            ready = [
                ticket.task.prepared(pipe, ticket.inputs, ticket.parameters) if made is None else made.value
                for ticket, made in zip(batch, found, strict=True)
            ]
        with self._changed:
            self._pipe = pipe
            self.look()
        return ready

    def look(self) -> None:
        """Have what waits prepared, if the model runs. Call under the lock."""
        if self._next() is not None and (self._thread is not None or self._starts()):
            self._changed.notify()

    def rest(self) -> None:
        """Begin nothing more, as the run is over. Call under the lock, before anybody hears of the answers.

        Whoever comes with the next question at once finds the model idle then, and nobody is woken.
        """
        self._pipe = None

    def forget(self, ticket: Ticket) -> None:
        """Let go of what was prepared for a request that has ended. Call under the lock."""
        self._made.pop(ticket, None)

    def let_go(self) -> None:
        """Let go of the pipe and of all that was made with it, and wait for what is just being made.

        Call from the model's thread, without the lock.
        """
        with self._changed:
            self._pipe = None
        with self._one_at_a_time, self._changed:
            self._made.clear()

    def end(self) -> None:
        """Let go, and end the thread. Call where `let_go` is."""
        self.let_go()
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()  # it has nothing to finish

    def _starts(self) -> bool:
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        with suppress(RuntimeError):  # where the system has no thread left, the model's own goes on preparing
            thread.start()
            self._thread = thread
        return self._thread is not None

    def _work(self) -> None:
        while self._is_wanted():
            with self._one_at_a_time:
                self._prepare_next()  # a call of its own, so that it holds no pipe any more when the lock is free

    def _is_wanted(self) -> bool:
        """Wait until there is something to prepare; False when the model's thread ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._next() is not None)
            return not self._ended

    def _prepare_next(self) -> None:
        with self._changed:
            pipe, ticket = self._pipe, self._next()
        if ticket is None:  # the run ended meanwhile
            return
        made = None
        # What fails is tried again by the model's thread, where its error is told to the one whom it concerns. That
        # includes what a panic in a tokenizer's Rust is raised as.
        with suppress(BaseException):
            made = _Made(ticket.task.prepared(pipe, ticket.inputs, ticket.parameters))
        with self._changed:
            if not ticket.done():  # else nobody would call `forget`
                self._made[ticket] = made

    def _next(self) -> Ticket | None:
        """Return who is to be prepared next: nobody while the model rests, and while enough are ready."""
        if self._pipe is None or not self._line:
            return None
        most = AHEAD if next(iter(self._line)).task.batches else AHEAD_ALONE
        if len(self._made) >= most:
            return None
        return next((ticket for ticket in islice(self._line, most) if self._is_unprepared(ticket)), None)

    def _is_unprepared(self, ticket: Ticket) -> bool:
        wants = ticket.task.prepare is not None and ticket.inputs is not None
        return wants and ticket not in self._made and not ticket.done() and ticket.left_s() > 0
