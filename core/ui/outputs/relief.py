"""A depth map as something to see: nearness in [0, 1], its colours in words, and the surface it makes.

Owns which end is near. Colours go from dark to light with nearness, so that they are read without hue too.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from core.media import Surface
from core.values import Depth

ENDS: Final = (1.0, 99.0)
"""Percentiles that count as farthest and nearest: one wild pixel would leave no colours for the others."""

ANCHORS: Final = ("#16123f", "#3b3a8f", "#2a7a9c", "#3fb489", "#b5d95a", "#fff3a6")
"""Colours from far to near, each lighter than the one before."""

PARTS: Final = ("top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right")
"""The ninths of a picture, row by row."""


class Part(NamedTuple):
    """Be a ninth of a picture: its place in words, how near it is in [0, 1], and its median value."""

    place: str
    nearness: float
    value: float


def nearness_of(depth: Depth) -> NDArray[np.float32]:
    """Return how near each pixel is, of shape (height, width): 1 nearest, 0 farthest; 0.5 where all are alike."""
    values = depth.array().astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, ENDS) if finite.size else (0.0, 0.0)
    if high <= low:
        return np.full(values.shape, 0.5, np.float32)
    share = np.clip((np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / (high - low), 0.0, 1.0)
    return (share if depth.nearness else 1.0 - share).astype(np.float32)


def coloured(nearness: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the colours of a nearness, of shape (height, width, 3)."""
    anchors = np.array([list(bytes.fromhex(anchor[1:])) for anchor in ANCHORS], np.float64)
    at = np.linspace(0.0, 1.0, 256)
    table = np.stack([np.interp(at, np.linspace(0, 1, len(anchors)), anchors[:, one]) for one in range(3)], axis=1)
    colours: NDArray[np.uint8] = table.round().astype(np.uint8)[(nearness * 255).round().astype(np.uint8)]
    return colours


def ends_of(depth: Depth) -> tuple[float, float]:
    """Return the values that count as farthest and nearest, in the answer's own unit."""
    values = depth.array()
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, ENDS) if finite.size else (0.0, 0.0)
    return (float(low), float(high)) if depth.nearness else (float(high), float(low))


def parts_of(depth: Depth) -> list[Part]:
    """Return the ninths of the picture, row by row; fewer where it is under three pixels wide or high."""
    near, values = nearness_of(depth), depth.array()
    cells = zip(_ninths(near), _ninths(values), strict=True)
    return [
        Part(place, float(np.median(one)), float(np.median(other)))
        for place, (one, other) in zip(PARTS, cells, strict=True)
        if one.size
    ]


def surface_of(depth: Depth, side: int) -> Surface:
    """Return the depth map as a surface that is at most `side` points wide and high, at least two."""
    scale = min(1.0, side / max(depth.width, depth.height))
    size = (max(2, round(depth.width * scale)), max(2, round(depth.height * scale)))
    grid = Pillow.fromarray(nearness_of(depth), "F").resize(size, Pillow.Resampling.BOX)
    return Surface(np.asarray(grid, np.float32), width=depth.width, height=depth.height)


def _ninths(array: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [cell for row in np.array_split(array, 3, axis=0) for cell in np.array_split(row, 3, axis=1)]
