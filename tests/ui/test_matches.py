"""The view of matches: lines that begin and end at the right places, the number of them, and a table."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from core.tasks.keypoint_matching import PicturePair
from core.ui.outputs import VIEWS, clipboard_text
from core.ui.outputs.matches import DRAWN, GAP
from core.values import Image, Match, Matches, Point

PAIR = PicturePair(
    first=Image.from_array(np.full((30, 60, 3), 200, np.uint8)),
    second=Image.from_array(np.full((50, 50, 3), 9, np.uint8)),
)
ONE = Match(first=Point(x=30, y=15), second=Point(x=25, y=50), score=0.5)
ANSWER = Matches(matches=(ONE,))


def test_a_line_goes_from_place_to_place_whatever_the_pictures_sizes() -> None:
    view = VIEWS[Matches](ANSWER, PAIR)
    (line,) = re.findall(r"left:([\d.]+)%;top:([\d.]+)%;width:([\d.]+)cqw;rotate:([\d.]+)deg", view)
    left, top, length, turn = (float(side) for side in line)
    whole = 2000 + GAP + 1000
    x, y, length = left / 100 * whole, top / 100 * 1000, length / 100 * whole
    assert (x, y) == pytest.approx((1000, 500), abs=0.1)
    assert x + length * math.cos(math.radians(turn)) == pytest.approx(2000 + GAP + 500, abs=0.2)
    assert y + length * math.sin(math.radians(turn)) == pytest.approx(1000, abs=0.2)
    assert f"aspect-ratio:{whole}/1000" in view


def test_the_number_is_said_and_every_place_stands_in_the_table() -> None:
    view = VIEWS[Matches](ANSWER, PAIR)
    assert "<strong>1</strong> place is in both pictures" in view
    assert '<td class="pd-n">30</td>' in view
    assert "A line joins places" in view


def test_many_matches_draw_the_surest_and_say_so() -> None:
    view = VIEWS[Matches](Matches(matches=(ONE,) * 400), PAIR)
    assert view.count("rotate:") == DRAWN
    assert f"The lines show the {DRAWN} surest" in view
    assert "And 100 more" in view


def test_nothing_shared_and_pictures_not_kept_are_said() -> None:
    assert "no place that both pictures share" in VIEWS[Matches](Matches(matches=()), PAIR)
    assert "were not kept" in VIEWS[Matches](ANSWER, None)


def test_copy_gives_the_places() -> None:
    assert clipboard_text(ANSWER).startswith("30.0\t15.0\t25.0\t50.0\t50.0")
