"""How fast the bare model is, with no server: in batches of like lengths, of whatever size is best.

Owns two ways to run it: through transformers' own pipeline in bfloat16, and as Podium computes it, by the rung that was
found and the task's own code.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow

SIZES: Final = (1, 4, 8, 16, 32)
SECONDS: Final = 3.0


def transformers_ceiling(task_id: str, folder: Path, inputs: Sequence[Any]) -> float:
    """Return the best rate of transformers' pipeline, in items a second."""
    import torch
    from transformers import pipeline

    pipe = pipeline(task_id, model=str(folder), device="cpu", dtype=torch.bfloat16)
    ready = [_opened(task_id, given) for given in sorted(inputs, key=len)]
    return _best(ready, lambda batch: pipe(batch, batch_size=len(batch), top_k=3))


def podium_ceiling(task_id: str, catalog: Path, data_folder: Path, inputs: Sequence[Any]) -> float:
    """Return the best rate of the task's own code on the model as a server with this data folder loads it."""
    from core.catalog import Catalog
    from core.engine.key import ModelKey
    from core.engine.loader import TransformersLoader
    from core.engine.runtimes.surveyor import Surveyor
    from core.hub import Hub
    from core.media import Limits
    from core.reading import read_value
    from core.settings import Settings
    from core.tasks import TASKS, get_task

    task, cards, surveyor = get_task(task_id), Catalog.read(catalog), Surveyor(data_folder / "runtimes")
    loader = TransformersLoader(hub=Hub(offline=True), catalog=cards, tasks=TASKS, surveyor=surveyor)
    key = ModelKey(task_id, cards.cards[0].model_id, None, "auto", "cpu", "auto")
    pipe = loader.load(key, lambda _done, _total: None).pipe
    limits, parameters = Limits.of(Settings()), task.checked_parameters({})
    ready = [read_value(task.input, given, limits) for given in sorted(inputs, key=len)]
    best = _best(ready, lambda batch: task.answers(pipe, batch, parameters))
    surveyor.close()
    return best


def _best(ready: Sequence[Any], run: Callable[[Sequence[Any]], Any]) -> float:
    """Return the rate at the best size of a batch."""
    best = 0.0
    for size in SIZES:
        done, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            at = done % len(ready)
            run(list(ready[at : at + size]))
            done += len(ready[at : at + size])
        best = max(best, done / (time.perf_counter() - started))
    return best


def _opened(task_id: str, given: Any) -> Any:
    if task_id == "image-classification":
        return Pillow.open(io.BytesIO(given)).convert("RGB")
    if task_id == "audio-classification":
        samples = np.frombuffer(given[44:], "<i2").astype(np.float32) / 32768
        return {"raw": samples, "sampling_rate": 16_000}
    return given
