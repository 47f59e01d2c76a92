"""Tasks that prepare their inputs: what was made ready in another thread gives the same answers, again and again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.tasks import TASKS
from core.tasks.spec import Checkpoint, Parameters, Task
from tests import tiny

PREPARED = [task for task in TASKS if task.prepare is not None]

pytestmark = pytest.mark.parametrize("task", PREPARED, ids=lambda task: task.id)


def loaded(task: Task, tiny_folder: Callable[[str], Path]) -> tuple[Any, Parameters]:
    pipe = task.load(Checkpoint(tiny_folder(task.id), "float32", "cpu"))
    pipe.model.eval()
    return pipe, task.checked_parameters(tiny.ROWS[task.id].parameters)


def test_nothing_of_it_uses_the_tokenizer_in_another_way_meanwhile(task: Task) -> None:
    assert task.stream is None
    assert task.count_tokens is None


def test_a_run_may_be_repeated_with_what_was_made_in_another_thread(
    task: Task, tiny_folder: Callable[[str], Path]
) -> None:
    pipe, parameters = loaded(task, tiny_folder)
    inputs = tiny.inputs_of(task)
    expected = task.answers(pipe, [inputs], parameters)
    with ThreadPoolExecutor(1) as beside:
        prepared = beside.submit(task.prepared, pipe, inputs, parameters).result()
    assert [task.run(pipe, [prepared], parameters) for _ in range(2)] == [expected, expected]
