"""How fast the bare model is, with no server: in batches of like lengths, of whatever size is best.

Owns two ways to run it: through transformers' own pipeline in bfloat16, and as Podium computes it, by the rung that was
found and the task's own code, in as many lanes as a server has, with inputs that are prepared.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow

from core.engine.precision import choose_device

SIZES: Final = (1, 4, 8, 16, 32, 64, 128)
SECONDS: Final = 3.0


def transformers_ceiling(task_id: str, folder: Path, inputs: Sequence[Any]) -> float:
    """Return the best rate of transformers' pipeline, in items a second."""
    import torch
    from transformers import pipeline

    pipe = pipeline(task_id, model=str(folder), device=choose_device("auto"), dtype=torch.bfloat16)
    ready = [_opened(task_id, given) for given in sorted(inputs, key=len)]
    return _best(ready, lambda batch: pipe(batch, batch_size=len(batch), top_k=3))


def podium_ceiling(task_id: str, catalog: Path, data_folder: Path, inputs: Sequence[Any]) -> float:
    """Return the best rate of the task's own code on the model as a server with this data folder loads it."""
    from core.catalog import Catalog
    from core.engine.key import ModelKey
    from core.engine.lanes import lanes_of, share_processors
    from core.engine.loader import TransformersLoader
    from core.engine.runtimes.surveyor import Surveyor
    from core.hub import Hub
    from core.media import Limits
    from core.reading import read_value
    from core.settings import Settings
    from core.tasks import TASKS, get_task

    task, cards, surveyor = get_task(task_id), Catalog.read(catalog), Surveyor(data_folder / "runtimes")
    loader = TransformersLoader(hub=Hub(offline=True), catalog=cards, tasks=TASKS, surveyor=surveyor)
    key = ModelKey(task_id, cards.cards[0].model_id, None, "auto", "auto", "auto")
    pipe = loader.load(key, lambda _done, _total: None).pipe
    limits, parameters = Limits.of(Settings()), task.checked_parameters({})
    values = [read_value(task.input, given, limits) for given in sorted(inputs, key=len)]
    ready = [task.prepared(pipe, value, parameters) for value in values]
    rates = []
    for lanes in range(1, lanes_of(task) + 1):
        begin = partial(share_processors, lanes)
        rates.append(_best(ready, lambda batch: task.run(pipe, batch, parameters), lanes, begin))
    surveyor.close()
    return max(rates)


def _best(
    ready: Sequence[Any],
    run: Callable[[Sequence[Any]], Any],
    lanes: int = 1,
    begin: Callable[[], None] = lambda: None,
) -> float:
    """Return the rate at the best size of a batch, in so many threads; each of them calls `begin` first."""
    best = 0.0
    with ThreadPoolExecutor(lanes, initializer=begin) as threads:
        for size in SIZES:
            started = time.perf_counter()
            counts = threads.map(partial(_run_for, ready, run, size), [started + SECONDS] * lanes)
            best = max(best, sum(counts) / (time.perf_counter() - started))
    return best


def _run_for(ready: Sequence[Any], run: Callable[[Sequence[Any]], Any], size: int, until_s: float) -> int:
    """Run one batch after the other, and return how many items there were."""
    done = 0
    while time.perf_counter() < until_s:
        at = done % len(ready)
        run(list(ready[at : at + size]))
        done += len(ready[at : at + size])
    return done


def _opened(task_id: str, given: Any) -> Any:
    if task_id == "image-classification":
        return Pillow.open(io.BytesIO(given)).convert("RGB")
    if task_id == "audio-classification":
        samples = np.frombuffer(given[44:], "<i2").astype(np.float32) / 32768
        return {"raw": samples, "sampling_rate": 16_000}
    return given
