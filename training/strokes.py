"""Digits as pen strokes: turns scanned digits and hand-made templates into distance fields.

Owns the geometry of a digit (where its ink lies, on a small square grid). Does not own how it is drawn or
photographed: that is `training.pencil`. A field holds a distance at each point, so that it can be scaled, rotated
and drawn with a pen of any width and still have sharp edges, which a 28 x 28 picture cannot.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

GRID = 64
"""Side of the square grid of a field; the digit lies centred in it."""
DIGIT = 44
"""Longest side of the digit's box, in grid points."""
FAR = 9.0
"""Distance (grid points) at which fields are cut off; wider than any half stroke."""

Strokes = list[list[tuple[float, float]]]

# Points (x, y) of a unit box, y downwards; a stroke is a smooth line through its points, a repeated point a corner.
TEMPLATES: dict[int, list[Strokes]] = {
    0: [
        [[(0.5, 0), (0.2, 0.1), (0.05, 0.5), (0.2, 0.9), (0.5, 1), (0.8, 0.9), (0.95, 0.5), (0.8, 0.1), (0.5, 0)]],
        [
            [
                (0.6, 0),
                (0.25, 0.15),
                (0.15, 0.5),
                (0.25, 0.85),
                (0.5, 1),
                (0.75, 0.8),
                (0.85, 0.45),
                (0.7, 0.1),
                (0.5, 0),
            ]
        ],
    ],
    1: [
        [[(0.5, 0), (0.5, 1)]],
        [[(0.2, 0.3), (0.55, 0), (0.55, 0), (0.55, 1)]],
        [[(0.25, 0.25), (0.5, 0), (0.5, 0), (0.5, 1)], [(0.2, 1), (0.8, 1)]],
        [[(0.1, 0.45), (0.6, 0), (0.6, 0), (0.6, 1)]],
    ],
    2: [
        [[(0.15, 0.22), (0.35, 0), (0.7, 0.02), (0.82, 0.3), (0.5, 0.65), (0.1, 1), (0.1, 1), (0.9, 1)]],
        [[(0.1, 0.25), (0.5, 0), (0.85, 0.25), (0.6, 0.6), (0.15, 0.95), (0.15, 0.95), (0.5, 0.9), (0.95, 1)]],
        [[(0.15, 0.2), (0.5, 0), (0.8, 0.3), (0.45, 0.8), (0.15, 0.98), (0.1, 0.8), (0.35, 0.78), (0.95, 0.98)]],
    ],
    3: [
        [[(0.15, 0.1), (0.55, 0), (0.8, 0.22), (0.45, 0.47), (0.45, 0.47), (0.85, 0.7), (0.6, 0.98), (0.12, 0.9)]],
        [[(0.12, 0), (0.85, 0), (0.85, 0), (0.45, 0.4), (0.45, 0.4), (0.85, 0.62), (0.65, 0.97), (0.1, 0.92)]],
        [[(0.2, 0.12), (0.6, 0), (0.8, 0.25), (0.5, 0.45), (0.75, 0.6), (0.8, 0.85), (0.5, 1), (0.15, 0.88)]],
    ],
    4: [
        [[(0.3, 0), (0.1, 0.6), (0.1, 0.6), (0.95, 0.6)], [(0.7, 0.2), (0.7, 1)]],
        [[(0.7, 1), (0.7, 0), (0.7, 0), (0.05, 0.68), (0.05, 0.68), (0.95, 0.68)]],
        [[(0.15, 0), (0.12, 0.5), (0.12, 0.5), (0.8, 0.5)], [(0.8, 0), (0.78, 1)]],
    ],
    5: [
        [[(0.85, 0), (0.2, 0), (0.2, 0), (0.18, 0.42), (0.18, 0.42), (0.7, 0.42), (0.85, 0.75), (0.5, 1), (0.1, 0.9)]],
        [[(0.2, 0.02), (0.18, 0.45), (0.55, 0.4), (0.85, 0.7), (0.5, 1), (0.12, 0.92)], [(0.2, 0.02), (0.85, 0)]],
    ],
    6: [
        [[(0.75, 0.02), (0.35, 0.3), (0.15, 0.7), (0.45, 1), (0.8, 0.78), (0.55, 0.52), (0.18, 0.68)]],
        [[(0.45, 0), (0.15, 0.5), (0.2, 0.9), (0.55, 1), (0.8, 0.75), (0.5, 0.55), (0.17, 0.72)]],
    ],
    7: [
        [[(0.1, 0), (0.9, 0), (0.9, 0), (0.4, 1)]],
        [[(0.1, 0), (0.9, 0), (0.9, 0), (0.35, 1)], [(0.3, 0.5), (0.8, 0.48)]],
        [[(0.1, 0.15), (0.1, 0), (0.1, 0), (0.88, 0), (0.88, 0), (0.55, 0.45), (0.45, 1)]],
    ],
    8: [
        [[(0.8, 0.12), (0.45, 0), (0.2, 0.22), (0.75, 0.65), (0.55, 1), (0.2, 0.8), (0.45, 0.5), (0.8, 0.12)]],
        [
            [(0.5, 0), (0.2, 0.22), (0.5, 0.47), (0.8, 0.22), (0.5, 0)],
            [(0.5, 0.47), (0.12, 0.74), (0.5, 1), (0.88, 0.74), (0.5, 0.47)],
        ],
    ],
    9: [
        [[(0.8, 0.15), (0.45, 0), (0.18, 0.25), (0.45, 0.5), (0.8, 0.2), (0.8, 0.2), (0.75, 1)]],
        [[(0.8, 0.2), (0.5, 0), (0.2, 0.25), (0.5, 0.47), (0.82, 0.2), (0.75, 0.75), (0.45, 1), (0.2, 0.9)]],
    ],
}


def smooth_line(points: np.ndarray, steps: int = 8) -> np.ndarray:
    """Return a Catmull-Rom curve through the points.

    Shapes: `points` (n, 2); returns (m, 2).
    """
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    start_, before_, end_, after_ = (part[:, None, :] for part in (start, before, end, after))
    curve = 0.5 * (
        2 * start_
        + (end_ - before_) * t
        + (2 * before_ - 5 * start_ + 4 * end_ - after_) * t**2
        + (3 * start_ - before_ - 3 * end_ + after_) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def fit_to_grid(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Move points so that the box from `low` to `high` is centred in the grid, its longest side `DIGIT`."""
    return (points - (low + high) / 2) * (DIGIT / max((high - low).max(), 1e-6)) + (GRID - 1) / 2


def template_field(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Write one template with an unsteady hand; return the distance to the middle of its strokes.

    Shapes: (GRID, GRID) float32, in grid points, at most `FAR`.
    """
    versions = TEMPLATES[digit]
    shift = rng.normal(0, rng.uniform(0.01, 0.05), 2)
    width = rng.uniform(0.45, 0.95)
    lines = []
    for stroke in versions[rng.integers(len(versions))]:
        points = np.array(stroke) * (width, 1.0)
        corner = np.concatenate([[False], (np.abs(np.diff(points, axis=0)) < 1e-9).all(1)])
        jitter = rng.normal(0, rng.uniform(0.005, 0.045), points.shape) + (shift if lines else 0)
        jitter[corner] = jitter[np.flatnonzero(corner) - 1]  # both copies of a corner move together
        lines.append(smooth_line(points + jitter))
    together = np.concatenate(lines)
    low, high = together.min(0), together.max(0)
    page = Image.new("L", (GRID * 2, GRID * 2))
    draw = ImageDraw.Draw(page)
    for line in lines:
        draw.line([tuple(point) for point in 2 * fit_to_grid(line, low, high) + 0.5], fill=255)
    distance = ndimage.distance_transform_edt(np.asarray(page) == 0)[::2, ::2] / 2
    return np.minimum(distance, FAR).astype(np.float32)


def shape_fields(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two fields of a scanned digit: its ink as it is, and the middle of its strokes.

    Shapes: `picture` (height, width) in [0, 1], ink bright. Both fields (GRID, GRID) float32 in grid points. The
    first is the signed distance to the edge of the ink, negative inside; the second is at least 0.
    """
    rows, columns = np.nonzero(picture > 0.4)
    low = np.array([columns.min(), rows.min()]) - 0.5
    high = np.array([columns.max(), rows.max()]) + 0.5
    scale = (high - low).max() / DIGIT
    offset = (low + high) / 2 - (GRID - 1) / 2 * scale
    ink = Image.fromarray(picture.astype(np.float32)).transform(
        (GRID, GRID),
        Image.Transform.AFFINE,
        (scale, 0, offset[0] + 0.5, 0, scale, offset[1] + 0.5),
        Image.Resampling.BICUBIC,
    )
    inside = np.asarray(ink) > 0.45
    outside_distance = ndimage.distance_transform_edt(~inside)
    inside_distance = ndimage.distance_transform_edt(inside)
    edge = ndimage.gaussian_filter(outside_distance - inside_distance, 0.7)
    middle = ndimage.distance_transform_edt(~thin(inside)) if inside.any() else outside_distance
    return np.clip(edge, -FAR, FAR).astype(np.float32), np.minimum(middle, FAR).astype(np.float32)


def thin(inside: np.ndarray) -> np.ndarray:
    """Reduce a shape to lines of one point's width.

    Source: T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns", 1984.
    """
    shape = np.pad(inside, 1).astype(np.int8)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            n, s, w, e = shape[:-2, 1:-1], shape[2:, 1:-1], shape[1:-1, :-2], shape[1:-1, 2:]
            ne, se, sw, nw = shape[:-2, 2:], shape[2:, 2:], shape[2:, :-2], shape[:-2, :-2]
            ring = np.stack([n, ne, e, se, s, sw, w, nw, n])
            neighbours = ring[:-1].sum(0)
            turns = ((ring[:-1] == 0) & (ring[1:] == 1)).sum(0)
            open_sides = (n * e * s == 0) & (e * s * w == 0) if first else (n * e * w == 0) & (n * s * w == 0)
            removed = (shape[1:-1, 1:-1] == 1) & (neighbours >= 2) & (neighbours <= 6) & (turns == 1) & open_sides
            if removed.any():
                shape[1:-1, 1:-1][removed] = 0
                changed = True
    return shape[1:-1, 1:-1].astype(bool)
