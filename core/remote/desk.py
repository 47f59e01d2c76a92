"""The books of one model that runs elsewhere: what waits, what is under way, how it has gone.

Owns its line, in which clients take turns. Read and changed under the remote engine's lock only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from core.engine import ModelKey, ModelStatus, Ticket, Waiting
from core.engine.batcher import Line
from core.errors import Busy
from core.remote.place import Place, Reply

_FIRST_GUESS_S: Final = 1.0
"""What a request is taken to last before one has been timed."""

_MEMORY_OF_TIMES: Final = 0.8
"""How much of the time per request is what it was before the newest one."""


class Desk:
    """Keep the books of one model.

    Args:
        queue_limit: the most requests that may wait.
        at_once: the most that may be under way.
    """

    def __init__(
        self, key: ModelKey, place: Place, *, queue_limit: int, at_once: int, clock: Callable[[], float]
    ) -> None:
        self.key, self.place, self._at_once, self._clock = key, place, at_once, clock
        self._line = Line(queue_limit)
        self._running: set[Ticket] = set()
        self._request_s = _FIRST_GUESS_S
        self._runs = 0
        self._last_used_s = clock()
        self._last: Reply | None = None

    @property
    def is_busy(self) -> bool:
        """Return whether anything waits or is under way."""
        return bool(self._running or len(self._line))

    def add(self, ticket: Ticket) -> None:
        """Put a request in the line.

        Raises: Busy if the line is full, with the time its requests are likely to take.
        """
        # Whoever will be sent in a moment does not count as waiting.
        if len(self._line) + len(self._running) >= self._at_once and self._line.is_full_for(ticket.client):
            retry_after_s = max(1.0, round(len(self._line) * self._request_s / max(1, len(self._running)), 1))
            raise Busy(
                f"{len(self._line)} requests already wait for {self.key.model_id}, and there is no place for more.",
                hint=f"Try again in {retry_after_s:.0f} s.",
                retry_after_s=retry_after_s,
            )
        self._line.add(ticket)
        self._renumber()

    def take(self) -> Ticket | None:
        """Take the request whose turn it is, None if nobody waits or as many are under way."""
        if not len(self._line) or len(self._running) >= self._at_once:
            return None
        (ticket,) = self._line.take()
        self._running.add(ticket)
        self._renumber()
        return ticket

    def discard(self, ticket: Ticket) -> None:
        """Take a request out of the line, if it still waits there."""
        if self._line.discard(ticket):
            self._renumber()

    def settle(self, ticket: Ticket, reply: Reply | None, run_ms: float) -> None:
        """Note that a request is no longer under way, and what it came to."""
        self._running.discard(ticket)
        self._last_used_s = self._clock()
        if reply is not None:
            self._runs += 1
            self._request_s += (1 - _MEMORY_OF_TIMES) * (run_ms / 1000 - self._request_s)
            self._last = reply

    def clear(self) -> list[Ticket]:
        """Return everything that is left to refuse."""
        return [*self._line, *self._running]

    def status(self) -> ModelStatus:
        """Return how the model stands, as far as that can be told from here."""
        last = self._last
        return ModelStatus(
            key=self.key,
            state="elsewhere",
            size_bytes=0,
            pinned=False,
            waiting=len(self._line),
            in_use=len(self._running),
            last_used_s_ago=0.0 if self.is_busy else max(0.0, self._clock() - self._last_used_s),
            runs=self._runs,
            labels=() if last is None else last.labels,
            sampling_rate=None,
            revision="" if last is None else last.revision,
            dtype="" if last is None else last.dtype,
            device=self.place.host,
            bytes_done=0,
            bytes_total=None,
            runtime="" if last is None else last.runtime,
        )

    def _renumber(self) -> None:
        count = len(self._line)
        for position, ticket in enumerate(self._line):
            ticket.show(Waiting(position, count))
