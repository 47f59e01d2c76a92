"""Where the label of a box stands: near its box, inside the picture, clear of the other labels.

Owns the arithmetic only. All lengths are per cent of the picture's width or height, whatever size it
is shown at; the width of a text is estimated for a picture of ordinary size, which the browser corrects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

Sides = tuple[float, float, float, float]
"""Left, top, right, bottom."""

TAG_SHARE: Final = 42.0
"""The width a label may take where its box is narrower: more would cover the neighbours."""

TAG_HEIGHT: Final = 8.5
CHARACTER: Final = 1.9
"""A label's height and the width of one of its letters, on a picture of 360 by 270 points."""


class Place(NamedTuple):
    """Say where a label stands: which edge of its box, from which side on, and how wide it may grow."""

    where: Literal["above", "below", "top", "bottom"]
    side: Literal["left", "right"]
    widest: float


def tag_places(boxes: Sequence[Sides], characters: Sequence[int]) -> list[Place]:
    """Place the label of each box in turn, so that it covers as little as can be of the labels before it."""
    placed: list[Sides] = []
    places = []
    for box, count in zip(boxes, characters, strict=True):
        place, taken = min(_candidates(box, count), key=lambda one: sum(_overlap(one[1], other) for other in placed))
        places.append(place)
        placed.append(taken)
    return places


def _candidates(box: Sides, characters: int) -> Iterator[tuple[Place, Sides]]:
    """Yield places inside the picture with what each covers, the best first; there is always one."""
    left, top, right, bottom = box
    heights: dict[Literal["above", "below", "top", "bottom"], float] = {
        "above": top - TAG_HEIGHT,
        "below": bottom,
        "top": top,
        "bottom": bottom - TAG_HEIGHT,
    }
    sides: list[Literal["left", "right"]] = ["left", "right"] if left + right <= 100 else ["right", "left"]
    inside = {where: y for where, y in heights.items() if 0 <= y <= 100 - TAG_HEIGHT} or {
        "top": min(top, 100 - TAG_HEIGHT)
    }
    for where, y in inside.items():
        for side in sides:
            room = 100 - left if side == "left" else right
            widest = min(room, max(right - left, TAG_SHARE))
            width = min(widest, (characters + 4) * CHARACTER)
            x = left if side == "left" else right - width
            yield Place(where, side, widest), (x, y, x + width, y + TAG_HEIGHT)


def _overlap(one: Sides, other: Sides) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)
