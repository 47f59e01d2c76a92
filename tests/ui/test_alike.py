"""The view of pictures' vectors: the nearest pair, a map on which nothing is hidden, and numbers for all of it."""

from __future__ import annotations

import numpy as np
import pytest

from core.tasks.image_feature_extraction import Pictures
from core.ui.outputs import VIEWS, clipboard_text
from core.ui.outputs.alike import ROOM, alike_view, places
from core.values import Embeddings, Image

VECTORS = np.array([[1, 0, 0], [0, 1, 0], [0.9, 0.1, 0]], np.float32)
ANSWER = Embeddings.from_array(VECTORS)
PICTURES = Pictures(images=tuple(Image.from_array(np.full((30, 40, 3), grey, np.uint8)) for grey in (10, 90, 200)))


def test_the_nearest_pair_is_named_with_its_number_and_its_pictures() -> None:
    view = VIEWS[Embeddings](ANSWER, PICTURES)
    headline = view.partition("</p>")[0]
    assert "Picture 1" in headline
    assert "Picture 3" in headline
    assert "0.99" in headline
    assert "Picture 2" not in headline
    assert view.count("<img") == 5


def test_every_picture_has_its_nearest_in_the_table() -> None:
    assert "<td>Picture 1</td><td>Picture 3, 0.99</td><td>Picture 2, 0.00</td>" in VIEWS[Embeddings](ANSWER, PICTURES)


def test_pictures_that_were_not_kept_are_numbers() -> None:
    view = alike_view(ANSWER, None)
    assert "<img" not in view
    assert "Most alike" in view


@pytest.mark.parametrize("count", [2, 9, 24])
def test_no_picture_hides_another_even_if_all_are_the_same(count: int) -> None:
    where = places(np.ones((count, 4), np.float32))
    apart = np.linalg.norm(where[:, None] - where[None], axis=-1) + np.eye(count)
    assert apart.min() > ROOM / 2
    assert ((where >= 0) & (where <= 1)).all()


def test_vectors_of_nothing_and_single_ones_are_shown_too() -> None:
    assert VIEWS[Embeddings](Embeddings.from_array(np.zeros((3, 2), np.float32)), PICTURES)
    assert VIEWS[Embeddings](Embeddings.from_array(np.ones((1, 2), np.float32)), None)


def test_copy_gives_the_numbers() -> None:
    assert clipboard_text(ANSWER).splitlines()[2] == "0.9\t0.1\t0"
