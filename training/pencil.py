"""Draws a digit the way people hand it in: on a canvas with a finger or mouse, or on paper in front of a camera.

Owns ink, canvas, paper, light and camera. Does not own the digits' shapes: those are the distance fields of
`training.strokes`. Everything is drawn from a random generator, so that a seed gives the same pictures again.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from training.strokes import DIGIT, FAR, GRID

Colour = np.ndarray


@dataclass(frozen=True)
class Digit:
    """Hold the fields of one digit.

    Args:
        label: 0 to 9.
        middle: distance to the middle of its strokes.
        edge: signed distance to the edge of its ink as it was scanned; None if it was written from a template.
    """

    label: int
    middle: np.ndarray
    edge: np.ndarray | None = None


def place_ink(digit: Digit, size: tuple[int, int], rng: np.random.Generator, smallest: float = 0.25) -> np.ndarray:
    """Write a digit somewhere on a page, with a pen of some width.

    Shapes: `size` (width, height) in pixels; returns (height, width) float32, 0 for no ink to 1 for full ink.

    Args:
        smallest: least size of the digit's longer side, as a part of the page's shorter side.
    """
    width, height = size
    length = rng.uniform(smallest, 0.95) * min(size)
    angle = rng.normal(0, 0.13)
    stretch = np.exp(rng.normal(0, 0.12))
    shear = rng.normal(0, 0.15)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = turn @ np.array([[stretch, shear], [0, 1 / stretch]]) * (length / DIGIT)
    half = np.abs(forward).sum(1) * DIGIT / 2
    room = np.maximum(np.array(size) / 2 - half, 0)
    spread = rng.choice([0.25, 1.0])  # most people start near the middle
    centre = np.array(size) / 2 + rng.uniform(-1, 1, 2) * room * spread
    back = np.linalg.inv(forward)
    shift = np.array([GRID, GRID]) / 2 - back @ centre
    scale = np.sqrt(abs(np.linalg.det(forward)))
    as_scanned = digit.edge is not None and rng.random() < 0.4
    field = digit.edge if as_scanned else digit.middle
    distance = np.asarray(
        Image.fromarray(field).transform(
            size,
            Image.Transform.AFFINE,
            (back[0, 0], back[0, 1], shift[0], back[1, 0], back[1, 1], shift[1]),
            Image.Resampling.BILINEAR,
            fillcolor=FAR,
        )
    )
    # Half a stroke, in grid points: a hairline of 2 % of the digit's height up to a felt pen of 20 %.
    radius = rng.uniform(-0.8, 1.5) if as_scanned else DIGIT * rng.uniform(0.01, 0.1)
    radius = radius if as_scanned else max(radius, 0.5 / scale)
    ink = np.clip(0.5 + (radius - distance) * scale, 0, 1)
    rows, columns = np.ogrid[:height, :width]
    if rng.random() < 0.15:  # a pen that runs dry
        ink = ink * np.clip(0.8 + 0.4 * np.sin(rows * rng.uniform(0.01, 0.1) + columns * rng.uniform(0.01, 0.1)), 0, 1)
    return ink.astype(np.float32)


def colour_pair(rng: np.random.Generator, contrast: float) -> tuple[Colour, Colour]:
    """Return a background and an ink colour whose brightness differs by at least `contrast`, in [0, 1]."""
    while True:
        background, ink = rng.random(3), rng.random(3)
        if abs((background - ink) @ (0.299, 0.587, 0.114)) >= contrast:
            return background, ink


def draw_on_canvas(digit: Digit, rng: np.random.Generator, sides: tuple[int, int]) -> Image.Image:
    """Draw a digit as with a finger or a mouse: flat colours, clean edges, any pen and any place.

    Args:
        sides: least and greatest side of the picture, in pixels.
    """
    side = int(rng.integers(*sides))
    size = (side, side) if rng.random() < 0.6 else (side, max(int(side * rng.uniform(0.6, 1.0)), 24))
    kind = rng.random()
    if kind < 0.4:
        background, colour = np.ones(3) * rng.uniform(0.93, 1), rng.random(3) * rng.choice([0.1, 0.75])
    elif kind < 0.7:
        background, colour = np.ones(3) * rng.uniform(0, 0.15), 1 - rng.random(3) * rng.choice([0.1, 0.6])
    else:
        background, colour = colour_pair(rng, 0.25)
    ink = place_ink(digit, size, rng)[..., None]
    if rng.random() < 0.2:
        ink = (ink > 0.5).astype(np.float32)  # canvases without antialiasing
    return to_picture(background * (1 - ink) + colour * ink)


def photograph(digit: Digit, rng: np.random.Generator, sides: tuple[int, int]) -> Image.Image:
    """Draw a digit on paper and photograph it: uneven light, lines, shadow, blur, noise, JPEG.

    Args:
        sides: least and greatest length of the picture's longer side, in pixels.
    """
    side = int(rng.integers(*sides))
    shorter = int(side * rng.choice([1.0, 0.75, 0.75, 0.5625, rng.uniform(0.5, 1)]))
    width, height = size = (side, shorter) if rng.random() < 0.5 else (shorter, side)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    on_board = rng.random() < 0.12  # chalk
    if on_board:
        background, colour = rng.uniform(0.08, 0.3, 3), rng.uniform(0.75, 1, 3)
    else:
        background = rng.uniform(0.6, 1.0) * (1 - rng.random(3) * rng.choice([0.03, 0.03, 0.2]))
        colour = pencil_colour(rng) * background.mean()
    page = np.broadcast_to(background, (height, width, 3)).astype(np.float32)
    page = page * (1 + cloud(size, rng, cells=rng.integers(3, 40)) * rng.uniform(0, 0.06))[..., None]
    if rng.random() < 0.55:
        page = rule_lines(page, rows, columns, rng)
    ink = place_ink(digit, size, rng) * rng.uniform(0.75, 1)
    if rng.random() < 0.3:
        ink = ink * np.clip(
            1 - np.abs(cloud(size, rng, cells=side // 3)) * rng.uniform(0, 0.6), 0, 1
        )  # grain of pencil
    page = page * (1 - ink[..., None]) + colour.astype(np.float32) * ink[..., None]
    page = page * light(rows, columns, rng)[..., None]
    return camera(page, rng)


def pencil_colour(rng: np.random.Generator) -> Colour:
    """Return the colour of a pencil, ball pen or felt pen."""
    kind = rng.random()
    if kind < 0.35:
        return np.ones(3) * rng.uniform(0.05, 0.55) + rng.normal(0, 0.02, 3)  # pencil
    if kind < 0.6:
        return np.array([0.1, 0.15, 0.5]) + rng.uniform(-0.1, 0.2, 3)  # blue
    if kind < 0.8:
        return rng.uniform(0, 0.2, 3)  # black
    colour = rng.uniform(0.0, 0.45, 3)
    colour[rng.integers(3)] = rng.uniform(0.4, 0.8)
    return colour


def cloud(size: tuple[int, int], rng: np.random.Generator, cells: int) -> np.ndarray:
    """Return smooth noise of about unit variance; `cells` bumps across.

    Shapes: `size` (width, height); returns (height, width) float32.
    """
    coarse = rng.standard_normal((max(int(cells), 2), max(int(cells), 2)), dtype=np.float32)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def rule_lines(page: np.ndarray, rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Print lines or squares on the paper, thinner and paler than handwriting.

    Shapes: `page` (height, width, 3); `rows`, `columns` (height, width) coordinates.
    """
    longer = max(page.shape)
    period = longer * rng.uniform(0.05, 0.3)
    thickness = max(longer * rng.uniform(0.002, 0.006), 0.35)
    angle = rng.normal(0, 0.08)
    along = [columns * np.sin(angle) + rows * np.cos(angle)]
    if rng.random() < 0.5:
        along.append(columns * np.cos(angle) - rows * np.sin(angle))
    colour = page.mean((0, 1)) * (1 - rng.uniform(0.1, 0.45) * rng.uniform(0.4, 1, 3))
    for position in along:
        offset = np.abs((position + rng.uniform(0, period)) % period - period / 2)
        line = np.clip(0.5 + thickness - offset, 0, 1)[..., None]
        page = page * (1 - line) + colour.astype(np.float32) * line
    return page


def light(rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how bright each point is lit: a slope, and often the soft edge of a shadow."""
    longer = max(rows.shape)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (columns * np.cos(angle) + rows * np.sin(angle)) / longer
    brightness = rng.uniform(0.55, 1.05) + (slope - slope.mean()) * rng.uniform(0, 0.6)
    if rng.random() < 0.4:
        angle = rng.uniform(0, 2 * np.pi)
        across = (columns - rng.uniform(0, longer)) * np.cos(angle) + (rows - rng.uniform(0, longer)) * np.sin(angle)
        softness = longer * rng.uniform(0.01, 0.2)
        brightness = brightness * (1 - rng.uniform(0.1, 0.5) / (1 + np.exp(np.clip(across / softness, -30, 30))))
    return brightness.astype(np.float32)


def camera(page: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Take the picture: blur, noise and JPEG, in the amounts a telephone shows."""
    picture = to_picture(page)
    longer = max(picture.size)
    if rng.random() < 0.6:
        picture = picture.filter(ImageFilter.GaussianBlur(longer * rng.uniform(0, 0.012)))
    if rng.random() < 0.6:
        noise = rng.standard_normal((picture.height, picture.width, 1), dtype=np.float32) * rng.uniform(1, 14)
        picture = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.5:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(35, 95)))
        picture = Image.open(file).convert("RGB")
    return picture


def to_picture(page: np.ndarray) -> Image.Image:
    """Return a float page in [0, 1] of shape (height, width, 3) as an RGB picture."""
    return Image.fromarray((np.clip(page, 0, 1) * 255 + 0.5).astype(np.uint8))
