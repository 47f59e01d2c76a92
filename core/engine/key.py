"""What is asked of the engine and what it gets: the key of a model, a loaded model, and who loads it.

Owns these three shapes. Holds no model and does no work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.engine.runtimes.findings import Finding

Progress = Callable[[int, int | None], None]
"""Told how many bytes are here and how many there will be, None while nobody knows."""

Blocks = Mapping[tuple[str, int], int]
"""Pieces of memory: how many bytes each has, by its device and address."""


@dataclass(frozen=True)
class ModelKey:
    """Name a model for a task, as it is asked for. Equal keys share one loaded model.

    Args:
        revision: a commit, a branch, or None for whatever is newest; `Loaded.revision` says what it was.
        runtime: which library may compute it: auto for the fastest that agrees with plain float32.
    """

    task_id: str
    model_id: str
    revision: str | None
    dtype: str
    device: str
    runtime: str = "torch"


@dataclass(frozen=True)
class Loaded:
    """Hold a model that can run, and what it turned out to be.

    Args:
        pipe: what a task's `run` is given; None once it has been let go.
        size_bytes: its parameters and buffers.
        revision: the full commit, or a digest of the content for a folder.
        labels: the model's own labels; empty where it has none.
        sampling_rate: what it listens at, in Hz; None where it does not listen.
        runtime: the library that computes it.
        finding: what a survey found of other ways to compute it, None where there was none.
        storages: where its weights lie; what two loaded models share is counted once. Empty where nobody can say.
    """

    pipe: Any
    size_bytes: int
    revision: str
    labels: tuple[str, ...]
    sampling_rate: int | None
    dtype: str
    device: str
    runtime: str = "torch"
    finding: Finding | None = None
    storages: Blocks = field(default_factory=dict)


class Loader(Protocol):
    """Make pipes. Every method of one key is called from that key's own thread."""

    def estimate_bytes(self, key: ModelKey) -> int:
        """Return the memory that its parameters and buffers will take, before anything is downloaded.

        Raises: ModelUnavailable if that cannot be found out.
        """
        ...

    def load(self, key: ModelKey, progress: Progress) -> Loaded:
        """Load it, telling `progress` how far the download is. May raise anything: files can be damaged."""
        ...

    def release(self, loaded: Loaded) -> None:
        """Give memory back to the system. `loaded.pipe` is None: the engine has let go of it by then."""
        ...
