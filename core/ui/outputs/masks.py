"""The view of masks: the picture with its regions tinted, each of which can be shown and hidden.

Owns how a mask becomes a layer: a small palette PNG with a translucent inside and a solid outline.
"""

from __future__ import annotations

import io
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from core.media import mask_array
from core.ui.outputs.colours import colours_of
from core.ui.outputs.markup import Markup, element, joined, percent, styles
from core.ui.outputs.names import readable
from core.ui.outputs.pictures import data_url, framed
from core.values import Masks, Value

LAYER_SIDE: Final = 720
"""Pixels of a layer's longer side: outlines stay thin, and a layer stays a few kilobytes."""

INSIDE_ALPHA: Final = 118
"""Of 255: the region shows, and so does what is in it."""

MANY: Final = 8
"""Regions beyond which their list scrolls by itself: the picture has to stay in sight while they are switched."""

_layers: WeakKeyDictionary[Masks, tuple[str, ...]] = WeakKeyDictionary()


def masks_view(masks: Masks, inputs: Value | None) -> Markup:
    """Return the view of masks."""
    if not masks.masks:
        picture = framed(masks.width, masks.height, inputs, "", alt="The picture, with no region marked")
        return element("div", picture, element("p", "The model marked no region.", class_="pd-none"))
    layers = joined(
        element("img", src=url, alt="", class_=f"pd-layer pd-m{number}") for number, url in enumerate(_urls(masks))
    )
    names = ", ".join(f"{readable(mask.label)} {percent(mask.area)}" for mask in masks.masks)
    alt = f"The picture, with {len(masks.masks)} regions marked: {names}"
    return element(
        "div",
        styles(_switches(len(masks.masks))),
        framed(masks.width, masks.height, inputs, layers, alt=alt),
        _switch(),
        _table(masks),
        class_="pd-masks",
    )


def layer_png(inside: NDArray[np.bool_], colour: str) -> bytes:
    """Return a layer: the region translucent, its outline solid, the rest clear.

    Shapes: `inside` is (height, width); so is the layer, scaled to `LAYER_SIDE`.
    """
    mask = Pillow.fromarray(inside.astype(np.uint8) * 255)
    scale = LAYER_SIDE / max(mask.size)
    mask = mask.resize(
        (max(1, round(mask.width * scale)), max(1, round(mask.height * scale))), Pillow.Resampling.BILINEAR
    )
    region = np.asarray(mask) > 127  # interpolated and cut again: the staircase of a small mask becomes a curve
    layer = Pillow.fromarray(region.astype(np.uint8) + _edge(region), "P")
    layer.putpalette(bytes(3) + bytes.fromhex(colour[1:]) * 2)
    file = io.BytesIO()
    layer.save(file, "PNG", transparency=bytes((0, INSIDE_ALPHA, 255)))
    return file.getvalue()


def _edge(region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return 1 where a pixel of the region has one outside it two steps away."""
    padded = np.pad(region, 2, constant_values=True)  # the picture's border is no outline
    core = padded[:-4, 2:-2] & padded[4:, 2:-2] & padded[2:-2, :-4] & padded[2:-2, 4:]
    return (region & ~core).astype(np.uint8)


def _urls(masks: Masks) -> tuple[str, ...]:
    urls = _layers.get(masks)
    if urls is None:
        colours = colours_of(mask.label for mask in masks.masks)
        urls = tuple(
            data_url(layer_png(mask_array(mask.mask), colours[mask.label]), "image/png") for mask in masks.masks
        )
        _layers[masks] = urls
    return urls


def _switches(count: int) -> str:
    hidden = (f".pd-masks:has(.pd-k{number}:not(:checked)) .pd-m{number}{{display:none}}" for number in range(count))
    # Pointed at, a region stands alone; where there is no pointer to rest, a tap would leave it so.
    alone = (
        f".pd-masks:has(.pd-q{number}:hover) .pd-layer:not(.pd-m{number}){{opacity:0.12}}" for number in range(count)
    )
    return f"{''.join(hidden)}@media (hover: hover){{{''.join(alone)}}}"


def _switch() -> Markup:
    box = element("input", type="checkbox", class_="pd-all", checked=True)
    return element("label", box, "Show the regions", class_="pd-switch")


def _table(masks: Masks) -> Markup:
    colours = colours_of(mask.label for mask in masks.masks)
    rows = [
        element(
            "li",
            element(
                "label",
                element("input", type="checkbox", class_=f"pd-k{number}", checked=True),
                element("i", aria_hidden="true"),
                element("span", readable(mask.label), class_="pd-name"),
                element("span", percent(mask.area), class_="pd-n"),
                element("small", f"score {percent(mask.score)}" if mask.score is not None else ""),
            ),
            class_=f"pd-q{number}",
            style=f"--c:{colours[mask.label]}",
        )
        for number, mask in enumerate(masks.masks)
    ]
    return element(
        "ul",
        *rows,
        class_="pd-regions pd-many" if len(rows) > MANY else "pd-regions",
        aria_label="Regions, the share of the picture each covers; tick to show",
    )
