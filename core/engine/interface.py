"""What the showcase asks of an engine, wherever its models run.

Owns that list. `core.engine.engine` runs models in this process; `core.remote` has them run elsewhere.
"""

from __future__ import annotations

from typing import Protocol

from core.engine.key import ModelKey
from core.engine.state import ModelStatus
from core.engine.ticket import Ticket
from core.tasks.spec import Parameters, Task
from core.values import Value


class AnyEngine(Protocol):
    """Run models for many callers at once. Each of the methods does what `Engine`'s does."""

    def submit(
        self,
        task: Task,
        key: ModelKey,
        inputs: Value | None,
        parameters: Parameters | None,
        *,
        client: str = "",
        deadline_s: float = 120.0,
        streaming: bool = False,
    ) -> Ticket:
        """Hand in a request and return its ticket; never block."""
        ...

    def load(self, task: Task, key: ModelKey, *, deadline_s: float = 600.0) -> Ticket:
        """Load a model before anybody asks it anything."""
        ...

    def models(self) -> list[ModelStatus]:
        """Return how every model stands that is loaded, loading, or asked elsewhere."""
        ...

    def info(self, key: ModelKey) -> ModelStatus | None:
        """Return how one model stands, None if it is neither loaded, loading, nor asked elsewhere."""
        ...

    def unload(self, key: ModelKey) -> None:
        """Let a model go."""
        ...

    def pin(self, key: ModelKey, pinned: bool) -> None:
        """Keep a model from making room for others, or stop doing so."""
        ...

    @property
    def budget(self) -> tuple[int, int]:
        """Return (bytes used, bytes there are) on this machine."""
        ...

    @property
    def budget_bytes(self) -> int:
        """Return what all models on this machine may cost together."""
        ...

    @property
    def counts(self) -> tuple[int, int]:
        """Return (models loaded, models that had to make room) on this machine, since the start."""
        ...

    def close(self, grace_s: float = 10.0) -> None:
        """Take nothing more, answer what can be answered in time, refuse the rest."""
        ...
