"""How the requests of one run are answered: all at its end, or one that is whole while others are still written.

Owns who is in the run, also who joins it while it goes on, and what an answer says of it. Which requests share one, and
what happens when it fails, is the batcher's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from core.engine.key import Loaded
from core.engine.ticket import Ticket
from core.errors import ShowcaseError
from core.tasks.spec import Tokens, Watcher

MOST: Final = 1024
"""Requests that one run answers at most: it holds on to each to its end, which under constant load never came."""

Join = Callable[[Sequence[Ticket]], Sequence[Ticket]]
"""Given the requests that a run is answering, returns those that join it, which have begun."""


def nobody_joins(_: Sequence[Ticket]) -> Sequence[Ticket]:
    """Let a run be of those it began with."""
    return ()


class Ending:
    """Answer the tickets of one run: all when it ends, or one whose answer is whole while others go on.

    `batch` holds everybody of the run in the order in which they came, `left` who is not answered yet.

    Args:
        join: says who joins the run, when that asks for newcomers.
        told: makes of what was raised what a caller is told.
    """

    def __init__(
        self,
        loaded: Loaded,
        batch: Sequence[Ticket],
        clock: Callable[[], float],
        settle: Callable[[Sequence[Ticket]], None],
        join: Join,
        told: Callable[[Exception], ShowcaseError],
    ) -> None:
        self.loaded, self._clock, self._settle, self._join, self._told = loaded, clock, settle, join, told
        self.batch: list[Ticket] = []
        self.left: list[Ticket] = []
        self._began: dict[Ticket, tuple[float, int]] = {}
        self._beside: dict[Ticket, int] = {}
        self._reused: dict[Ticket, int] = {}
        self._begin(batch)

    def _begin(self, tickets: Sequence[Ticket]) -> None:
        """Note that these are answered from now on, filled up to the longest of them, and with whom."""
        began = self._clock(), max(ticket.length for ticket in tickets)
        self.batch += tickets
        self.left += tickets
        self._began |= dict.fromkeys(tickets, began)
        self._beside |= {ticket: max(len(self.left), self._beside.get(ticket, 0)) for ticket in self.left}

    def watchers(self) -> list[Watcher]:
        """Return what stands for each that is left before a task that writes several at once."""
        return [self._watcher(ticket) for ticket in self.left]

    def newcomers(self) -> list[tuple[Any, Watcher]]:
        """Return the inputs that join the run now, each with what stands for its ticket."""
        tickets = self._join(self.left) if len(self.batch) < MOST else ()
        if tickets:
            self._begin(tickets)
        return [(ticket.inputs, self._watcher(ticket)) for ticket in tickets]

    def _watcher(self, ticket: Ticket) -> Watcher:
        emit = ticket.emit if ticket.streaming else None
        reused = partial(self._reused.__setitem__, ticket)
        return Watcher(emit, ticket.stopped, partial(self._early, ticket), partial(self._refused, ticket), reused)

    def _early(self, ticket: Ticket, output: Any) -> None:
        """Answer one while others may go on."""
        tokens = self._tokens(ticket, output)  # may fail, and then it is one of those that are left
        self.left.remove(ticket)
        self._settle([ticket])
        self.answer(ticket, output, tokens)

    def _refused(self, ticket: Ticket, error: Exception) -> None:
        """Refuse one while others may go on."""
        self.left.remove(ticket)
        self.batch.remove(ticket)
        self._settle([ticket])
        ticket.fail(self._told(error))

    def counts(self, outputs: Any) -> list[Tokens | None]:
        """Return the tokens of each that is not answered yet, of a task that counts them; may raise what it does."""
        task = self.batch[0].task
        if task.count_tokens is None or self.batch[0].inputs is None:
            return [None] * len(self.batch)
        return [
            self._tokens(ticket, output) if ticket in self.left else None
            for ticket, output in zip(self.batch, outputs, strict=True)
        ]

    def answer(self, ticket: Ticket, output: Any, tokens: Tokens | None) -> None:
        """Answer one, unless it has ended."""
        began_s, longest = self._began[ticket]
        ticket.answer(
            output,
            run_ms=(self._clock() - began_s) * 1000,
            batch_size=self._beside[ticket],
            loaded=self.loaded,
            tokens=tokens,
            padding=longest - ticket.length,
        )

    def _tokens(self, ticket: Ticket, output: Any) -> Tokens | None:
        count = ticket.task.count_tokens
        if count is None:
            return None
        counted = count(self.loaded.pipe, ticket.inputs, ticket.parameters, output)
        return replace(counted, cached=self._reused.get(ticket, 0))
