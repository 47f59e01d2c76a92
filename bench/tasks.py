"""Runs every task on a tiny random checkpoint: `python -m bench.tasks` prints pass or fail, load ms and run ms.

The same path as on a page: the loader of the engine, the task's `run`, the answer's JSON form. The checkpoints are
those of the tests, so what is timed is our code and transformers', not a model.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from pathlib import Path

from core.catalog import Catalog, ModelCard
from core.engine.key import ModelKey
from core.engine.loader import TransformersLoader
from core.errors import ModelUnavailable
from core.hub import Hub
from core.tasks import TASKS
from core.tasks.spec import Task
from tests import tiny

RUNS = 5
"""Runs after the first one; the quickest is printed."""


def try_task(task: Task, folder: Path) -> tuple[str, float, float]:
    """Load a task's tiny checkpoint and run it; return what came of it, load ms and run ms."""
    checkpoint = tiny.build(task.id, folder)
    card = ModelCard(task_id=task.id, model_id="starters/tiny", title="Tiny", folder=checkpoint)
    loader = TransformersLoader(hub=Hub(cache_folder=folder, offline=True), catalog=Catalog([card]), tasks=TASKS)
    started = time.perf_counter()
    try:
        loaded = loader.load(ModelKey(task.id, card.model_id, None, "float32", "cpu"), lambda _done, _total: None)
    except ModelUnavailable as err:
        return f"unavailable: {err}", 0.0, 0.0
    load_ms = 1000 * (time.perf_counter() - started)
    inputs, parameters = tiny.inputs_of(task), task.checked_parameters(tiny.ROWS[task.id].parameters)
    runs_ms = []
    for _ in range(1 + RUNS):
        started = time.perf_counter()
        (answer,) = task.answers(loaded.pipe, [inputs], parameters)
        runs_ms.append(1000 * (time.perf_counter() - started))
    passed = isinstance(answer, task.output) and task.output.from_json(answer.to_json()) == answer
    return "pass" if passed else "FAIL", load_ms, min(runs_ms[1:])


def main() -> None:
    """Run all tasks and print the table."""
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    print("| task | | load ms | run ms |\n| --- | --- | --- | --- |")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            outcome, load_ms, run_ms = try_task(task, Path(folder) / task.id)
            print(f"| {task.id} | {outcome} | {load_ms:.0f} | {run_ms:.1f} |", flush=True)
            if outcome == "FAIL":
                failed.append(task.id)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
