"""The view of matches: two pictures side by side, lines between the places that they share, and a table."""

from __future__ import annotations

from math import atan2, degrees, hypot
from typing import Final

from core.ui.outputs.colours import PALETTE
from core.ui.outputs.markup import Markup, element, percent, styles, table
from core.ui.outputs.pictures import picture_url
from core.values import Image, Match, Matches, Value, atoms_in

DRAWN: Final = 150
"""Lines that are drawn, surest first: more hide the pictures."""

LINKED: Final = 40
"""Rows that light up their line: each needs a rule of its own."""

HEIGHT: Final = 1000
"""Both pictures' height in the drawing's own units."""

GAP: Final = 20
"""Between the pictures, in the drawing's own units."""


def matches_view(matches: Matches, inputs: Value | None) -> Markup:
    """Return the view of matches."""
    found = matches.matches
    pictures = [atom for atom in atoms_in(inputs) if isinstance(atom, Image)] if inputs is not None else []
    drawing = _drawing(found[:DRAWN], *pictures) if len(pictures) == 2 else Markup("")
    kept = Markup("") if drawing else element("p", "The pictures themselves were not kept.", class_="pd-note")
    return element(
        "div",
        styles(_links(min(len(found), LINKED))),
        _headline(found),
        drawing,
        kept,
        _table(found) if found else Markup(""),
        class_="pd-matches",
    )


def _headline(found: tuple[Match, ...]) -> Markup:
    if not found:
        return element("p", "The model found no place that both pictures share.", class_="pd-none")
    words = "place is in both pictures" if len(found) == 1 else "places are in both pictures"
    more = f" The lines show the {DRAWN} surest." if len(found) > DRAWN else ""
    return element("p", element("strong", str(len(found))), f" {words}.{more}", class_="pd-count")


def _drawing(found: tuple[Match, ...], first: Image, second: Image) -> Markup:
    widths = [HEIGHT * image.width / image.height for image in (first, second)]
    whole = sum(widths) + GAP
    lines = (_line(number, match, first, second, widths) for number, match in enumerate(found))
    lined = "A line joins" if len(found) == 1 else f"{len(found)} lines join"
    words = f"{lined} places in the first picture with the same places in the second"
    drawn = element("div", *lines, class_="pd-lines-between", role="img", aria_label=words)
    pictures = (
        element(
            "img",
            src=picture_url(image),
            alt=f"The {name} picture",
            style=f"left:{left / whole:.4%};width:{width / whole:.4%}",
        )
        for image, name, left, width in zip(
            (first, second), ("first", "second"), (0.0, widths[0] + GAP), widths, strict=True
        )
    )
    style = f"aspect-ratio:{whole:.0f}/{HEIGHT};max-width:{68 * whole / HEIGHT:.2f}vh"
    return element("div", *pictures, drawn, class_="pd-sides", style=style)


def _line(number: int, match: Match, first: Image, second: Image, widths: list[float]) -> Markup:
    """Return a line as a turned strip: what shows markup here lets no SVG through."""
    whole = sum(widths) + GAP
    x, y = widths[0] * match.first.x / first.width, HEIGHT * match.first.y / first.height
    across = widths[0] + GAP + widths[1] * match.second.x / second.width - x
    down = HEIGHT * match.second.y / second.height - y
    style = (
        f"left:{x / whole:.3%};top:{y / HEIGHT:.3%};width:{100 * hypot(across, down) / whole:.3f}cqw;"
        f"rotate:{degrees(atan2(down, across)):.3f}deg;--c:{PALETTE[number % len(PALETTE)]};"
        f"--sure:{0.35 + 0.65 * match.score:.2f}"
    )
    return element("i", class_=f"pd-l{number}", style=style)


def _links(count: int) -> str:
    return "".join(f".pd-matches:has(.pd-r{number}:hover) .pd-l{number}{{--lit:1}}" for number in range(count))


def _table(found: tuple[Match, ...]) -> Markup:
    rows = [
        (
            str(number),
            percent(match.score),
            *(f"{side:.0f}" for side in (match.first.x, match.first.y, match.second.x, match.second.y)),
        )
        for number, match in enumerate(found, 1)
    ]
    head = ("", "Score", "First x", "First y", "Second x", "Second y")
    return table(head, rows, caption="Places that the pictures share, in pixels from the top left", numbers=5)
