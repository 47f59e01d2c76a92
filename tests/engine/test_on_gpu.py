"""The real thing on a real GPU: every task's answers, memory that goes back, batches that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.checkpoints import large
from bench.inputs import text_of
from core.catalog import Catalog, ModelCard
from core.engine import Engine, ModelKey, batcher, gpu
from core.engine.loader import TransformersLoader
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.tasks.spec import Task
from core.values import Text
from tests import tiny

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")]

DEVICE = "cuda:0"

FEW_BYTES = 64 * 2**20
"""Too few for 64 long texts at once, and enough for some of them."""

NEARLY_EVEN = {"text-to-speech", "decision"}
"""Tasks whose tiny random models draw, or rank what is nearly even: a rounding may change their answer."""


def loader_of(folder: Path, *task_ids: str, models: dict[str, Path]) -> TransformersLoader:
    cards = [
        ModelCard(task_id=task_id, model_id=name, title=name, folder=path)
        for task_id in task_ids
        for name, path in models.items()
    ]
    return TransformersLoader(hub=Hub(cache_folder=folder, offline=True), catalog=Catalog(cards), tasks=TASKS)


def numbers_in(answer: Any) -> Iterator[float]:
    """Give the numbers of an answer's JSON form, in order; what is not a number has to be read otherwise."""
    if isinstance(answer, dict):
        for value in answer.values():
            yield from numbers_in(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from numbers_in(value)
    elif isinstance(answer, int | float) and not isinstance(answer, bool):
        yield float(answer)


@pytest.mark.parametrize("dtype", ["float32", "auto"])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_task_answers_on_a_gpu(
    task: Task, dtype: str, tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    loader = loader_of(tmp_path, task.id, models={"starters/tiny": tiny_folder(task.id)})
    inputs, parameters = tiny.inputs_of(task), task.checked_parameters(tiny.ROWS[task.id].parameters)
    there = loader.load(ModelKey(task.id, "starters/tiny", None, dtype, DEVICE), lambda _done, _total: None)
    assert there.device == DEVICE
    assert {parameter.device.type for parameter in there.pipe.model.parameters()} == {"cuda"}
    (answer,) = task.answers(there.pipe, [inputs], parameters)
    assert isinstance(answer, task.output)
    assert task.output.from_json(answer.to_json()) == answer
    if task.stream is not None:
        pieces: list[Any] = []
        assert isinstance(task.stream(there.pipe, inputs, parameters, pieces.append, lambda: False), task.output)
    if dtype == "float32":
        here = loader.load(ModelKey(task.id, "starters/tiny", None, dtype, "cpu"), lambda _done, _total: None)
        (expected,) = task.answers(here.pipe, [inputs], parameters)
        if task.id not in NEARLY_EVEN and task.stream is None:
            found, wanted = (list(numbers_in(one.to_json())) for one in (answer, expected))
            assert found == pytest.approx(wanted, abs=0.02, rel=0.02)


@pytest.mark.parametrize("task", [task for task in TASKS if task.batches], ids=lambda task: task.id)
def test_a_batch_answers_as_one_by_one(task: Task, tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    loader = loader_of(tmp_path, task.id, models={"starters/tiny": tiny_folder(task.id)})
    there = loader.load(ModelKey(task.id, "starters/tiny", None, "float32", DEVICE), lambda _done, _total: None)
    inputs, parameters = tiny.inputs_of(task), task.checked_parameters(tiny.ROWS[task.id].parameters)
    (alone,) = task.answers(there.pipe, [inputs], parameters)
    wanted = list(numbers_in(alone.to_json()))
    for answer in task.answers(there.pipe, [inputs] * 3, parameters):
        assert list(numbers_in(answer.to_json())) == pytest.approx(wanted, abs=0.02, rel=0.02)


@pytest.fixture
def three(tmp_path: Path) -> dict[str, Path]:
    return {f"starters/{seed}": large(tmp_path / str(seed), seed) for seed in range(3)}


def asked(engine: Engine, model_id: str, text: str) -> Any:
    task = get_task("text-classification")
    key = ModelKey(task.id, model_id, None, "float32", DEVICE)
    return engine.submit(task, key, Text(text=text), task.checked_parameters({}))


def test_memory_of_models_that_went_is_the_gpus_again(three: dict[str, Path], tmp_path: Path) -> None:
    loader = loader_of(tmp_path, "text-classification", models=three)
    one_bytes = loader.estimate_bytes(ModelKey("text-classification", "starters/0", None, "float32", DEVICE))
    engine = Engine(loader=loader, budget_bytes=int(1.5 * one_bytes))  # of three models, one at a time
    try:
        asked(engine, "starters/0", "first").result()
        first_bytes = torch.cuda.memory_reserved()
        assert first_bytes > one_bytes
        for turn in range(6):
            asked(engine, f"starters/{turn % 3}", f"turn {turn}").result()
            assert torch.cuda.memory_reserved() < 1.2 * first_bytes
    finally:
        engine.close()
    assert torch.cuda.memory_reserved() < first_bytes - 0.9 * one_bytes  # what cuBLAS works in stays


def test_what_does_not_fit_the_gpu_at_once_is_run_in_halves(
    three: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(batcher, "batch_budget", lambda task: 10**9)
    engine = Engine(
        loader=loader_of(tmp_path, "text-classification", models=three), budget_bytes=10**12, queue_limit=1000
    )
    texts = [" ".join(text_of(10 * number + at) for at in range(10)) for number in range(64)]
    try:
        alone = [asked(engine, "starters/0", text).result() for text in texts]
        torch.cuda.empty_cache()
        allowed = torch.cuda.memory_allocated() + FEW_BYTES
        torch.cuda.set_per_process_memory_fraction(allowed / torch.cuda.get_device_properties(0).total_memory)
        tickets = [asked(engine, "starters/0", text) for text in texts]
        together = [ticket.result() for ticket in tickets]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        engine.close()
    assert "No memory for a run of" in caplog.text
    assert max(answer.batch_size for answer in together) > 1
    for one, other in zip(alone, together, strict=True):
        assert [row.label for row in one.output.labels] == [row.label for row in other.output.labels]


def test_the_driver_says_what_torch_says() -> None:
    free_bytes, total_bytes = torch.cuda.mem_get_info(0)
    said = gpu.free_gpu_bytes(DEVICE)
    assert said is not None
    assert abs(said - free_bytes) < 0.02 * total_bytes
