"""What is set for the whole process: how many processors it may use, how it multiplies, when it looks for garbage."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
import torch

from core.engine.precision import multiplies_in_tiles
from core.engine.torch_setup import COLLECT_AFTER, allowed_cpus, prepare_torch

EVERY = frozenset(range(64))


@pytest.fixture(autouse=True)
def large_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: EVERY)


@pytest.mark.parametrize(
    ("cpu_max", "cpus"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("7800 100000\n", 1),
        ("max 100000\n", 64),
        ("9900000 100000\n", 64),
        ("200000 0\n", 64),
        ("nonsense\n", 64),
    ],
)
def test_version_2(tmp_path: Path, cpu_max: str, cpus: int) -> None:
    (tmp_path / "cpu.max").write_text(cpu_max)
    assert allowed_cpus(tmp_path) == cpus


@pytest.mark.parametrize(("quota", "cpus"), [("400000", 4), ("-1", 64)])
def test_version_1(tmp_path: Path, quota: str, cpus: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert allowed_cpus(tmp_path) == cpus


def test_no_limit(tmp_path: Path) -> None:
    assert allowed_cpus(tmp_path) == 64


def test_what_answers_make_and_drop_is_not_looked_through_every_few_answers() -> None:
    prepare_torch()
    assert gc.get_threshold()[0] == COLLECT_AFTER


def test_matrices_of_float32_are_multiplied_by_what_is_quickest_and_stay_float32() -> None:
    prepare_torch()
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(64, 384, generator=generator), torch.randn(384, 1536, generator=generator)
    exact = left.double() @ right.double()
    assert (torch.nn.functional.linear(left, right.T.contiguous()) - exact).abs().max() < 1e-4  # bfloat16: 0.3
    exact_only = multiplies_in_tiles() or torch.cuda.is_available()
    assert torch.get_float32_matmul_precision() == ("highest" if exact_only else "medium")


@pytest.mark.parametrize(("flags", "has"), [("avx512_bf16 amx_bf16 amx_tile", True), ("avx512_bf16 amx_int8", False)])
def test_a_processor_says_whether_it_has_tiles(tmp_path: Path, flags: str, has: bool) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: fpu {flags}\n")
    assert multiplies_in_tiles(tmp_path / "cpuinfo") == has
    assert not multiplies_in_tiles(tmp_path / "none")
