"""A module whose numbers a program computes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from core.engine.lanes import runs_side_by_side, share_processors
from core.engine.runtimes import exported
from core.engine.runtimes.exported import open_program, put_in_place
from core.engine.runtimes.rungs import Rung, named
from core.settings import ROOT
from tests.engine.runtimes.programs import write_program

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
    calls = write_program("audio-classification", INT8, tiny_folder, tmp_path)
    program = open_program(tmp_path, INT8, 1)
    alone = max((call.inputs for call in calls), key=lambda inputs: inputs["input_values"].shape[1])
    sound = alone["input_values"][:1, :16_000]
    expected = program(input_values=sound)["logits"]
    for count in (2, 3):
        together = program(input_values=sound.repeat(count, 1))["logits"]
        assert torch.allclose(together, expected.repeat(count, 1), atol=1e-3)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("name", "within"), [("openvino float32", 1e-4), ("onnx int8", INT8.tolerance)])
def test_runs_side_by_side_answer_as_one_alone_and_open_the_program_once_more(
    name: str, within: float, tiny_folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = named(name)
    calls = write_program("text-classification", rung, tiny_folder, tmp_path)
    opened: list[int] = []
    which = f"_open_{rung.runtime}"
    open_for = getattr(exported, which)

    def counted(folder: Path, rung: Rung, threads: int, runs: int) -> Any:
        opened.append(runs)
        return open_for(folder, rung, threads, runs)

    monkeypatch.setattr(exported, which, counted)
    program = open_program(tmp_path, rung, 2)

    def all_answers(runs: int) -> list[Any]:
        share_processors(runs)
        assert runs_side_by_side() == runs
        return [program(**call.inputs)["logits"] for call in calls]

    with ThreadPoolExecutor(2) as threads:
        alone = threads.submit(all_answers, 1).result()
        assert opened == [1]
        beside = list(threads.map(all_answers, [2, 2]))
    assert opened == [1, 2]
    for call, once, *twice in zip(calls, alone, *beside, strict=True):
        for found in (once, *twice):
            assert torch.allclose(found.softmax(-1), call.outputs["logits"].softmax(-1), atol=within)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("threads", "is_gone"), [(1, False), (2, True)], ids=["one processor", "its files gone"])
def test_a_program_that_cannot_be_opened_anew_answers_as_it_is(
    threads: int, is_gone: bool, tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    rung = named("openvino float32")
    calls = write_program("text-classification", rung, tiny_folder, tmp_path / "program")
    program = open_program(tmp_path / "program", rung, threads)
    if is_gone:
        exported.remove(tmp_path / "program")
    with ThreadPoolExecutor(1, initializer=share_processors, initargs=(2,)) as thread:
        found = thread.submit(lambda: program(**calls[0].inputs)["logits"]).result()
    assert torch.allclose(found, calls[0].outputs["logits"], atol=1e-4)


FIRST_RUNS_AT_ONCE = """
import sys, threading
from collections import deque
from itertools import compress, repeat
from pathlib import Path
import openvino
from core.engine.runtimes.exported import open_program
from core.engine.runtimes.rungs import named

open_program(Path(sys.argv[1]), named("openvino float32"), 2)
int64, begun = openvino.Type.i64, threading.Event()

def ask_beside():
    begun.wait()
    int64.to_dtype()  # as it does for each array that it is handed

beside = threading.Thread(target=ask_beside, daemon=True)
beside.start()
# The other waits for the interpreter all the while, as nothing here lets go of it, and has it at the first chance.
long_busy = compress(repeat(int64), bytes(30_000_000) + bytes([1]))
begun.set()
deque(map(openvino.Type.to_dtype, long_busy), 0)
beside.join()
"""


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_two_threads_that_ask_openvino_at_once_do_not_stand_still_for_good(
    tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    write_program("text-classification", named("openvino float32"), tiny_folder, tmp_path)
    subprocess.run([sys.executable, "-c", FIRST_RUNS_AT_ONCE, str(tmp_path)], cwd=ROOT, check=True, timeout=60)
