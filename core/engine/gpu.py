"""How much memory the GPU has that models run on, as its driver says: torch need not be imported for it.

Owns finding that GPU among those of the machine. What "auto" means for a model is `core.engine.precision`'s.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

log = logging.getLogger(__name__)


def free_gpu_bytes(device: str, visible: str | None = None) -> int | None:
    """Return what is free on the GPU that `device` names; None where models run on the processor, or nobody says.

    Args:
        device: as `PODIUM_DEVICE` names it: auto, cpu, cuda or cuda:N.
        visible: which GPUs torch may see, as `CUDA_VISIBLE_DEVICES` names them; None for all.
    """
    kind, _, index = device.partition(":")
    number = index or "0"
    if kind not in ("auto", "cuda") or not number.isdecimal() or not _torch_knows_gpus():
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, so no GPU
        return None
    try:
        handle = _handle(pynvml, int(number), visible)
        return None if handle is None else int(pynvml.nvmlDeviceGetMemoryInfo(handle).free)
    except pynvml.NVMLError:
        log.warning("What memory %s has cannot be read", device, exc_info=True)
        return None
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _handle(nvml: Any, number: int, visible: str | None) -> Any:
    """Return the driver's handle of torch's GPU of that number, None if torch sees none.

    Source: the CUDA programming guide on CUDA_VISIBLE_DEVICES: numbers or names, those after a wrong one are unseen.
    The driver counts by the bus and CUDA the fastest first: they differ where GPUs of several kinds are in a machine.
    """
    if visible is None:
        return nvml.nvmlDeviceGetHandleByIndex(number) if number < nvml.nvmlDeviceGetCount() else None
    names = [name.strip() for name in visible.split(",")]
    if number >= len(names):
        return None
    name = names[number]
    if name.startswith(("GPU-", "MIG-")):
        return nvml.nvmlDeviceGetHandleByUUID(name)
    is_one = name.isdecimal() and int(name) < nvml.nvmlDeviceGetCount()
    return nvml.nvmlDeviceGetHandleByIndex(int(name)) if is_one else None


def _torch_knows_gpus() -> bool:
    """Return whether the torch that is installed was built for GPUs; its name says when it was not."""
    try:
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False
