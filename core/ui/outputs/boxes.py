"""The view of boxes: the picture with what was found in it, and a table beside."""

from __future__ import annotations

from typing import Final

from core.ui.outputs.colours import colours_of
from core.ui.outputs.markup import Markup, element, joined, percent, styles, table
from core.ui.outputs.names import readable
from core.ui.outputs.pictures import framed
from core.ui.outputs.tags import Place, Sides, tag_places
from core.values import Box, Boxes, Detection, Value

LINKED: Final = 40
"""Rows that light up their box: each needs a rule of its own, and more boxes than that hide each other."""

CROWD: Final = 6
"""Boxes beyond which a narrow picture shows their numbers only; the table says what they are."""


def boxes_view(boxes: Boxes, inputs: Value | None) -> Markup:
    """Return the view of boxes."""
    found = boxes.detections
    crowd = "pd-found pd-crowd" if len(found) > CROWD else "pd-found"
    if not found:
        picture = framed(boxes.width, boxes.height, inputs, "", alt="The picture, with nothing found in it")
        return element(
            "div", picture, element("p", "The model found nothing it is sure of.", class_="pd-none"), class_=crowd
        )
    picture = framed(boxes.width, boxes.height, inputs, _marks(boxes), alt=_alt(found))
    return element("div", styles(_links(len(found))), picture, _table(found), class_=crowd)


def _marks(boxes: Boxes) -> Markup:
    colours = colours_of(one.label for one in boxes.detections)
    sides = [_sides(one.box, boxes) for one in boxes.detections]
    places = tag_places(sides, [len(f"{readable(one.label)} {percent(one.score)}") for one in boxes.detections])
    rows = enumerate(zip(boxes.detections, sides, places, strict=True))
    return joined(_mark(number, one, box, place, colours[one.label]) for number, (one, box, place) in rows)


def _mark(number: int, one: Detection, sides: Sides, place: Place, colour: str) -> Markup:
    left, top, right, bottom = sides
    tag = element(
        "span",
        element("b", str(number + 1)),
        element("em", readable(one.label)),
        element("span", percent(one.score)),
        class_=f"pd-tag pd-{place.where}",
        style=f"{place.side}:-2px;max-width:{place.widest:.2f}cqw",
    )
    style = f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%;--c:{colour}"
    return element("span", tag, class_=f"pd-box pd-b{number}", style=style, aria_hidden="true")


def _sides(box: Box, boxes: Boxes) -> Sides:
    return (
        _share(box.xmin, boxes.width),
        _share(box.ymin, boxes.height),
        _share(box.xmax, boxes.width),
        _share(box.ymax, boxes.height),
    )


def _share(pixels: int, whole: int) -> float:
    return min(100.0, max(0.0, 100 * pixels / whole))


def _alt(found: tuple[Detection, ...]) -> str:
    names = ", ".join(f"{readable(one.label)} {percent(one.score)}" for one in found[:10])
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return f"The picture, with {len(found)} found in it: {names}{more}"


def _links(count: int) -> str:
    lit = (
        f".pd-found:has(.pd-r{number}:hover) .pd-b{number}{{--lit:1;z-index:3}}" for number in range(min(count, LINKED))
    )
    return "".join(lit)


def _table(found: tuple[Detection, ...]) -> Markup:
    rows = [
        (str(number), readable(one.label), percent(one.score), *(str(side) for side in one.box.model_dump().values()))
        for number, one in enumerate(found, 1)
    ]
    head = ("", "Label", "Score", "xmin", "ymin", "xmax", "ymax")
    return table(head, rows, caption="What was found, in pixels from the top left", numbers=5)
