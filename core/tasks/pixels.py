"""A picture at a model's size in bytes, and the numbers that are made of them once for a whole batch.

Owns the last two steps of transformers' processors of pictures, done as one: theirs take each picture for itself and
three passes through numbers four times the size of its bytes, 0.6 ms for 224 by 224 pixels where this takes 0.03. Size
and crop stay the processor's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow


@dataclass(frozen=True)
class Pixels:
    """Hold a picture's bytes, of shape (1, colours, height, width), and what makes a model's numbers of them.

    A number is byte * factor + offset; both have the shape (colours, 1, 1).
    """

    bytes: NDArray[np.uint8]
    factor: NDArray[np.float32]
    offset: NDArray[np.float32]


def seen_as_bytes(processor: Any, picture: Pillow.Image) -> Pixels | None:
    """Return a picture as a processor crops and sizes it; None if the processor does more with its numbers than that.

    Source of the formula: (byte * rescale_factor - image_mean) / image_std, of the processor's own settings.
    """
    if not _ends_with_numbers(processor):
        return None
    seen = processor(images=picture, return_tensors="np", do_rescale=False, do_normalize=False)["pixel_values"]
    if seen.dtype != np.uint8:
        return None
    mean, std = (
        np.asarray(number, np.float64).reshape(-1, 1, 1) for number in (processor.image_mean, processor.image_std)
    )
    factor, offset = processor.rescale_factor / std, -mean / std
    return Pixels(seen, factor.astype(np.float32), offset.astype(np.float32))


def as_numbers(pictures: Sequence[Pixels]) -> Any:
    """Return the tensor of numbers of pictures that one processor saw at one size, of shape (pictures, ...).

    In numpy, which works faster through bytes than torch does.
    """
    import torch

    together = np.concatenate([picture.bytes for picture in pictures])
    numbers = together.astype(np.float32)
    numbers *= pictures[0].factor
    numbers += pictures[0].offset
    return torch.from_numpy(numbers)


def _ends_with_numbers(processor: Any) -> bool:
    """Return whether the last that a processor does with a picture is to make its numbers, as transformers' own does.

    A class that has steps of its own, or an order of its own, is asked for the numbers, too.
    """
    from transformers.image_processing_backends import PilBackend

    own = type(processor)
    steps = ("_preprocess", "rescale", "normalize")
    return (
        isinstance(processor, PilBackend)
        and all(getattr(own, step) is getattr(PilBackend, step) for step in steps)
        and processor.do_rescale
        and processor.do_normalize
        and not processor.do_pad
    )
