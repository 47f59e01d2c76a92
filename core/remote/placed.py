"""One engine of two: each model is asked where the catalog says that it runs.

Owns that choice. What is loaded here, and the budget of it, is the local engine's.
"""

from __future__ import annotations

import time

from core.engine import AnyEngine, ModelKey, ModelStatus, Ticket
from core.remote.engine import RemoteEngine
from core.tasks.spec import Parameters, Task
from core.values import Value


class PlacedEngine:
    """Run models here or elsewhere. Satisfies `core.engine.AnyEngine`."""

    def __init__(self, *, here: AnyEngine, elsewhere: RemoteEngine) -> None:
        self._here, self._elsewhere = here, elsewhere

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
        """Hand in a request and return its ticket. Never blocks.

        Raises: Busy if too many wait for this model; ModelUnavailable when the engine is closed.
        """
        engine = self._elsewhere if self._elsewhere.has(key) else self._here
        return engine.submit(task, key, inputs, parameters, client=client, deadline_s=deadline_s, streaming=streaming)

    def load(self, task: Task, key: ModelKey, *, deadline_s: float = 600.0) -> Ticket:
        """Load a model before anybody asks it anything; one that runs elsewhere is not loaded.

        Raises what `submit` raises.
        """
        return self.submit(task, key, None, None, deadline_s=deadline_s)

    def models(self) -> list[ModelStatus]:
        """Return how every model stands: those loaded or loading here, then those asked elsewhere."""
        return [*self._here.models(), *self._elsewhere.models()]

    def info(self, key: ModelKey) -> ModelStatus | None:
        """Return how one model stands, None if it is neither loaded, loading, nor asked elsewhere."""
        return self._elsewhere.info(key) if self._elsewhere.has(key) else self._here.info(key)

    def unload(self, key: ModelKey) -> None:
        """Let a model go that is loaded here.

        Raises: Busy if it is in use.
        """
        self._here.unload(key)

    def pin(self, key: ModelKey, pinned: bool) -> None:
        """Keep a model from making room for others here, or stop doing so."""
        self._here.pin(key, pinned)

    @property
    def budget(self) -> tuple[int, int]:
        """Return (bytes used, bytes there are) here."""
        return self._here.budget

    @property
    def budget_bytes(self) -> int:
        """Return what all models here may cost together."""
        return self._here.budget_bytes

    @property
    def counts(self) -> tuple[int, int]:
        """Return (models loaded, models that had to make room) here, since the start."""
        return self._here.counts

    def close(self, grace_s: float = 10.0) -> None:
        """Take nothing more, answer what can be answered in time, refuse the rest."""
        until_s = time.monotonic() + grace_s
        self._elsewhere.close(grace_s)
        self._here.close(max(0.0, until_s - time.monotonic()))
