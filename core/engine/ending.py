"""How the requests of one run are answered: all at its end, or one that is whole while others are still written.

Owns what an answer says of its run. Which requests share one, and what happens when it fails, is the batcher's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.engine.key import Loaded
from core.engine.ticket import Ticket
from core.tasks.spec import Tokens, Watcher


@dataclass
class Ending:
    """Answer the tickets of one run: all when it ends, or one whose answer is whole while others go on.

    Args:
        began_s: when the run began, by the clock.
    """

    loaded: Loaded
    batch: Sequence[Ticket]
    clock: Callable[[], float]
    settle: Callable[[Sequence[Ticket]], None]
    began_s: float

    def __post_init__(self) -> None:
        self.left = list(self.batch)
        self._longest = max(ticket.length for ticket in self.batch)

    def early(self, ticket: Ticket, output: Any) -> None:
        """Answer one while others go on; one alone is answered at the end of its run."""
        if len(self.batch) > 1:
            self.left.remove(ticket)
            self.settle([ticket])
            self.answer(ticket, output, self._tokens(ticket, output))

    def watchers(self) -> list[Watcher]:
        """Return what stands for each before a task that writes several at once."""
        return [Watcher(ticket.emit, ticket.stopped, partial(self.early, ticket)) for ticket in self.batch]

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
        ticket.answer(
            output,
            run_ms=(self.clock() - self.began_s) * 1000,
            batch_size=len(self.batch),
            loaded=self.loaded,
            tokens=tokens,
            padding=self._longest - ticket.length,
        )

    def _tokens(self, ticket: Ticket, output: Any) -> Tokens | None:
        count = ticket.task.count_tokens
        return None if count is None else count(self.loaded.pipe, ticket.inputs, ticket.parameters, output)
