"""The view of a picture as an answer: over what it was made from, its size in words, and its files."""

from __future__ import annotations

import io
import json

import numpy as np
import PIL.Image
import pytest
from streamlit.testing.v1 import AppTest

from core.ui.outputs import VIEWS, clipboard_text, downloads_of
from core.values import Image

SMALL = Image.from_array(np.full((30, 40, 3), 200, np.uint8))
LARGE = Image.from_array(np.full((60, 80, 3), 100, np.uint8))


def test_both_sizes_are_said_and_the_answer_alone_is_shown_by_itself() -> None:
    assert "80 by 60 pixels" in VIEWS[Image](LARGE, SMALL)
    assert "made from 40 by 30 pixels" in VIEWS[Image](LARGE, SMALL)
    assert 'alt="The answer: a picture of 80 by 60 pixels"' in VIEWS[Image](LARGE, None)


@pytest.mark.parametrize("inputs", [SMALL, None])
def test_it_is_drawn_with_and_without_its_picture(inputs: Image | None) -> None:
    def page(output: object, inputs: object) -> None:
        from core.ui.outputs import show_output

        show_output(output, inputs=inputs, key="answer")

    at = AppTest.from_function(page, args=(LARGE, inputs)).run()
    assert not at.exception
    assert len(at.get("html")) == 1
    assert len(at.get("bidi_component")) == (inputs is not None)


def test_it_can_be_taken_along_as_png_and_json() -> None:
    png, form = (file.data() if callable(file.data) else file.data for file in downloads_of(LARGE, SMALL))
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(png))), LARGE.array())
    assert Image.from_json(json.loads(form)["output"]) == LARGE
    assert clipboard_text(LARGE) == "A picture of 80 by 60 pixels"


def test_a_picture_of_another_shape_stands_by_itself() -> None:
    other = Image.from_array(np.zeros((30, 90, 3), np.uint8))
    assert "<img" in VIEWS[Image](LARGE, other)
    assert "<img" not in VIEWS[Image](LARGE, SMALL)
