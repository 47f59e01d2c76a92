"""Whose requests this thread is answering, for code that asks another model on the way.

Owns that one fact. Set by the batcher around a run; read by who runs demos.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from core.engine.ticket import Ticket

_served: ContextVar[tuple[Ticket, ...]] = ContextVar("served", default=())


@contextmanager
def serving(batch: Sequence[Ticket]) -> Iterator[None]:
    """Say in this block that these requests are being answered."""
    token = _served.set(tuple(batch))
    try:
        yield
    finally:
        _served.reset(token)


def served() -> tuple[Ticket, ...]:
    """Return the requests that this thread is answering; none where it is no model's own thread."""
    return _served.get()
