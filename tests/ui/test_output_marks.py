"""Marks in texts and on pictures: they change no text and stay inside the picture."""

from __future__ import annotations

import base64
import html
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image as Pillow

from core.ui.outputs import VIEWS
from core.ui.outputs.entities import pieces_of
from core.ui.outputs.markup import Markup, escaped
from core.ui.outputs.masks import LAYER_SIDE, layer_png
from core.ui.outputs.pictures import MAX_SIDE, picture_url
from core.ui.outputs.tags import TAG_HEIGHT, _candidates, tag_places
from core.values import Box, Boxes, Detection, Entities, Entity, Image, Value

PICTURE = Image.from_array(np.full((30, 40, 3), 200, np.uint8))
HALF = np.zeros((30, 40), np.bool_)
HALF[:15] = True


def view(output: Value, inputs: Value | None) -> Markup:
    """Return the view of an answer."""
    return VIEWS[type(output)](output, inputs)


entity = some.builds(
    lambda start, length: Entity(entity_group="X", score=0.5, word="", start=start, end=start + length),
    some.integers(0, 40),
    some.integers(0, 20),
)


@given(some.text(max_size=40), some.lists(entity, max_size=8))
def test_marks_never_change_the_text(text: str, entities: list[Entity]) -> None:
    marked = Entities(text=text, entities=tuple(entities))
    assert "".join(piece for piece, _ in pieces_of(marked)) == text
    assert all(piece for piece, _ in pieces_of(marked))
    shown = re.sub(r"<small>.*?</small>", "", re.search(r"<p.*?</p>", view(marked, None))[0])
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)) == html.unescape(escaped(text))


def test_overlapping_marks_are_cut_in_the_text_and_whole_in_the_table() -> None:
    both = Entities(
        text="New York City",
        entities=(
            Entity(entity_group="CITY", score=0.9, word="New York", start=0, end=8),
            Entity(entity_group="PLACE", score=0.9, word="York City", start=4, end=13),
        ),
    )
    assert [(text, mark and mark.entity_group) for text, mark in pieces_of(both)] == [
        ("New York", "CITY"),
        (" City", "PLACE"),
    ]
    assert "<td>York City</td>" in view(both, None)


@pytest.mark.parametrize(("marked", "gloss"), [(1, False), (5, True)])
def test_a_text_that_is_nearly_all_marked_is_set_as_a_gloss(marked: int, gloss: bool) -> None:
    words = ["one", "two", "six", "ten", "ace."]
    marks = [Entity(entity_group="N", score=1, word="", start=4 * at, end=4 * at + 3) for at in range(marked)]
    shown = view(Entities(text=" ".join(words), entities=tuple(marks)), None)
    assert ("pd-gloss" in shown) is gloss
    assert ('class="pd-stick"' in shown) is gloss  # the full stop stays with its word


side = some.floats(0, 100)
box = some.builds(lambda a, b, c, d: (min(a, b), min(c, d), max(a, b), max(c, d)), side, side, side, side)


@given(some.lists(some.tuples(box, some.integers(1, 200)), max_size=6))
def test_labels_of_boxes_stay_inside_the_picture(boxes: list[tuple[tuple[float, ...], int]]) -> None:
    places = tag_places([one for one, _ in boxes], [count for _, count in boxes])
    assert len(places) == len(boxes)
    for (one, count), place in zip(boxes, places, strict=True):
        left, top, right, bottom = dict(_candidates(one, count))[place]
        assert left >= -1e-6
        assert right <= 100 + 1e-6
        assert top >= 0
        assert bottom - top == pytest.approx(TAG_HEIGHT)
        assert bottom <= 100 + 1e-6


def test_two_labels_that_would_cover_each_other_move_apart() -> None:
    first, second = tag_places([(10, 50, 40, 80), (12, 50, 42, 80)], [20, 20])
    assert (first.where, first.side) != (second.where, second.side)


def test_boxes_beyond_the_picture_are_drawn_at_its_edge() -> None:
    found = Detection(label="dog", score=1, box=Box(xmin=-50, ymin=-5, xmax=400, ymax=300))
    assert "left:0.00%;top:0.00%;width:100.00%;height:100.00%" in view(
        Boxes(width=40, height=30, detections=(found,)), PICTURE
    )


def test_a_layer_is_tinted_inside_and_outlined() -> None:

    layer = Pillow.open(io.BytesIO(layer_png(HALF, "#ff8000"))).convert("RGBA")
    assert layer.size == (LAYER_SIDE, LAYER_SIDE * 3 // 4)
    inside, edge, outside = (layer.getpixel((360, y)) for y in (100, 269, 400))
    assert inside[:3] == edge[:3] == (255, 128, 0)
    assert 0 < inside[3] < edge[3] == 255
    assert outside[3] == 0
    assert layer.getpixel((360, 0)) == inside  # the border of the picture is no outline


def test_a_picture_is_sent_small_and_made_once() -> None:
    large = Image.from_array(np.random.default_rng(0).integers(0, 255, (900, 3000, 3), np.uint8))
    url = picture_url(large)
    assert url is picture_url(large)
    assert url.startswith("data:image/jpeg;base64,")

    assert Pillow.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).size == (MAX_SIDE, MAX_SIDE * 3 // 10)
    assert picture_url(PICTURE).startswith("data:image/png;base64,")
