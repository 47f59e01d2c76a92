"""Setting torch and transformers up, once per process: threads, and silence.

Owns the process-wide switches of both libraries. Loads no model.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import threading
from functools import cache
from pathlib import Path
from typing import Final

from core.engine.precision import multiplies_in_tiles

_CGROUP = Path("/sys/fs/cgroup")


COLLECT_AFTER: Final = 10_000
"""Objects that come and stay before Python looks for those that only hold each other; it starts with 700.

Source: of a server that answers short texts, every thread waited for that a twelfth of the loop's time, and once in two
thousand answers for 115 ms.
"""

_FIRST = threading.Lock()
"""Held while both libraries are imported: transformers imports its parts when they are first named, and a second
thread that names one meanwhile is told that there is none."""


def prepare_torch() -> None:
    """Import torch and transformers and set them up; free after the first call. Any thread may come first.

    Torch starts as many threads as the machine has processors. In a container that may use two of
    sixty-four they wait for each other: it has to be told what the container allows.

    Nothing is collected meanwhile: an import makes a great many objects that all stay, and looking through
    them again and again takes a fifth of the time (3.4 s became 2.7 on two cores).
    """
    with _FIRST:
        _prepare()


@cache
def _prepare() -> None:
    """Do it, once."""
    collects = gc.isenabled()
    gc.disable()
    try:
        import torch
        from huggingface_hub.utils.tqdm import disable_progress_bars
        from transformers import pipeline  # noqa: F401  # the largest part, which the first task to load would import
        from transformers.utils import logging as transformers_logging
    finally:
        if collects:
            gc.enable()

    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
    torch.set_num_threads(allowed_cpus())
    if not multiplies_in_tiles() and not torch.cuda.is_available():
        # Matrices of float32 then are oneDNN's to multiply, which is quicker than what torch uses else. It may multiply
        # in bfloat16, but does where there are tiles for that only; so it is not let there, nor is a GPU, for which the
        # switch is the same. Source: a BERT of six layers took 47 ms for 64, a ViT 119 for 167, and no number was more
        # than 4e-6 away (medians of 35 in turn, two cores with AVX512-BF16).
        torch.set_float32_matmul_precision("medium")
    transformers_logging.set_verbosity_error()  # load reports are checked, not printed
    transformers_logging.disable_progress_bar()
    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


def allowed_cpus(cgroup: Path = _CGROUP) -> int:
    """Return how many processors this process may use, at least 1.

    Source: the kernel's cgroup documentation; version 2 keeps "quota period" in cpu.max ("max" for no
    limit), version 1 keeps them in two files (-1 for no limit).
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, min(usable, math.ceil(quota) if quota else usable))


def _quota(cgroup: Path) -> float | None:
    """Return the limit in processors, None if there is none."""
    try:
        limit, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        quota = int(limit) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return quota if quota > 0 else None
