"""The view of a depth map: its colours with a legend in words, over the picture and as a surface.

Owns what a visitor reads of a depth; which end is near is `relief`'s.
"""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import streamlit as st

from core.media import encode_glb
from core.ui.outputs.markup import Markup, element, folded, joined, percent, table
from core.ui.outputs.pictures import encoded_for_show, framed, picture_url
from core.ui.outputs.relief import ANCHORS, coloured, ends_of, nearness_of, parts_of, surface_of
from core.ui.slider import Side, show_slider
from core.ui.surface import show_surface
from core.values import Depth, Image, Value

SHOWN_SIDE: Final = 160
"""Points of the longer side of the surface on the page: 50 kB, and smooth on a phone."""

KEPT_SIDE: Final = 256
"""Points of the longer side of the surface in the file: about 65,000, two megabytes."""

_colours: WeakKeyDictionary[Depth, Image] = WeakKeyDictionary()


def depth_view(depth: Depth, inputs: Value | None) -> Markup:
    """Return the view of a depth map: the legend, and how near each ninth of the picture is.

    The map itself stands above it, over the picture; where that is not kept, it stands here.
    """
    alt = depth_words(depth)
    kept = isinstance(inputs, Image)
    picture = Markup("") if kept else framed(depth.width, depth.height, colours_of_depth(depth), "", alt=alt)
    return element("div", picture, _legend(depth), _parts(depth), class_="pd-depth")


def play_depth(depth: Depth, inputs: Value | None, key: str) -> None:
    """Show the depth map over its picture, and as a surface to turn."""
    picture = picture_url(inputs) if isinstance(inputs, Image) else None
    colours, alt = picture_url(colours_of_depth(depth)), depth_words(depth)
    over, turned = st.tabs([":material/compare: Compare", ":material/3d_rotation: In 3D"])
    with over:
        if picture is None:
            st.caption("The picture itself was not kept; its depth stands below.")
        else:
            before, after = Side(picture, "Picture", "Your picture"), Side(colours, "Depth", alt)
            show_slider(before, after, width=depth.width, height=depth.height, key=f"{key}_slider")
    with turned:
        surface = surface_of(depth, SHOWN_SIDE)
        show_surface(surface, picture=picture, colours=colours, alt=alt, key=f"{key}_surface")


def depth_words(depth: Depth) -> str:
    """Say in words what a depth map shows."""
    parts = sorted(parts_of(depth), key=lambda part: part.nearness)
    if parts[0].nearness == parts[-1].nearness:
        return "A depth map: everything is about as far away"
    return f"A depth map: nearest at the {parts[-1].place}, farthest at the {parts[0].place}"


def depth_lines(depth: Depth) -> list[tuple[str, str]]:
    """Return the ninths of the picture with what is said of each: metres, or how near it is."""
    return [
        (part.place.capitalize(), _metres(part.value) if depth.unit else percent(part.nearness))
        for part in parts_of(depth)
    ]


def glb_of(depth: Depth, inputs: Value | None) -> bytes:
    """Return the surface as a GLB file, with the picture on it, or its colours where that is not kept."""
    picture = inputs if isinstance(inputs, Image) else colours_of_depth(depth)
    return encode_glb(surface_of(depth, KEPT_SIDE), *encoded_for_show(picture))


def colours_of_depth(depth: Depth) -> Image:
    """Return the coloured depth map, at its own size."""
    image = _colours.get(depth)
    if image is None:
        image = _colours[depth] = Image.from_array(coloured(nearness_of(depth)))
    return image


def _legend(depth: Depth) -> Markup:
    far, near = ends_of(depth)
    metres = bool(depth.unit)
    words = (
        element("span", f"Far, {_metres(far)}" if metres else "Far"),
        element("span", f"Near, {_metres(near)}" if metres else "Near"),
    )
    bar = element("i", style=f"background:linear-gradient(to right,{','.join(ANCHORS)})", aria_hidden="true")
    note = (
        "Distances in metres, as the model guesses them."
        if metres
        else "Dark is far, light is near. Without a unit: this model only compares places of one picture."
    )
    return joined((element("div", *words, bar, class_="pd-scale"), element("p", note, class_="pd-note")))


def _parts(depth: Depth) -> Markup:
    head = ("Part of the picture", "Distance, middle value" if depth.unit else "How near, middle value")
    return folded("How near each part is", table(head, depth_lines(depth), caption="How near each part is", numbers=1))


def _metres(value: float) -> str:
    return f"{value:.1f}\N{NO-BREAK SPACE}m"
