"""The numbers that are made of a batch's bytes at once are those that the processor makes of each picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from transformers import CLIPImageProcessorPil, ConvNextImageProcessorPil, DeiTImageProcessorPil, ViTImageProcessorPil

from core.tasks.pixels import as_numbers, seen_as_bytes

UNEVEN = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}

PLAIN = [
    ViTImageProcessorPil(size={"height": 32, "width": 24}),
    ViTImageProcessorPil(size={"height": 30, "width": 30}, rescale_factor=1 / 127.5, **UNEVEN),
    DeiTImageProcessorPil(size={"height": 40, "width": 40}, crop_size={"height": 32, "width": 32}, **UNEVEN),
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
    ViTImageProcessorPil(do_resize=False),
]


def pictures(*sizes: tuple[int, int]) -> list[Pillow.Image]:
    rng = np.random.default_rng(0)
    return [Pillow.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)) for width, height in sizes]


@pytest.mark.parametrize("processor", PLAIN, ids=lambda processor: type(processor).__name__)
def test_they_are_the_processors_own(processor: Any) -> None:
    given = pictures((48, 64), (48, 64)) if processor.do_resize is False else pictures((48, 64), (33, 31), (200, 90))
    expected = [processor(images=picture, return_tensors="pt")["pixel_values"] for picture in given]
    seen = [seen_as_bytes(processor, picture) for picture in given]
    assert all(one is not None and one.bytes.dtype == np.uint8 for one in seen)
    numbers = as_numbers([one for one in seen if one is not None])
    assert numbers.shape == (len(given), *expected[0].shape[1:])
    for one, other in zip(numbers, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other[0].numpy(), rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    "processor",
    [
        ViTImageProcessorPil(do_normalize=False),
        ViTImageProcessorPil(do_rescale=False),
        ConvNextImageProcessorPil(size={"shortest_edge": 32}),  # which has an order of its own
        lambda images, return_tensors: None,
    ],
    ids=["no normalisation", "no rescaling", "another order", "no processor of transformers'"],
)
def test_a_processor_that_does_more_or_less_is_left_to_do_it(processor: Any) -> None:
    assert seen_as_bytes(processor, pictures((48, 64))[0]) is None
