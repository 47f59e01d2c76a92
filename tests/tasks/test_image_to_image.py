"""Enlarging: the pixels of transformers called directly, the padding cut off, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, Swin2SRConfig, Swin2SRForImageSuperResolution

from core.errors import ModelUnavailable, TooLarge
from core.media import to_pil
from core.tasks import get_task
from core.tasks.image_to_image import Enlarger
from core.tasks.spec import Checkpoint
from core.values import Image
from tests.tiny.base import save

NOISE = np.random.default_rng(3)
TASK = get_task("image-to-image")


def picture(width: int, height: int) -> Image:
    """Return a picture of noise."""
    return Image.from_array(NOISE.integers(0, 255, (height, width, 3), np.uint8))


def load(folder: Path) -> Enlarger:
    """Load a checkpoint as the engine does."""
    pipe: Enlarger = TASK.load(Checkpoint(folder, "float32", "cpu"))
    return pipe


def run(pipe: Enlarger, pictures: list[Image]) -> list[Image]:
    """Enlarge pictures."""
    return TASK.answers(pipe, pictures, TASK.checked_parameters({}))


def test_pixels_are_swin2srs_own_at_its_scale_batched_and_unbatched(tiny_folder: Callable[[str], Path]) -> None:
    folder, pictures = tiny_folder("image-to-image"), [picture(24, 16), picture(13, 21), picture(1, 1)]
    model, processor = (
        Swin2SRForImageSuperResolution.from_pretrained(folder).eval(),
        AutoImageProcessor.from_pretrained(folder),
    )
    pipe = load(folder)
    together = run(pipe, pictures)
    assert [run(pipe, [one])[0] for one in pictures] == together
    for image, answer in zip(pictures, together, strict=True):
        assert (answer.width, answer.height) == (2 * image.width, 2 * image.height)
        with torch.no_grad():
            found = model(**processor(to_pil(image), return_tensors="pt")).reconstruction[0]
        assert found.shape[-1] > answer.width  # there was padding
        expected = found[:, : answer.height, : answer.width].clamp(0, 1).permute(1, 2, 0).numpy()
        assert np.abs(answer.array() / 255 - expected).max() <= 0.5 / 255 + 1e-5


def test_a_picture_over_the_limit_is_refused_with_the_limit(tiny_folder: Callable[[str], Path]) -> None:
    with pytest.raises(TooLarge, match=r"641 by 480 pixels; at most 307,200"):
        run(load(tiny_folder("image-to-image")), [picture(641, 480)])


def test_another_kind_of_model_is_refused(tiny_folder: Callable[[str], Path]) -> None:
    with pytest.raises(ModelUnavailable, match="A vit model cannot do this task"):
        load(tiny_folder("image-classification"))


def test_a_model_of_grey_pictures_is_refused(tmp_path: Path) -> None:
    config = Swin2SRConfig(image_size=16, embed_dim=12, depths=[1], num_heads=[2], window_size=4, num_channels=1)
    save(Swin2SRForImageSuperResolution(config), tmp_path)
    with pytest.raises(ModelUnavailable, match="coloured"):
        load(tmp_path)
