"""An engine over one checkpoint whose surveys can be waited for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from core.catalog import Catalog, ModelCard
from core.engine import Engine, ModelKey
from core.engine.loader import TransformersLoader
from core.engine.runtimes import survey as surveys
from core.engine.runtimes.rungs import named
from core.engine.runtimes.surveyor import Surveyor
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.tasks.spec import Task
from core.values import Labels, Text

TASK = get_task("text-classification")
OPENVINO = named("openvino float32")
PATIENCE_S = 120.0


class Site:
    """Hold an engine over one checkpoint, and a surveyor whose findings can be waited for."""

    def __init__(
        self,
        checkpoint: Path,
        folder: Path,
        runtime: str = "openvino",
        *,
        task: Task = TASK,
        budget_bytes: int = 10**9,
    ) -> None:
        self.task = task
        card = ModelCard(task_id=task.id, model_id="starters/tiny", title="Tiny", folder=checkpoint)
        self.key = ModelKey(task.id, card.model_id, None, "float32", "cpu", runtime)
        self.surveyor = Surveyor(folder)
        loader = TransformersLoader(
            hub=Hub(cache_folder=checkpoint, offline=True),
            catalog=Catalog([card]),
            tasks=TASKS,
            surveyor=self.surveyor,
            budget_bytes=budget_bytes,
        )
        self.engine = Engine(loader=loader, budget_bytes=budget_bytes)
        self.renewed = threading.Event()
        self.surveyor.found = self._renew

    def _renew(self, key: ModelKey) -> None:
        self.engine.renew(self.task, key)
        self.renewed.set()

    def ask(self, text: Text) -> tuple[Labels, str]:
        answer = self.engine.submit(TASK, self.key, text, TASK.checked_parameters({})).result()
        return answer.output, answer.runtime

    def close(self) -> None:
        self.surveyor.close()
        self.engine.close()


def favour(patch: pytest.MonkeyPatch) -> None:
    """Let plain torch take an hour, so that what a survey chooses is no matter of luck."""
    timed = surveys._probe_ms

    def slow_for_torch(calls: Any, ask: Any, lanes: int, unseen: Any) -> float:
        return timed(calls, ask, lanes, unseen) + (3.6e6 if ask.__name__ == "ask" else 0)

    patch.setattr(surveys, "_probe_ms", slow_for_torch)
