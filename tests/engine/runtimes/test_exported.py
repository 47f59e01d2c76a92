"""A module whose numbers a program computes."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_program_that_runs_out_of_memory_is_left_in_place() -> None:
    import torch

    from core.engine.runtimes.exported import put_in_place

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
