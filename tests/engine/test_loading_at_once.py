"""Several models loaded at once: transformers keeps process-wide state, so they take turns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.engine.loader import _make
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from tests.tiny import build


def test_models_loaded_at_the_same_time_are_all_whole(tmp_path: Path) -> None:
    """A model with tied weights was refused as incomplete when another one was loading beside it."""
    task_ids = ("text-generation", "text-classification", "token-classification")
    for task_id in task_ids:
        build(task_id, tmp_path / task_id)

    def load(task_id: str) -> object:
        return _make(get_task(task_id), Checkpoint(tmp_path / task_id, "float32", "cpu"), task_id)

    with ThreadPoolExecutor(6) as threads:
        assert len(list(threads.map(load, task_ids * 8))) == 24
