"""Tasks that prepare their inputs: what was made ready beside the model gives the answers that its own thread gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.engine import Engine, Loaded, ModelKey
from core.tasks import TASKS
from core.tasks.spec import Checkpoint, Parameters, Task
from tests import tiny

PATIENCE_S = 30.0
REQUESTS = 3
RUNS = 5

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


def test_two_runs_side_by_side_answer_as_one_alone(task: Task, tiny_folder: Callable[[str], Path]) -> None:
    if not task.concurrent:
        pytest.skip("its runs take turns")
    pipe, parameters = loaded(task, tiny_folder)
    inputs, together = tiny.inputs_of(task), threading.Barrier(2)

    def alone() -> Any:
        return task.answers(pipe, [inputs], parameters)

    def beside(_: int) -> list[Any]:
        together.wait(PATIENCE_S)
        return [alone() if number % 2 else task.run(pipe, [prepared], parameters) for number in range(RUNS)]

    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        expected = threads.submit(alone).result()
        prepared = task.prepared(pipe, inputs, parameters)
        assert list(threads.map(beside, range(2))) == [[expected] * RUNS] * 2


def test_the_engine_prepares_what_waits_and_answers_alike(task: Task, tiny_folder: Callable[[str], Path]) -> None:
    pipe, parameters = loaded(task, tiny_folder)
    inputs = tiny.inputs_of(task)
    made, go = threading.Semaphore(0), threading.Event()
    threads: list[str] = []

    def prepare(pipe: Any, inputs: Any, parameters: Any) -> Any:
        prepared = task.prepared(pipe, inputs, parameters)
        threads.append(threading.current_thread().name)
        made.release()
        return prepared

    def run(pipe: Any, prepared: Sequence[Any], parameters: Any) -> list[Any]:
        assert go.wait(PATIENCE_S)
        return task.run(pipe, prepared, parameters)

    loader = SimpleNamespace(
        estimate_bytes=lambda key: 1,
        load=lambda key, progress: Loaded(pipe, 1, "", (), None, "float32", "cpu"),
        release=lambda loaded: None,
    )
    engine = Engine(loader=loader, budget_bytes=1000)
    slowed = replace(task, prepare=prepare, run=run, concurrent=False)
    key = ModelKey(task.id, "m", None, "float32", "cpu")
    tickets = []
    for _ in range(REQUESTS):
        tickets.append(engine.submit(slowed, key, inputs, parameters))
        assert made.acquire(timeout=PATIENCE_S)  # though the first one runs all the while
    go.set()
    answers = [ticket.result() for ticket in tickets]
    engine.close()
    assert threads == ["podium m"] + ["podium ahead of m"] * (REQUESTS - 1)
    for answer in answers:
        assert answer.output == task.answers(pipe, [inputs] * answer.batch_size, parameters)[0]
