"""Makes every starter again: `python -m training.remake --data FOLDER`. About two hours on two cores."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.starter import DEFAULT_DATA_FOLDER
from training.starters import STARTERS


def main() -> None:
    """Train every starter into its own folder, then print what each measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA_FOLDER, help="the folder with the training data")
    arguments = parser.parse_args()
    for starter in STARTERS:
        starter.folder.mkdir(parents=True, exist_ok=True)
        starter.train(arguments.data, starter.folder)
        for name, value in starter.evaluate(arguments.data, starter.folder).items():
            print(f"{starter.name:22} {name:26} {value:.4f}", flush=True)


if __name__ == "__main__":
    main()
