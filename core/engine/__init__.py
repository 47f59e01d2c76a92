"""The engine: loads models, keeps them within a byte budget, gathers requests into batches, answers.

Read it in this order: `key` (what is asked for and what is loaded), `state` (what it says), `ticket` (a request as its
caller holds it), `batcher` (who is next, and with whom), `ending` (how a run is answered, and who joins it), `room`
(how much runs at once), `cache` (what stays in memory), `ahead` (what waits is made ready while the model runs),
`worker` (the one thread that owns a model), `running` (whom it answers), `engine` (the facade). `deadlines` ends what
is overdue, `serving` says whose request a thread answers, `budget` finds out how much memory there is, `loader` makes
pipes, `runtimes` has them computed by the fastest library that agrees, `sharing` lets two tasks of one checkpoint use
the same weights, `allocator` gives memory back, `interface` is what every engine can do. Knows nothing of pages, HTTP
or the store.
"""

from core.engine.engine import Engine
from core.engine.interface import AnyEngine
from core.engine.key import Loaded, Loader, ModelKey
from core.engine.runtimes.findings import Finding
from core.engine.serving import served
from core.engine.state import (
    Answer,
    Event,
    Finished,
    Loading,
    ModelStatus,
    Partial,
    Running,
    State,
    Waiting,
)
from core.engine.ticket import Ticket

__all__ = [
    "Answer",
    "AnyEngine",
    "Engine",
    "Event",
    "Finding",
    "Finished",
    "Loaded",
    "Loader",
    "Loading",
    "ModelKey",
    "ModelStatus",
    "Partial",
    "Running",
    "State",
    "Ticket",
    "Waiting",
    "served",
]
