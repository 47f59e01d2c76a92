"""How the engine gets a demo's pipe: no weights, no memory, the function itself.

Owns telling demos from checkpoints; those are left to the loader of checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.demo import Ask
from core.demos.declaration import Demo, DemoPipe
from core.engine import Loaded, Loader, ModelKey
from core.engine.key import Progress
from core.tasks.spec import Checkpoint

COMPUTES_IN: Final = "python"
"""What stands in a run's record where a checkpoint has its runtime and dtype."""


class DemoLoader:
    """Load demos, and let another loader load the rest. Satisfies `core.engine.key.Loader`.

    Args:
        ask: through what a demo asks models.
    """

    def __init__(self, demos: Sequence[Demo], ask: Ask, checkpoints: Loader) -> None:
        self._demos = {demo.task.id: demo for demo in demos}
        self._ask = ask
        self._checkpoints = checkpoints

    def estimate_bytes(self, key: ModelKey) -> int:
        """Return the memory that a model will take; what a function takes nobody knows, and it is not counted."""
        return 0 if key.task_id in self._demos else self._checkpoints.estimate_bytes(key)

    def load(self, key: ModelKey, progress: Progress) -> Loaded:
        """Return the model, ready to run."""
        demo = self._demos.get(key.task_id)
        if demo is None:
            return self._checkpoints.load(key, progress)
        function = demo.task.load(Checkpoint(demo.file.parent, "float32", "cpu"))
        return Loaded(
            pipe=DemoPipe(function, self._ask),
            size_bytes=0,
            revision=demo.revision,
            labels=(),
            sampling_rate=None,
            dtype=COMPUTES_IN,
            device="cpu",
            runtime=COMPUTES_IN,
        )

    def release(self, loaded: Loaded) -> None:
        """Give memory back to the system."""
        self._checkpoints.release(loaded)
