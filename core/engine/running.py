"""Who one model is answering, in the engine's books.

Owns that list, its count of answers and that each lease on the model's place is given back once. Takes no lock: who
calls it holds the engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.engine.cache import Cache, Place
from core.engine.ticket import Ticket


class Running:
    """Keep who is being answered.

    Args:
        rest: called when nobody is any more.
    """

    def __init__(self, cache: Cache, place: Place, rest: Callable[[], None]) -> None:
        self._cache, self._place, self._rest = cache, place, rest
        self.tickets: list[Ticket] = []
        self.answered = 0

    def begin(self, tickets: Sequence[Ticket]) -> None:
        """Note who has left the line to be answered, and holds a lease on the place."""
        self.tickets = [*self.tickets, *tickets]

    def settle(self, tickets: Sequence[Ticket]) -> None:
        """Note who is about to be answered or refused."""
        self.answered += sum(ticket.inputs is not None for ticket in tickets)
        self.let_go_of(tickets)

    def let_go_of(self, tickets: Sequence[Ticket]) -> None:
        """Take those off the books that are still on them."""
        ended = set(tickets)
        left = [ticket for ticket in self.tickets if ticket not in ended]
        if len(left) < len(self.tickets):
            self._cache.give_back(self._place, len(self.tickets) - len(left))
        self.tickets = left
        if not left:
            self._rest()

    def end(self) -> list[Ticket]:
        """Take everybody off the books; return who it was."""
        tickets = self.tickets
        self.let_go_of(tickets)
        return tickets
