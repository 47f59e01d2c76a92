"""OpenVINO set up for this process, before it opens its first program. Imports it on the first call only.

Owns what it is told once. What it is told for each program is `core.engine.runtimes.exported`'s.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Final

CAPACITY: Final = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
"""How many prepared operations oneDNN keeps for whoever asks for the same again, 1,024 if it is not told.

OpenVINO's own copy of it kept those of programs that were long gone: a BERT, a ViT and a wav2vec 2.0, asked and closed
twice in turn, left the process with 694 MB, and with 473 where it keeps none, as after the first of them; each program
keeps its own for as long as it is open, so that none of the three took longer (three runs of either, in turn).
"""

_FIRST = threading.Lock()


def prepare_openvino() -> None:
    """Set OpenVINO up; free after the first call. Any thread may come first."""
    with _FIRST:
        _prepare()


@cache
def _prepare() -> None:
    """Do it, once."""
    import numpy as np
    import openvino  # type: ignore[import-untyped]  # it has no types
    import torch
    from openvino import opset13

    # OpenVINO looks up numpy's types once in a process, with a lock of its own in hand, and lets go of the interpreter
    # meanwhile. A second thread that hands it an array just then waits for that lock with the interpreter in hand, and
    # every thread stands still for good: 3 of 21 processes whose first two runs began together (OpenVINO 2026.4; stacks
    # of one seen in a debugger).
    _ = openvino.Tensor(np.zeros(1)).data  # both ways

    # A copy of oneDNN reads this when it first prepares an operation: torch's own has to before, OpenVINO's now.
    torch.zeros(1).to_mkldnn()
    if CAPACITY in os.environ:
        return
    os.environ[CAPACITY] = "0"
    try:
        numbers = opset13.parameter([1, 4], np.float32)
        product = opset13.matmul(numbers, opset13.constant(np.ones((4, 4), np.float32)), False, False)
        openvino.Core().compile_model(openvino.Model([product], [numbers]), "CPU")({0: np.ones((1, 4), np.float32)})
    finally:
        del os.environ[CAPACITY]
