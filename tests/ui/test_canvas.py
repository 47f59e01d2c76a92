"""The sheet to draw on: what a browser sends is a picture, or is refused."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.errors import BadInput, TooLarge
from core.ui import canvas


def sent(data: bytes) -> str:
    """Return bytes as the sheet sends them."""
    return "data:image/png;base64," + base64.b64encode(data).decode()


def picture() -> bytes:
    """Return a small PNG."""
    file = io.BytesIO()
    Image.new("L", (4, 3), 255).save(file, "PNG")
    return file.getvalue()


def test_a_drawing_arrives_as_it_was_sent() -> None:
    assert canvas.png_of(sent(picture())) == picture()


def test_an_empty_sheet_gives_nothing() -> None:
    assert canvas.png_of(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "hello",
        7,
        {"png": "x"},
        ["data:image/png;base64,"],
        "data:image/svg+xml;base64,PHN2Zz4=",
        "https://example.org/a.png",
        "data:image/png;base64,not base64!",
        sent(b"GIF89a"),
        sent(b""),
    ],
)
def test_anything_else_is_refused(wrong: object) -> None:
    with pytest.raises(BadInput):
        canvas.png_of(wrong)


def test_a_huge_drawing_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(TooLarge, match="2 MB"):
        canvas.png_of("data:image/png;base64," + "A" * (canvas.MAX_BYTES * 2))


def test_the_sheet_stands_on_the_page_and_is_empty() -> None:
    def page() -> None:
        import streamlit as st

        from core.ui.canvas import draw

        st.text(repr(draw(key="sheet", height=200)))

    at = AppTest.from_function(page).run()
    assert not at.exception
    assert at.text[0].value == "None"
    at.run()
    assert at.text[0].value == "None"


def test_every_button_of_the_sheet_has_a_name() -> None:
    html = canvas._part(".html")
    buttons = html.split("<button")[1:]
    assert len(buttons) == 6
    assert all("aria-label=" in button or button.split(">")[1].removesuffix("</button").strip() for button in buttons)
    assert 'role="status"' in html
