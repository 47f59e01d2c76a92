"""Walks through more models than fit: `python -m bench.memory` prints what is resident and what is booked at each step.

Six checkpoints of 107 MB, a budget for three of them, one process. Once in float32, as they are on disk, so that their
weights are mapped and not copied; once in bfloat16, which has to be converted. Draws `docs/memory.svg`. Then, where
OpenVINO is installed, two of them come and go as its programs.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bench.chart import bars
from bench.checkpoints import large
from bench.site import ROOT
from core.catalog import Catalog, ModelCard
from core.engine import Engine, ModelKey
from core.engine.allocator import trim_memory
from core.engine.cache import with_headroom
from core.engine.loader import TransformersLoader
from core.engine.runtimes.rungs import is_installed, named
from core.engine.runtimes.surveyor import Surveyor
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.values import Text

MODELS: Final = 6
FIT: Final = 3
NAMES: Final = "ABCDEFG"
ROUTE: Final = (0, 1, 2, 0, 3, 4, 5, 0)
"""Which model is asked at each step: three that fit, one that is here, three that are not, one that had to go."""

ROUNDS: Final = 3
"""How often each program comes and goes; the first time pays for what a library keeps for good."""

GROUPS: Final = 8
"""Groups of sixteen texts that each is asked, of up to twelve lengths, in whatever batches they come to."""

TASK: Final = "text-classification"
SECOND_TASK: Final = "zero-shot-classification"
"""Loads the last model's checkpoint once more, beside the first: their weights are shared."""

Dtype = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Step:
    """Hold what was seen after one step; memory in MB, resident beyond what the process took before any model.

    Args:
        mapped_mb: how much of what is resident is mapped from files: the system can take it back at any time.
    """

    what: str
    models: int
    booked_mb: float
    loaded_mb: float
    ran_mb: float
    mapped_mb: float
    switch_s: float

    def row(self) -> str:
        """Return it as a row of a table."""
        return (
            f"| {self.what} | {self.models} | {self.booked_mb:.0f} | {self.loaded_mb:.0f} | {self.ran_mb:.0f} "
            f"| {self.mapped_mb:.0f} | {self.switch_s:.2f} |"
        )


HEAD: Final = (
    "| step | models | booked, MB | resident once loaded, MB | after a run, MB | mapped from disk, MB | switch, s |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def resident_mb() -> tuple[float, float]:
    """Return (all, mapped from files) of what this process has in memory, in MB.

    Source: proc(5), /proc/pid/status: VmRSS and RssFile, in kB.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) / 1000 for line in lines if line.endswith("kB")}
    return sizes["VmRSS:"], sizes["RssFile:"]


class Walk:
    """Ask models one after the other, within a budget, and note what memory that takes.

    Args:
        folders: a checkpoint each; the model of each is named by its number.
    """

    def __init__(self, folders: Sequence[Path], dtype: Dtype, fit: int = FIT) -> None:
        cards = [
            ModelCard(task_id=task_id, model_id=f"{number}", title=f"Model {number}", folder=folder)
            for number, folder in enumerate(folders)
            for task_id in (TASK, SECOND_TASK)
        ]
        loader = TransformersLoader(hub=Hub(cache_folder=folders[0], offline=True), catalog=Catalog(cards), tasks=TASKS)
        self._dtype = dtype
        one_bytes = with_headroom(loader.estimate_bytes(self._key(0, TASK)))
        self.engine = Engine(loader=loader, budget_bytes=int((fit + 0.25) * one_bytes))
        gc.collect()
        trim_memory()
        self._before_mb = resident_mb()

    def _key(self, number: int, task_id: str) -> ModelKey:
        return ModelKey(task_id, f"{number}", None, self._dtype, "cpu")

    def ask(self, number: int, task_id: str = TASK) -> Step:
        """Load a model if it is not here, ask it something, and return what was seen."""
        task, key = get_task(task_id), self._key(number, task_id)
        began_s = time.perf_counter()
        self.engine.load(task, key).result()
        switch_s = time.perf_counter() - began_s
        loaded_mb, _ = resident_mb()
        self.engine.submit(task, key, Text(text="A film to remember. " * 10), task.parameters()).result()
        what = NAMES[number] + ("" if task_id == TASK else " twice")
        return self._seen(what, loaded_mb, switch_s)

    def leave(self) -> Step:
        """Unload all and return what was seen."""
        began_s = time.perf_counter()
        for status in self.engine.models():
            self.engine.unload(status.key)
        return self._seen("none", resident_mb()[0], time.perf_counter() - began_s)

    def _seen(self, what: str, loaded_mb: float, switch_s: float) -> Step:
        before_mb, before_mapped_mb = self._before_mb
        ran_mb, mapped_mb = resident_mb()
        return Step(
            what,
            models=len(self.engine.models()),
            booked_mb=self.engine.budget[0] / 1e6,
            loaded_mb=loaded_mb - before_mb,
            ran_mb=ran_mb - before_mb,
            mapped_mb=mapped_mb - before_mapped_mb,
            switch_s=switch_s,
        )


def warm_up(folder: Path) -> None:
    """Let torch and transformers take what they keep for good: the first model pays for them."""
    folders = [large(folder, seed=MODELS)]
    for dtype in ("float32", "bfloat16"):
        walk = Walk(folders, dtype)
        for task_id in (TASK, SECOND_TASK):
            walk.ask(0, task_id)
        walk.leave()
        walk.engine.close()


def walked(folders: Sequence[Path], dtype: Dtype) -> list[Step]:
    """Walk the route and back out; print each step."""
    walk = Walk(folders, dtype)
    print(f"\n{dtype}, budget {walk.engine.budget_bytes / 1e6:.0f} MB\n\n{HEAD}")
    steps = []
    for number in ROUTE:
        steps.append(walk.ask(number))
        print(steps[-1].row(), flush=True)
    for step in (walk.ask(ROUTE[-1], SECOND_TASK), walk.leave()):
        steps.append(step)
        print(step.row(), flush=True)
    walk.engine.close()
    return steps


def come_and_go(folders: Sequence[Path], findings: Path) -> None:
    """Have programs of OpenVINO made, then load, ask and unload them in turn; print what is resident at each step."""
    named_folders = list(zip(NAMES, folders, strict=False))
    cards = [ModelCard(task_id=TASK, model_id=name, title=name, folder=folder) for name, folder in named_folders]
    keys = [ModelKey(TASK, card.model_id, None, "float32", "cpu", "openvino") for card in cards]
    surveyor, task = Surveyor(findings), get_task(TASK)
    loader = TransformersLoader(
        hub=Hub(cache_folder=folders[0], offline=True), catalog=Catalog(cards), tasks=TASKS, surveyor=surveyor
    )
    engine = Engine(loader=loader, budget_bytes=4 * 10**9)
    for key in keys:
        engine.load(task, key).result()
        while (status := engine.info(key)) and surveyor.finding(key, status.revision) is None:
            time.sleep(0.5)
        engine.unload(key)
    print("\n| OpenVINO | before, MB | once loaded, MB | after runs, MB | once unloaded, MB |")
    print("| --- | --- | --- | --- | --- |")
    for _ in range(ROUNDS):
        for key in keys:
            sizes = [resident_mb()[0]]
            engine.load(task, key).result()
            sizes.append(resident_mb()[0])
            for group in range(GROUPS):
                texts = [Text(text="A film to remember. " * (1 + number * group % 12)) for number in range(16)]
                for ticket in [engine.submit(task, key, text, task.parameters()) for text in texts]:
                    ticket.result()
            status = engine.info(key)
            sizes.append(resident_mb()[0])
            engine.unload(key)
            sizes.append(resident_mb()[0])
            name = f"{key.model_id}, {status.runtime if status else ''}"
            print(f"| {name} | {' | '.join(f'{size:.0f}' for size in sizes)} |", flush=True)
    engine.close()
    surveyor.close()


def main() -> None:
    """Walk in both dtypes; print tables, draw the chart."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder) / "first")
        folders = [large(Path(folder) / f"{number}", seed=number) for number in range(MODELS)]
        both = {dtype: walked(folders, dtype) for dtype in ("float32", "bfloat16")}
        if is_installed(named("openvino float32")):
            come_and_go(folders[:2], Path(folder) / "findings")
    groups = {
        f"{number + 1}: {rows[0].what}": [
            (f"{dtype}, {name}", max(0.0, size_mb))
            for dtype, step in zip(both, rows, strict=True)
            for name, size_mb in (("booked", step.booked_mb), ("resident", step.ran_mb))
        ]
        for number, rows in enumerate(zip(*both.values(), strict=True))
    }
    title = f"{MODELS} models of 107 MB where {FIT} fit: memory at each step"
    (ROOT / "docs" / "memory.svg").write_text(bars(title, " MB", groups))


if __name__ == "__main__":
    main()
