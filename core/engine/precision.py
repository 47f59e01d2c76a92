"""Where a model runs and what it computes in, when that is left to the machine.

Owns what "auto" means. Knows no model.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, cast

from core.errors import ModelUnavailable

Dtype = Literal["float32", "bfloat16", "float16"]

_CPU_INFO = Path("/proc/cpuinfo")
_FAST_BFLOAT16 = re.compile(r"^flags\s*:.*\b(avx512_bf16|amx_bf16)\b", re.MULTILINE)

_TILES = re.compile(r"^flags\s*:.*\bamx_bf16\b", re.MULTILINE)


def choose_device(asked: str) -> str:
    """Return "cpu" or "cuda:0" for "auto"; check any other.

    Raises: ModelUnavailable if this machine has no such device.
    """
    if asked == "cpu":
        return asked
    import torch

    if asked == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(asked)
    except RuntimeError as err:
        raise _no_device(asked) from err
    if device.type != "cuda" or (device.index or 0) >= torch.cuda.device_count():
        raise _no_device(asked)
    return f"cuda:{device.index or 0}"


def choose_dtype(asked: str, device: str, cpu_info: Path = _CPU_INFO) -> Dtype:
    """Return bfloat16 for "auto" where the processor multiplies it in hardware, else float32.

    Source: on two cores with AVX512-BF16 it answered 1.7 to 2.8 times as many texts a second as float32,
    2e-4 away from its scores (the project's own measurements).
    """
    if asked != "auto":
        return cast(Dtype, asked)
    if device == "cpu":
        return "bfloat16" if multiplies_bfloat16(cpu_info) else "float32"
    import torch

    return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"


def multiplies_bfloat16(cpu_info: Path = _CPU_INFO) -> bool:
    """Return whether the processor multiplies bfloat16 in hardware."""
    try:
        return _FAST_BFLOAT16.search(cpu_info.read_text()) is not None
    except OSError:
        return False


def multiplies_in_tiles(cpu_info: Path = _CPU_INFO) -> bool:
    """Return whether the processor has units that multiply whole tiles of bfloat16 (AMX)."""
    try:
        return _TILES.search(cpu_info.read_text()) is not None
    except OSError:
        return False


def _no_device(asked: str) -> ModelUnavailable:
    return ModelUnavailable(f"This machine has no device '{asked}'.", hint="Let PODIUM_DEVICE be auto, cpu or cuda:0.")
