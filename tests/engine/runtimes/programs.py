"""Programs of tiny checkpoints, for tests of what they answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.engine.runtimes.exported import export
from core.engine.runtimes.probe import Call, asked, largest_question
from core.engine.runtimes.rungs import Rung
from core.tasks import get_task
from core.tasks.spec import Checkpoint


def write_program(task_id: str, rung: Rung, tiny_folder: Callable[[str], Path], folder: Path) -> list[Call]:
    """Write the program of a task's tiny checkpoint into a folder; return what the checkpoint was asked."""
    task = get_task(task_id)
    pipe = task.load(Checkpoint(tiny_folder(task_id), "float32", "cpu"))
    pipe.model.eval()
    calls = asked(task, pipe)
    export(pipe.model, rung, largest_question(calls), folder)
    return calls


def gone_wrong(failure: Exception) -> Any:
    """Stand where torch would answer instead of a program: that failed, and the test with it."""
    raise failure
