"""What the engine says: where a request is, what came of it, how a model stands.

Owns these shapes, all frozen. Changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.engine.key import ModelKey
from core.engine.runtimes.findings import Finding
from core.tasks.spec import Tokens


@dataclass(frozen=True)
class Waiting:
    """Wait for a turn: `position` others are ahead, out of `of` that wait for this model."""

    position: int
    of: int


@dataclass(frozen=True)
class Loading:
    """Wait for the model: so many bytes of it are here."""

    bytes_done: int
    bytes_total: int | None


@dataclass(frozen=True)
class Running:
    """Be with the model."""


@dataclass(frozen=True)
class Finished:
    """Have an answer, or a refusal."""


@dataclass(frozen=True)
class Partial:
    """Bring what a streaming run has so far. Newer ones replace those not yet looked at."""

    value: Any


State = Waiting | Loading | Running | Finished
Event = State | Partial


@dataclass(frozen=True)
class Answer:
    """Hold an answer, how long each part of the way took, and which model it came from.

    Args:
        queue_ms: waiting for a turn or for memory, without the time the model took to load.
        batch_size: how many requests the model answered in the same run; 0 if the answer was known, and nothing ran.
        stopped: True if the caller ended a streaming run early, so that this is only what there was.
        tokens: what was read and written, where the task counts it.
        runtime: the library that computed it.
        padding: what its input was filled up with to be as long as the longest of its batch, in what the batches of its
            task are measured in: characters, pictures or milliseconds.
    """

    output: Any
    queue_ms: float
    run_ms: float
    load_ms: float
    batch_size: int
    revision: str
    dtype: str
    device: str
    stopped: bool = False
    tokens: Tokens | None = None
    runtime: str = "torch"
    padding: int = 0


@dataclass(frozen=True)
class ModelStatus:
    """Say how a model stands.

    Args:
        state: "loading" also while it waits for memory; "elsewhere" for one that runs on the host in `device`.
        size_bytes: its parameters and buffers, or what is reserved for it while it loads.
        waiting: requests in its line.
        in_use: requests that it is answering now.
        revision: what was loaded, by its full commit; empty while it loads, as are `labels` and the rest.
        finding: what a survey found of other ways to compute it; None where there was none.
    """

    key: ModelKey
    state: Literal["loading", "loaded", "elsewhere"]
    size_bytes: int
    pinned: bool
    waiting: int
    in_use: int
    last_used_s_ago: float
    runs: int
    labels: tuple[str, ...]
    sampling_rate: int | None
    revision: str
    dtype: str
    device: str
    bytes_done: int
    bytes_total: int | None
    runtime: str = ""
    finding: Finding | None = None
