"""The things in a picture, counted and put in order, in words."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field

from core.demo import demo, model
from core.values import Box, Boxes, Detection, Image

SHAPES = "models/starters/shapes-detection/examples"

SAME = 0.5
"""Two boxes that overlap by more than this hold the same thing."""

COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def in_words(count: int, thing: str) -> str:
    """Write a number of things as one says it: one circle, three squares."""
    ending = "" if count == 1 else "es" if thing.endswith("s") else "s"
    return f"{COUNTS[count] if count < len(COUNTS) else count} {thing}{ending}"


def joined(words: list[str]) -> str:
    """Join words as in a sentence: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share, over the area that they cover together."""
    width = min(one.xmax, other.xmax) - max(one.xmin, other.xmin)
    height = min(one.ymax, other.ymax) - max(one.ymin, other.ymin)
    shared = max(0, width) * max(0, height)
    areas = sum((box.xmax - box.xmin) * (box.ymax - box.ymin) for box in (one, other))
    return shared / (areas - shared) if areas > shared else 0.0


def each_once(found: tuple[Detection, ...]) -> list[Detection]:
    """Keep the surest of boxes that hold the same thing: a detector may find it twice."""
    kept: list[Detection] = []
    for one in found:
        if all(overlap(one.box, other.box) < SAME for other in kept):
            kept.append(one)
    return kept


def ordered(found: list[Detection], order: str) -> list[Detection]:
    """Put what was found in an order."""
    if order == "largest first":
        return sorted(found, key=lambda one: (one.box.xmin - one.box.xmax) * (one.box.ymax - one.box.ymin))
    if order == "top to bottom":
        return sorted(found, key=lambda one: one.box.ymin + one.box.ymax)
    return sorted(found, key=lambda one: one.box.xmin + one.box.xmax)


@demo(
    title="Count the shapes",
    icon=":material/123:",
    examples=[f"{SHAPES}/shapes-apart.png", f"{SHAPES}/shapes-overlapping.png", f"{SHAPES}/shapes-on-stripes.png"],
)
def count_the_shapes(
    picture: Image,
    order: Literal["left to right", "top to bottom", "largest first"] = "left to right",
    threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5,
) -> tuple[Annotated[str, "In words"], Boxes]:
    """Count the shapes in a picture and list them in the order you like.

    Args:
        order: In which order the shapes are listed.
        threshold: Count only what is at least this sure.
    """
    boxes: Boxes = model("object-detection", "starters/shapes-detection")(picture, threshold=threshold)
    listed = ordered(each_once(boxes.detections), order)
    if not listed:
        return "There is nothing here that I am sure of.", boxes
    counts = Counter(one.label for one in listed).most_common()
    sentence = f"I see {joined([in_words(count, label) for label, count in counts])}."
    if len(listed) > 1:
        sentence += f" {order.capitalize()}: {joined([one.label for one in listed])}."
    return sentence, boxes.model_copy(update={"detections": tuple(listed)})
