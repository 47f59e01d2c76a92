"""A text that an endpoint writes while one looks on.

Owns putting its pieces together and showing them. Where a piece stands in an event is the protocols'.
"""

from __future__ import annotations

from core.engine import Ticket
from core.values import Value


class Growing:
    """Put a text together from its pieces.

    Attributes:
        text: what there is of it.
        begun: whether any of it was shown to who asked.
    """

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self.text = ""
        self.begun = False

    def add(self, piece: str) -> bool:
        """Add a piece and show the text; return whether to go on."""
        if piece:
            self.text += piece
            if self._ticket.streaming:
                self.begun = True
                self._ticket.emit(self.answer())
        return not self._ticket.stopped()

    def answer(self) -> Value:
        """Return what there is, as the task answers."""
        return self._ticket.task.output(text=self.text)  # type: ignore[call-arg]  # what streams is a text
