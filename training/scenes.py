"""Draws scenes of coloured shapes from a seed, with their boxes and masks.

Owns the shapes, their class names, and how scenes look. Does not own any model. The same seed draws the same scene,
so that seeds not used in training make a fresh test set of any size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from training.pencil import camera, cloud

SHAPES = ("circle", "square", "triangle", "star", "cross", "heart")
TEST_SEEDS = range(1_000_000, 1_000_400)
"""Scenes that no training draws: it uses seeds from 0 to a few thousand."""
FINE = 2
"""Scenes are drawn this many times larger and reduced, so that edges are smooth."""
LEAST_VISIBLE = 0.6
"""No shape is covered or cut off beyond this part of its area."""
QUARTERS = np.arange(4) * -np.pi / 2


@dataclass(frozen=True)
class Scene:
    """Hold one scene.

    Shapes: `mask` (height, width) uint8, 0 for background, else 1 + the shape's index in `SHAPES`; `boxes` (n, 4)
    float, the visible part of each shape as xmin, ymin, xmax, ymax in pixels; `labels` (n,) indices into `SHAPES`.
    """

    picture: Image.Image
    mask: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


def outline(shape: str, rng: np.random.Generator) -> np.ndarray:
    """Return the corners of a shape around the origin, about 1 from it, turned by any angle (hearts by a little).

    Shapes: (n, 2).
    """
    angle = rng.uniform(0, 2 * np.pi)
    if shape == "circle":
        turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        points = np.stack([np.cos(turns), np.sin(turns)], 1)
    elif shape == "star":
        turns = np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2 == 0, 1.15, rng.uniform(0.42, 0.52))
        points = np.stack([np.cos(turns), np.sin(turns)], 1) * reach[:, None]
    elif shape == "cross":
        arm, end = rng.uniform(0.28, 0.36), 1.0
        corner = [(arm, end), (arm, arm), (end, arm)]
        points = np.array(
            [(x * np.cos(q) - y * np.sin(q), x * np.sin(q) + y * np.cos(q)) for q in QUARTERS for x, y in corner]
        )
    elif shape == "heart":
        t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        wave = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        points = np.stack([16 * np.sin(t) ** 3, -wave - 2.5], 1) / 15
        angle = rng.normal(0, 0.5)
    else:
        corners = {"square": 4, "triangle": 3}[shape]
        turns = np.arange(corners) * 2 * np.pi / corners
        points = np.stack([np.cos(turns), np.sin(turns)], 1) * (1.1 if corners == 4 else 1.2)
    stretch = np.array([1.0, rng.uniform(0.85, 1.0)])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points * stretch) @ turn.T


def backdrop(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a background: plain, a slope between two colours, clouds, stripes or checks.

    Shapes: `size` (width, height); returns (height, width, 3) float32 in [0, 1].
    """
    width, height = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32) / max(size)
    first = rng.random(3) if rng.random() < 0.5 else np.ones(3) * rng.choice([1, 0, rng.random()])
    second = np.clip(first + rng.normal(0, 0.25, 3), 0, 1)
    angle = rng.uniform(0, 2 * np.pi)
    across = columns * np.cos(angle) + rows * np.sin(angle)
    kind = rng.choice(["plain", "plain", "slope", "clouds", "grain", "stripes", "checks"])
    if kind == "plain":
        blend = np.zeros_like(rows)
    elif kind == "slope":
        blend = (across - across.min()) / np.ptp(across)
    elif kind in ("clouds", "grain"):
        blend = 0.5 + 0.3 * cloud(size, rng, cells=rng.integers(3, 12) if kind == "clouds" else max(size) // 3)
    else:
        waves = np.sin(across * rng.uniform(15, 70))
        if kind == "checks":
            waves = waves * np.sin((rows * np.cos(angle) - columns * np.sin(angle)) * rng.uniform(15, 70))
        blend = 0.5 + 0.4 * np.sign(waves)
    blend = np.clip(blend, 0, 1)[..., None].astype(np.float32)
    return first.astype(np.float32) * (1 - blend) + second.astype(np.float32) * blend


def choose_colour(taken: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Return a colour that can be told from those already there."""
    distance = 0.4
    while True:
        colour = rng.random(3)
        if all(np.linalg.norm(colour - other) > distance for other in taken):
            return colour
        distance *= 0.97  # with many colours taken, be content with less


def draw_scene(seed: int, size: tuple[int, int] | None = None) -> Scene:
    """Draw one scene of 1 to 7 shapes.

    Args:
        size: width and height in pixels; by default one of a few usual formats.
    """
    rng = np.random.default_rng(seed)
    size = size or [(320, 240), (240, 240), (240, 320), (256, 192)][rng.integers(4)]
    width, height = size
    page = backdrop(size, rng)
    taken = [page[::8, ::8].reshape(-1, 3).min(0), page[::8, ::8].reshape(-1, 3).max(0), page.mean((0, 1))]
    number = int(rng.integers(1, 8))
    owner = Image.new("L", size)  # 1 + index of the shape seen at each pixel
    layers = Image.fromarray((page * 255).astype(np.uint8)).resize(
        (width * FINE, height * FINE), Image.Resampling.NEAREST
    )
    pen = ImageDraw.Draw(layers)
    labels: list[int] = []
    areas: list[int] = []
    for _ in range(number * 4):
        if len(labels) == number:
            break
        label = int(rng.integers(len(SHAPES)))
        reach = min(size) * (rng.uniform(0.06, 0.24) if number > 1 else rng.uniform(0.08, 0.45))
        centre = rng.uniform(0.8 * reach, np.maximum(np.array(size) - 0.8 * reach, 0.8 * reach + 1))
        points = outline(SHAPES[label], rng) * reach + centre
        trial = owner.copy()
        ImageDraw.Draw(trial).polygon([tuple(point) for point in points], fill=len(labels) + 1)
        seen = np.bincount(np.asarray(trial).ravel(), minlength=len(labels) + 2)[1:]
        whole = polygon_area(points)
        if any(part < LEAST_VISIBLE * area for part, area in zip(seen, [*areas, whole], strict=True)):
            continue
        owner = trial
        labels.append(label)
        areas.append(int(whole))
        taken.append(choose_colour(taken, rng))
        paint(pen, points, taken[-1], rng)
    ids = np.asarray(owner)
    picture = layers.reduce(FINE)
    if rng.random() < 0.4:
        picture = camera(np.asarray(picture, np.float32) / 255, rng)
    lookup = np.array([0, *[label + 1 for label in labels]], np.uint8)
    boxes = np.array([visible_box(ids == index + 1) for index in range(len(labels))], np.float32).reshape(-1, 4)
    return Scene(picture, lookup[ids], boxes, np.array(labels, np.int64))


def paint(pen: ImageDraw.ImageDraw, points: np.ndarray, colour: np.ndarray, rng: np.random.Generator) -> None:
    """Fill a shape; a quarter of them get an edge of another brightness."""
    corners = [tuple(point) for point in points * FINE]
    fill = tuple(int(value * 255) for value in colour)
    if rng.random() < 0.25:
        factor = rng.uniform(0.3, 0.7)
        edge = tuple(int(value * factor) if sum(fill) > 200 else int(255 - (255 - value) * factor) for value in fill)
        pen.polygon(corners, fill=edge)
        middle = points.mean(0)
        corners = [tuple(point) for point in ((points - middle) * rng.uniform(0.8, 0.93) + middle) * FINE]
    pen.polygon(corners, fill=fill)


def polygon_area(points: np.ndarray) -> float:
    """Return the area inside a polygon (shoelace formula)."""
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def visible_box(where: np.ndarray) -> tuple[int, int, int, int]:
    """Return the smallest box (xmin, ymin, xmax, ymax) around the true points of a mask."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
