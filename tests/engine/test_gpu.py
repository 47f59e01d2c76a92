"""Which GPU models run on, and what memory it has: with a stand-in for the driver, as most machines have none."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from core.engine import gpu
from core.engine.budget import SHARE_OF_GPU, memory_budget_bytes
from core.engine.gpu import free_gpu_bytes

GPUS = {"GPU-aa": 8_000, "GPU-bb": 24_000}
"""What is free on each GPU, by its name."""


class NVMLError(Exception):
    """Stand for what the driver's binding raises."""


def driver(gpus: dict[str, int] = GPUS) -> Any:
    names = list(gpus)

    def by_name(name: str) -> str:
        if name not in gpus:
            raise NVMLError("Not Found")
        return name

    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlShutdown=lambda: None,
        nvmlDeviceGetCount=lambda: len(names),
        nvmlDeviceGetHandleByIndex=lambda number: names[number],
        nvmlDeviceGetHandleByUUID=by_name,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(free=gpus[handle]),
    )


@pytest.fixture(autouse=True)
def with_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", driver())
    monkeypatch.setattr(gpu, "version", lambda package: "2.13.0")


@pytest.mark.parametrize(
    ("device", "visible", "expected"),
    [
        ("auto", None, 8_000),
        ("cuda", None, 8_000),
        ("cuda:1", None, 24_000),
        ("cuda:2", None, None),
        ("cpu", None, None),
        ("cuda:one", None, None),
        ("mps", None, None),
        ("auto", "1", 24_000),
        ("auto", "1,0", 24_000),
        ("cuda:1", "1, 0", 8_000),
        ("cuda:1", "1", None),
        ("auto", "GPU-bb", 24_000),
        ("auto", "GPU-cc", None),
        ("auto", "", None),
        ("auto", "-1", None),
        ("auto", "7", None),
    ],
)
def test_the_gpu_that_torch_would_take_is_asked(device: str, visible: str | None, expected: int | None) -> None:
    assert free_gpu_bytes(device, visible) == expected


def test_a_torch_for_processors_uses_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "version", lambda package: "2.13.0+cpu")
    assert free_gpu_bytes("auto") is None


def test_a_machine_without_a_driver_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise NVMLError("NVML Shared Library Not Found")

    without = driver()
    without.nvmlInit = none
    monkeypatch.setitem(sys.modules, "pynvml", without)
    assert free_gpu_bytes("auto") is None


def test_the_budget_is_the_gpus_where_models_run_on_it() -> None:
    assert memory_budget_bytes("auto") == int(SHARE_OF_GPU * 8_000)
    assert memory_budget_bytes("auto", "1") == int(SHARE_OF_GPU * 24_000)
    assert memory_budget_bytes("cpu") != int(SHARE_OF_GPU * 8_000)
