"""What the remote engine asks of a place that models run at, and what it gets.

Owns these shapes. Sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from core.engine import ModelKey, Ticket
from core.tasks.spec import Tokens

ELSEWHERE: Final = "elsewhere"
"""What stands in a run's record where a model that runs here has its dtype."""


@dataclass(frozen=True)
class Reply:
    """Hold an answer, and what is known of the model that gave it.

    Args:
        revision: what the place says that it runs, or where it is.
        dtype: what it computes in; `ELSEWHERE` where it does not say.
        batch_size: how many requests were answered in the same run; 0 if the answer was known there.
        labels: the model's own, where the place tells them.
        runtime: the library that computes it; `ELSEWHERE` where it does not say.
        padding: what the input was filled up with to be as long as the longest of its batch, where the place tells.
    """

    output: Any
    revision: str
    dtype: str
    device: str
    batch_size: int = 1
    tokens: Tokens | None = None
    labels: tuple[str, ...] = ()
    runtime: str = ELSEWHERE
    padding: int = 0


class Place(Protocol):
    """Stand for one model that runs elsewhere."""

    @property
    def host(self) -> str:
        """Return where that is, as visitors are told."""
        ...

    async def ask(self, ticket: Ticket) -> Reply:
        """Have a request answered: emit partial answers of a streaming one, end early when it is stopped.

        Cancelled when nobody waits any more.

        Raises: any ShowcaseError.
        """
        ...


class Places(Protocol):
    """Know the models that run elsewhere. The methods but `find` are called from the remote engine's own thread."""

    def find(self, key: ModelKey) -> Place | None:
        """Return where a model runs, None for here; at once."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
