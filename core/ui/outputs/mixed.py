"""The view of an answer that may be words, a picture, a sound, or several of these; the sound is played above it."""

from __future__ import annotations

from core.ui.outputs.markup import Markup, element
from core.ui.outputs.pictures import picture_url
from core.values import Mixed, Value


def mixed_view(mixed: Mixed, _inputs: Value | None) -> Markup:
    """Return the view of an answer in any form, finished or growing."""
    if not mixed.text and mixed.image is None:
        words = "The answer is the sound above." if mixed.audio is not None else "The model answered nothing."
        return element("p", words, class_="pd-none")
    words = element("div", mixed.text, class_="pd-replied") if mixed.text else Markup("")
    alt = mixed.text or "The picture that the model made"
    picture = element("img", src=picture_url(mixed.image), alt=alt) if mixed.image is not None else Markup("")
    return element("div", words, picture, class_="pd-mixed")
