"""Depth estimation: the numbers of transformers called directly, at the picture's own size, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModelForDepthEstimation, DepthAnythingConfig, DPTConfig, GLPNConfig

from core.media import to_pil
from core.tasks import get_task
from core.tasks.depth_estimation import LARGEST_SIDE, is_metric
from core.tasks.spec import Checkpoint
from core.values import Depth, Image
from tests.tiny import scenes

NOISE = np.random.default_rng(2)
TASK = get_task("depth-estimation")


def picture(width: int, height: int) -> Image:
    """Return a picture of noise."""
    return Image.from_array(NOISE.integers(0, 255, (height, width, 3), np.uint8))


def depths(folder: Path, pictures: list[Image], **parameters: Any) -> list[Depth]:
    """Measure pictures with the checkpoint of a folder."""
    return TASK.answers(TASK.load(Checkpoint(folder, "float32", "cpu")), pictures, TASK.checked_parameters(parameters))


def directly(folder: Path, image: Image, size: tuple[int, int]) -> np.ndarray:
    """Measure a picture as transformers' documentation does."""
    inputs = AutoImageProcessor.from_pretrained(folder)(to_pil(image), return_tensors="pt")
    with torch.no_grad():
        found = AutoModelForDepthEstimation.from_pretrained(folder).eval()(**inputs).predicted_depth
    return torch.nn.functional.interpolate(found[None], size=size, mode="bicubic", align_corners=False)[0, 0].numpy()


def test_values_are_transformers_own_batched_and_unbatched(tiny_folder: Callable[[str], Path]) -> None:
    folder, pictures = tiny_folder("depth-estimation"), [picture(40, 30), picture(24, 50)]
    together = depths(folder, pictures)
    assert [depths(folder, [one])[0] for one in pictures] == together
    for image, depth in zip(pictures, together, strict=True):
        assert (depth.width, depth.height) == (image.width, image.height)
        assert np.abs(depth.array() - directly(folder, image, (image.height, image.width))).max() < 1e-5


def test_a_large_picture_is_measured_at_the_largest_side(tiny_folder: Callable[[str], Path]) -> None:
    image = picture(2 * LARGEST_SIDE, LARGEST_SIDE)
    (depth,) = depths(tiny_folder("depth-estimation"), [image])
    assert (depth.width, depth.height) == (LARGEST_SIDE, LARGEST_SIDE // 2)


def test_a_picture_of_one_pixel_has_a_depth(tiny_folder: Callable[[str], Path]) -> None:
    (depth,) = depths(tiny_folder("depth-estimation"), [picture(1, 1)])
    assert depth.array().shape == (1, 1)


def test_a_dpt_gives_nearness_and_a_glpn_metres(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    (nearness,) = depths(tiny_folder("depth-estimation"), [picture(40, 30)])
    assert (nearness.nearness, nearness.unit) == (True, "")
    image = picture(64, 48)
    folder = scenes.metric_depth(tmp_path)
    (metres,) = depths(folder, [image])
    assert (metres.nearness, metres.unit) == (False, "m")
    assert metres.array().min() >= 0


def test_a_visitor_can_say_what_larger_values_mean(tiny_folder: Callable[[str], Path]) -> None:
    (depth,) = depths(tiny_folder("depth-estimation"), [picture(40, 30)], larger_values="farther")
    assert (depth.nearness, depth.unit) == (False, "")


@pytest.mark.parametrize(
    ("config", "metric"),
    [
        (DPTConfig(), False),
        (DPTConfig(add_projection=True), True),
        (DepthAnythingConfig(), False),
        (DepthAnythingConfig(depth_estimation_type="metric", max_depth=20), True),
        (GLPNConfig(), True),
    ],
)
def test_which_models_measure_metres(config: Any, metric: bool) -> None:
    assert is_metric(config) is metric
