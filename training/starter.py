"""What every training script shares: its declaration, its command line and how a checkpoint is saved.

Owns no data and no model: those belong to the script of each starter.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
STARTERS_FOLDER = ROOT / "models" / "starters"
DEFAULT_DATA_FOLDER = ROOT.parent / "shared" / "data"

Metrics = dict[str, float]


@dataclass(frozen=True)
class Starter:
    """Declare one starter model.

    Args:
        name: its folder in `models/starters`.
        train: called with the data folder and an empty output folder; writes the checkpoint there.
        evaluate: called with the data folder and a checkpoint folder; returns named figures,
            measured through that checkpoint on data its training never saw.
        targets: the least (or, for names ending in `_error` or `_nats`, the most) each figure may be.
    """

    name: str
    train: Callable[[Path, Path], None]
    evaluate: Callable[[Path, Path], Metrics]
    targets: dict[str, float]

    @property
    def folder(self) -> Path:
        """Return where the checkpoint ships."""
        return STARTERS_FOLDER / self.name

    def misses(self, metrics: Metrics) -> list[str]:
        """Return the names of the figures that do not reach their target."""
        lower_is_better = ("_error", "_nats")
        return [
            name
            for name, target in self.targets.items()
            if (metrics[name] > target if name.endswith(lower_is_better) else metrics[name] < target)
        ]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch, so that a script run twice makes the same weights on one machine."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def main(starter: Starter) -> None:
    """Run one starter's script: train it, then print what it measures.

    `--evaluate-only` measures the checkpoint that is already there.
    """
    parser = argparse.ArgumentParser(description=f"Train the starter '{starter.name}' and measure it.")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_FOLDER, help="the folder with the training data")
    parser.add_argument("--out", type=Path, default=starter.folder, help="where the checkpoint goes")
    parser.add_argument("--evaluate-only", action="store_true", help="measure what is there; train nothing")
    arguments = parser.parse_args()
    started = time.monotonic()
    if not arguments.evaluate_only:
        arguments.out.mkdir(parents=True, exist_ok=True)
        starter.train(arguments.data, arguments.out)
        print(f"trained in {time.monotonic() - started:.0f} s", flush=True)
    metrics = starter.evaluate(arguments.data, arguments.out)
    for name, value in metrics.items():
        print(f"{starter.name}  {name:32} {value:.4f}")
    if misses := starter.misses(metrics):
        raise SystemExit(f"below target: {', '.join(misses)}")
