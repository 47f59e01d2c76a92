"""What safetensors files say about themselves: whether they are whole, what they weigh, which they are.

Owns the reading of their headers. Never reads a tensor into torch.
Source: the format, https://huggingface.co/docs/safetensors: 8 bytes of length, a JSON header, the tensors.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ITEM_BYTES: Mapping[str, int] = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
_FLOATS: Mapping[str, int] = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2}
"""The numbers that transformers converts to what a model computes in; it keeps all others as they are."""

_MAX_HEADER_BYTES = 100_000_000
_SAMPLES = 64
_SAMPLE_BYTES = 65_536


class DamagedWeights(ValueError):
    """A safetensors file is cut short or is none."""


def read_header(path: Path) -> dict[str, dict[str, Any]]:
    """Return the header of a file: each tensor's dtype, shape and offsets.

    Raises: DamagedWeights if the file is not as long as its header says, or has none.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise DamagedWeights(f"{path.name} has no header")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        tensors = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
        end = max((int(tensor["data_offsets"][1]) for tensor in tensors.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as err:
        raise DamagedWeights(f"{path.name} has a damaged header") from err
    if size != 8 + length + end:
        raise DamagedWeights(f"{path.name} is {size} bytes long; it should be {8 + length + end}")
    return tensors


def memory_bytes(paths: Iterable[Path], dtype: str) -> int:
    """Return what the tensors of these files take once they are loaded as `dtype`.

    Raises: DamagedWeights.
    """
    total = 0
    for path in paths:
        for tensor in read_header(path).values():
            begin, end = tensor["data_offsets"]
            is_float = tensor["dtype"] in _FLOATS
            total += math.prod(tensor["shape"]) * ITEM_BYTES[dtype] if is_float else end - begin
    return total


def memory_of_parameters(parameters: Mapping[str, int], dtype: str) -> int:
    """Return the same from the counts by dtype that the Hub keeps of a repository."""
    return sum(
        count * (ITEM_BYTES[dtype] if stored in _FLOATS else 8 if stored.endswith("64") else 4 if "32" in stored else 1)
        for stored, count in parameters.items()
    )


def fingerprint(config: Path, weights: Iterable[Path]) -> str:
    """Return 40 hex digits that stand for the content of a checkpoint, as a commit does on the Hub.

    The configuration, each header and size, and samples spread over each file: another training changes
    all of its tensors, and reading all of ten gigabytes would take longer than loading them.
    """
    state = hashlib.sha256(config.read_bytes())
    for path in weights:
        size = path.stat().st_size
        state.update(f"\0{path.name}\0{size}\0".encode())
        state.update(json.dumps(read_header(path), sort_keys=True).encode())
        with path.open("rb") as file:
            for sample in range(_SAMPLES):
                file.seek(max(0, size - _SAMPLE_BYTES) * sample // (_SAMPLES - 1))
                state.update(file.read(_SAMPLE_BYTES))
    return state.hexdigest()[:40]
