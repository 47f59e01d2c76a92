"""The view of depth: which end is near, said in words and light; the picture beside; the files to take along."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.ui.outputs import VIEWS, clipboard_text, downloads_of
from core.ui.outputs.depth import depth_words
from core.ui.outputs.relief import coloured, nearness_of, parts_of, surface_of
from core.values import Depth, Image, Value

RAMP = np.repeat(np.linspace(1, 9, 30, dtype=np.float32)[:, None], 40, axis=1)  # grows downwards
NEARNESS = Depth.from_array(RAMP, nearness=True)
METRES = Depth.from_array(RAMP, unit="m")
PICTURE = Image.from_array(np.full((30, 40, 3), 200, np.uint8))
EVERY = [NEARNESS, METRES, Depth.from_array(np.full((1, 1), 3, np.float32))]


def test_which_end_is_near_goes_by_the_answer() -> None:
    assert nearness_of(NEARNESS)[0, 0] == 0
    assert nearness_of(NEARNESS)[-1, 0] == 1
    assert np.allclose(nearness_of(METRES), 1 - nearness_of(NEARNESS))
    assert "nearest at the bottom" in depth_words(NEARNESS)
    assert "nearest at the top" in depth_words(METRES)


@pytest.mark.parametrize("wild", [np.inf, -np.inf, np.nan, 1e30])
def test_one_wild_pixel_leaves_the_others_their_colours(wild: float) -> None:
    values = np.repeat(np.linspace(1, 9, 300, dtype=np.float32)[:, None], 40, axis=1)
    values[0, 0] = wild
    near = nearness_of(Depth.from_array(values, nearness=True))
    assert np.isfinite(near).all()
    assert near[290, 5] > 0.9
    assert near[10, 5] < 0.1


def test_an_answer_without_one_finite_number_is_flat() -> None:
    near = nearness_of(Depth.from_array(np.full((4, 5), np.nan, np.float32)))
    assert (near == 0.5).all()


def test_nearer_is_always_lighter() -> None:
    colours = coloured(np.linspace(0, 1, 256, dtype=np.float32)[None]).astype(float)[0]
    light = colours @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(light) >= -1.0).all()  # but for rounding
    assert light[-1] - light[0] > 180


def test_the_view_names_its_ends_its_unit_and_its_parts() -> None:
    metric, relative = VIEWS[Depth](METRES, PICTURE), VIEWS[Depth](NEARNESS, PICTURE)
    assert "Near, 1.0\N{NO-BREAK SPACE}m" in metric
    assert "Far, 9.0\N{NO-BREAK SPACE}m" in metric
    assert "metres" in metric
    assert "Without a unit" in relative
    assert "Bottom right" in relative
    assert len(parts_of(METRES)) == 9


def test_a_view_without_its_picture_has_the_map_with_words() -> None:
    assert 'alt="A depth map: nearest at the bottom' in VIEWS[Depth](NEARNESS, None)
    assert "<img" not in VIEWS[Depth](NEARNESS, PICTURE)  # it stands in the slider above


@pytest.mark.parametrize("inputs", [PICTURE, None])
@pytest.mark.parametrize("depth", EVERY)
def test_it_is_drawn_with_and_without_its_picture(depth: Depth, inputs: Value | None) -> None:
    def page(output: object, inputs: object) -> None:
        from core.ui.outputs import show_output

        show_output(output, inputs=inputs, key="answer")

    at = AppTest.from_function(page, args=(depth, inputs)).run()
    assert not at.exception
    assert [tab.label.partition(" ")[2] for tab in at.tabs] == ["Compare", "In 3D"]


@pytest.mark.parametrize("inputs", [PICTURE, None])
@pytest.mark.parametrize("depth", EVERY)
def test_it_can_be_taken_along(depth: Depth, inputs: Value | None) -> None:
    files = {file.name: file.data for file in downloads_of(depth, inputs)}
    made = {Path(name).suffix: data() if callable(data) else data for name, data in files.items()}
    assert struct.unpack_from("<4sII", made[".glb"]) == (b"glTF", 2, len(made[".glb"]))
    assert made[".png"].startswith(b"\x89PNG")
    assert Depth.from_json(json.loads(made[".json"])["output"]) == depth
    assert clipboard_text(depth)


def test_the_surface_is_small_and_never_a_line() -> None:
    assert surface_of(METRES, 20).heights.shape == (15, 20)
    assert surface_of(EVERY[-1], 20).heights.shape == (2, 2)
