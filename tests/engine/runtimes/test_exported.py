"""A module whose numbers a program computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine.runtimes.exported import export, open_program, put_in_place
from core.engine.runtimes.probe import asked, largest_question
from core.engine.runtimes.rungs import named
from core.tasks import get_task
from core.tasks.spec import Checkpoint

INT8 = named("onnx int8")


def test_a_program_that_runs_out_of_memory_is_left_in_place() -> None:
    class Doubling(torch.nn.Linear):
        dtype, device = torch.float32, torch.device("cpu")

    holds = [1]

    def program(numbers: Any) -> Any:
        if len(numbers) > holds[0]:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")
        return numbers * 2

    replaced: list[Exception] = []
    module = Doubling(1, 1)
    put_in_place(module, program, lambda failure: replaced.append(failure))
    with pytest.raises(RuntimeError, match="can't allocate"):  # which is run again in halves
        module(numbers=torch.ones(2))
    assert module(numbers=torch.ones(1)).tolist() == [2.0]
    assert replaced == []


# What the libraries that convert say of each other's newer versions.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_program_of_a_model_that_hears_one_length_at_a_time_answers_several(
    tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    task = get_task("audio-classification")
    pipe = task.load(Checkpoint(tiny_folder(task.id), "float32", "cpu"))
    pipe.model.eval()
    calls = asked(task, pipe)
    export(pipe.model, INT8, largest_question(calls), tmp_path)
    program = open_program(tmp_path, INT8, 1)
    alone = max((call.inputs for call in calls), key=lambda inputs: inputs["input_values"].shape[1])
    sound = alone["input_values"][:1, :16_000]
    expected = program(input_values=sound)["logits"]
    for count in (2, 3):
        together = program(input_values=sound.repeat(count, 1))["logits"]
        assert torch.allclose(together, expected.repeat(count, 1), atol=1e-3)
