"""Measures the starters that ship, on data their training never saw: `python -m training.evaluate --data FOLDER`."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.starter import DEFAULT_DATA_FOLDER
from training.starters import STARTERS


def main() -> None:
    """Print every figure of every starter; end with an error if one is below its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_FOLDER, help="the folder with the training data")
    parser.add_argument("names", nargs="*", help="only these starters")
    arguments = parser.parse_args()
    misses = []
    for starter in STARTERS:
        if arguments.names and starter.name not in arguments.names:
            continue
        metrics = starter.evaluate(arguments.data, starter.folder)
        for name, value in metrics.items():
            target = f"  (target {starter.targets[name]:g})" if name in starter.targets else ""
            print(f"{starter.name:22} {name:26} {value:.4f}{target}", flush=True)
        misses += [f"{starter.name}: {name}" for name in starter.misses(metrics)]
    if misses:
        raise SystemExit(f"below target: {', '.join(misses)}")


if __name__ == "__main__":
    main()
