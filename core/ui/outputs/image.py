"""The view of a picture as an answer: over the picture it was made from, with both sizes in words."""

from __future__ import annotations

from core.ui.outputs.markup import Markup, element
from core.ui.outputs.pictures import framed, picture_url
from core.ui.slider import Side, show_slider
from core.values import Image, Value


def image_view(image: Image, inputs: Value | None) -> Markup:
    """Return the view of a picture: its size and, where there is nothing to compare it with, itself."""
    if not isinstance(inputs, Image) or not _fits(image, inputs):
        alt = f"The answer: a picture of {size_words(image)}"
        return element("div", framed(image.width, image.height, image, "", alt=alt), _size(image), class_="pd-picture")
    return element("div", _size(image, inputs), class_="pd-picture")


def play_image(image: Image, inputs: Value | None, key: str) -> None:
    """Show a picture over the one it was made from."""
    if isinstance(inputs, Image) and _fits(image, inputs):
        before = Side(picture_url(inputs), "Before", f"Your picture, {size_words(inputs)}")
        after = Side(picture_url(image), "After", f"The answer: a picture of {size_words(image)}")
        show_slider(before, after, width=image.width, height=image.height, key=f"{key}_slider")


def size_words(image: Image) -> str:
    """Return a picture's size in words."""
    return f"{image.width} by {image.height} pixels"


def _fits(image: Image, before: Image) -> bool:
    """Return whether one lies over the other: a picture of another shape was drawn, not enlarged."""
    return abs(image.width * before.height - image.height * before.width) <= 0.02 * image.width * before.height


def _size(image: Image, before: Image | None = None) -> Markup:
    made_of = f", made from {size_words(before)}" if before else ""
    return element("p", element("strong", size_words(image)), made_of, class_="pd-note")
