"""What "auto" means on this machine and on others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.engine.precision import choose_device, choose_dtype
from core.errors import ModelUnavailable


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ("fpu avx2 avx512f avx512_bf16 amx_tile", "bfloat16"),
        ("fpu amx_bf16", "bfloat16"),
        ("fpu avx2 avx512f avx512_vnni", "float32"),
        ("fpu avx512_bf16_not_quite", "float32"),
    ],
)
def test_a_cpu_gets_bfloat16_where_it_multiplies_it(tmp_path: Path, flags: str, dtype: str) -> None:
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text(f"processor\t: 0\nmodel name\t: avx512_bf16\nflags\t\t: {flags}\nbugs\t\t: none\n")
    assert choose_dtype("auto", "cpu", cpu_info) == dtype


def test_a_machine_that_does_not_say_gets_float32(tmp_path: Path) -> None:
    assert choose_dtype("auto", "cpu", tmp_path / "none") == "float32"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_what_is_asked_for_is_taken(dtype: str) -> None:
    assert choose_dtype(dtype, "cpu") == dtype


@pytest.mark.parametrize(("modern", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_a_gpu_gets_bfloat16_unless_it_is_too_old(monkeypatch: pytest.MonkeyPatch, modern: bool, dtype: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: modern and not including_emulation)
    assert choose_dtype("auto", "cuda:0") == dtype


@pytest.mark.parametrize(("there", "device"), [(True, "cuda:0"), (False, "cpu")])
def test_auto_is_the_first_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch, there: bool, device: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device("auto") == device
    assert choose_device("cpu") == "cpu"


def test_a_device_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert (choose_device("cuda"), choose_device("cuda:1")) == ("cuda:0", "cuda:1")
    for asked in ("cuda:2", "mps", "gpu", "tpu:0"):
        with pytest.raises(ModelUnavailable, match=f"no device '{asked}'"):
            choose_device(asked)
