"""The thread that ends overdue requests, whether or not anybody waits on their tickets.

Owns only the set of open tickets. What ending one means is the ticket's business.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from core.engine.ticket import Ticket


class Deadlines:
    """Keep the deadlines of the tickets added to it. Its thread starts with the first one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._open: set[Ticket] = set()
        self._wakes_at_s = -math.inf
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, ticket: Ticket) -> None:
        """See to it that this ticket ends in time."""
        with self._changed:
            self._open.add(ticket)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._keep, name="podium deadlines", daemon=True)
                self._thread.start()
            if ticket.deadline_s < self._wakes_at_s:
                self._changed.notify()
        ticket.add_done_callback(self._forget)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _keep(self) -> None:
        while not self._closed:
            with self._changed:
                overdue = [ticket for ticket in self._open if ticket.left_s() <= 0]
                if not overdue and not self._closed:
                    self._wakes_at_s = min((ticket.deadline_s for ticket in self._open), default=math.inf)
                    left_s = self._wakes_at_s - self._clock()
                    self._changed.wait(min(max(0.0, left_s), threading.TIMEOUT_MAX))
            for ticket in overdue:
                ticket.expire()

    def _forget(self, ticket: Ticket) -> None:
        with self._changed:
            self._open.discard(ticket)
