"""A picture as a page shows it, and the frame that marks are laid over.

Owns the size and the encoding that go to the browser. The picture travels inside the markup, so that
it is there the moment its marks are; Streamlit sends the same markup only once.
"""

from __future__ import annotations

import base64
import io
from typing import Final
from weakref import WeakKeyDictionary

from PIL import Image as Pillow

from core.media import to_pil
from core.ui.outputs.markup import Markup, element, joined
from core.values import Image, Value, atoms_in

MAX_SIDE: Final = 1280
"""Pixels of the longer side: sharp on a column of 640 at two pixels per point."""

LOSSLESS_SIDE: Final = 320
"""Pixels of the longer side up to which a picture is sent without loss: it is shown enlarged, and small anyway."""

_urls: WeakKeyDictionary[Image, str] = WeakKeyDictionary()


def picture_url(image: Image) -> str:
    """Return a picture as a data URL, at most `MAX_SIDE` long.

    A page is drawn again at every click, so the URL is kept for as long as somebody holds the picture.
    """
    url = _urls.get(image)
    if url is None:
        url = _urls[image] = data_url(*encoded_for_show(image))
    return url


def framed(width: int, height: int, inputs: Value | None, marks: str, *, alt: str) -> Markup:
    """Lay marks over a picture of `width` by `height` pixels, or over an empty sheet where it is not kept."""
    atoms = atoms_in(inputs) if inputs is not None else ()
    images = (atom for atom in atoms if isinstance(atom, Image) and (atom.width, atom.height) == (width, height))
    image = next(images, None)
    sheet = (
        element("img", src=picture_url(image), alt=alt)
        if image is not None
        else joined(
            (element("span", "The picture itself was not kept.", class_="pd-blank", role="img", aria_label=alt),)
        )
    )
    # Never taller than most of the screen: what was found has to be seen together with the table.
    style = f"aspect-ratio:{width}/{height};max-width:{68 * width / height:.2f}vh"
    return element("div", sheet, marks, class_="pd-frame", style=style)


def data_url(data: bytes, media_type: str) -> str:
    """Return bytes as a data URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def encoded_for_show(image: Image) -> tuple[bytes, str]:
    """Return a picture as a file at most `MAX_SIDE` long, and its media type: JPEG, or PNG where it is small."""
    picture = to_pil(image)
    lossless = max(picture.size) <= LOSSLESS_SIDE
    # Averaged down by a whole factor first: 40 ms instead of 120 for twelve megapixels.
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Pillow.Resampling.BICUBIC, reducing_gap=1.0)
    file = io.BytesIO()
    if lossless:
        picture.save(file, "PNG")
        return file.getvalue(), "image/png"
    picture.save(file, "JPEG", quality=85)
    return file.getvalue(), "image/jpeg"
