"""Draws the example pictures that ship with the image starters.

Owns which pictures those are. Digits are written from templates and scenes drawn from seeds that neither a training
nor a test uses. Run as `python -m training.example_pictures`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from training.pencil import Digit, photograph, place_ink, to_picture
from training.scenes import draw_scene
from training.starter import STARTERS_FOLDER
from training.strokes import template_field

CANVAS = (320, 320)
WHITE, BLACK, NAVY, CREAM = (1.0, 1.0, 1.0), (0.05, 0.05, 0.07), (0.1, 0.12, 0.4), (0.95, 0.9, 0.6)
SCENE_SEEDS = {"overlapping": 2_000_008, "on-stripes": 2_000_006, "apart": 2_000_012}


def drawn(label: int, seed: int, background: tuple[float, ...], colour: tuple[float, ...]) -> Image.Image:
    """Draw a digit on a flat canvas in the given colours."""
    rng = np.random.default_rng(seed)
    ink = place_ink(Digit(label, template_field(label, rng)), CANVAS, rng)[..., None]
    return to_picture(np.array(background) * (1 - ink) + np.array(colour) * ink)


def photographed(label: int, seed: int) -> Image.Image:
    """Write a digit on paper and photograph it."""
    rng = np.random.default_rng(seed)
    return photograph(Digit(label, template_field(label, rng)), rng, (380, 400))


def write_examples(folder: Path) -> None:
    """Write all example pictures into the starters' folders."""
    digits, shapes = (folder / name / "examples" for name in ("handwritten-digits", "shapes-detection"))
    for each in (digits, shapes):
        each.mkdir(parents=True, exist_ok=True)
    drawn(3, 102, WHITE, BLACK).save(digits / "dark-on-white-3.png", optimize=True)
    drawn(7, 206, BLACK, CREAM).save(digits / "light-on-dark-7.png", optimize=True)
    drawn(5, 303, WHITE, NAVY).save(digits / "small-off-centre-5.png", optimize=True)
    photographed(4, 407).save(digits / "on-paper-4.jpg", quality=85)
    for name, seed in SCENE_SEEDS.items():
        draw_scene(seed, (320, 240)).picture.save(shapes / f"shapes-{name}.png", optimize=True)


if __name__ == "__main__":
    write_examples(STARTERS_FOLDER)
