"""How much memory loaded models may take, where nobody said: most of what the machine, or its GPU, leaves.

Owns reading what there is, from the control group where the process has one, else from the machine, and what this
process takes of it. What a GPU has is `core.engine.gpu`'s to find.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.engine.gpu import free_gpu_bytes

SHARE: Final = 0.6
"""Of the free memory. The rest is for activations, the page cache of the weights and everybody else."""

SHARE_OF_GPU: Final = 0.9
"""Of the free memory of a GPU, which nobody else wants: a model of 7 billion weights in bfloat16, with what it takes
while it runs (`core.engine.cache.HEADROOM`), fits one of 24 GB."""

LEAST_BYTES: Final = 256_000_000
"""Enough for every starter; a machine with less would refuse all of them."""

_LIMITS: Final = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")
_USED: Final = ("sys/fs/cgroup/memory.current", "sys/fs/cgroup/memory/memory.usage_in_bytes")
_HELD: Final = ("sys/fs/cgroup/memory.stat", "sys/fs/cgroup/memory/memory.stat")


def memory_budget_bytes(device: str, visible_gpus: str | None = None, root: Path = Path("/")) -> int:
    """Return the default budget in bytes.

    Args:
        device: where models run, as `PODIUM_DEVICE` names it.
        visible_gpus: which GPUs torch may see, as `CUDA_VISIBLE_DEVICES` names them; None for all.
        root: where `proc` and `sys` are; tests give another one.
    """
    on_gpu = free_gpu_bytes(device, visible_gpus)
    if on_gpu is not None:
        return int(SHARE_OF_GPU * on_gpu)
    return max(LEAST_BYTES, int(SHARE * free_bytes(root)))


def free_bytes(root: Path = Path("/"), *, with_files: bool = False) -> int:
    """Return what this process could take of the processor's memory now, not below 0.

    Args:
        with_files: whether that includes what a control group holds of files and has not looked at lately, of which the
            system lets go when somebody wants the memory: a group that has read much stands at its limit for good.
    """
    limit_bytes, used_bytes = _first_number(root, _LIMITS), _first_number(root, _USED)
    available = _available(root)
    if limit_bytes is None:
        return available
    held_bytes = _files_held(root) if with_files else 0
    return max(0, min(available, limit_bytes - (used_bytes or 0) + held_bytes))


def resident_bytes(root: Path = Path("/")) -> int:
    """Return what this process has in memory now; 0 where the kernel does not say.

    Source: proc(5), /proc/pid/statm: the second number, in pages.
    """
    try:
        return int((root / "proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _available(root: Path) -> int:
    """Return what the kernel says a new program could take; 4 GB where it says nothing."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:
        return 4_000_000_000
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 4_000_000_000)


def _files_held(root: Path) -> int:
    """Return what a control group holds of files that nobody has looked at lately; 0 where it does not say.

    Source: the kernel's guide to cgroup v2, memory.stat; what the older kind says is called total.
    """
    for name in _HELD:
        with suppress(OSError, ValueError):
            said = dict(line.split() for line in (root / name).read_text().splitlines())
            return int(said.get("total_inactive_file", said.get("inactive_file", 0)))
    return 0


def _first_number(root: Path, names: tuple[str, ...]) -> int | None:
    """Return what the first of the files says; None where there is none or it says `max`."""
    for name in names:
        try:
            return int((root / name).read_text())
        except (OSError, ValueError):
            continue
    return None
