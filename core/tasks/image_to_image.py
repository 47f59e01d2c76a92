"""Image to image: a picture enlarged or mended by a super-resolution model.

transformers 5 dropped this pipeline; its models are all here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.errors import ModelUnavailable, TooLarge
from core.media import to_pil
from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.values import Image

_PICTURES = Path("static/examples")

MAX_PIXELS: Final = 640 * 480
"""Pixels of the largest picture that is enlarged: a model looks at each of them, so memory and time grow with it."""


class ImageToImageParameters(Parameters):
    """Enlarging has nothing to tune: the model's own scale is the scale."""


@dataclass(frozen=True)
class Enlarger:
    """Hold a super-resolution model and what prepares its pictures."""

    model: Any
    processor: Any


def load(checkpoint: Checkpoint) -> Enlarger:
    """Load a super-resolution model.

    Raises: ModelUnavailable if the checkpoint is none, or not one of coloured pictures.
    """
    from transformers import AutoImageProcessor, AutoModelForImageToImage

    model = load_model((AutoModelForImageToImage,), checkpoint).to(checkpoint.device)
    if model.config.num_channels != 3 or model.config.num_channels_out != 3:
        raise ModelUnavailable("This model does not make coloured pictures.", hint="Choose another model.")
    processor = AutoImageProcessor.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    return Enlarger(model, processor)


def run(
    pipe: Enlarger,
    inputs: Sequence[Image],
    parameters: ImageToImageParameters,  # noqa: ARG001  # there is nothing to tune
) -> list[Image]:
    """Enlarge each picture by the model's scale; what it was padded with is cut off again.

    Raises: TooLarge over `MAX_PIXELS`.
    """
    return [_enlarged(pipe, image) for image in inputs]


def _enlarged(pipe: Enlarger, image: Image) -> Image:
    import torch

    if image.width * image.height > MAX_PIXELS:
        raise TooLarge(
            f"This picture has {image.width} by {image.height} pixels; at most {MAX_PIXELS:,} in all are enlarged.",
            hint="Send a smaller picture, or a part of it: 640 by 480, for example.",
        )
    prepared = pipe.processor(to_pil(image), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        found = pipe.model(pixel_values=prepared.to(pipe.model.device, pipe.model.dtype)).reconstruction
    scale = found.shape[-1] // prepared.shape[-1]
    whole = found[0, :, : image.height * scale, : image.width * scale].float().clamp(0, 1).cpu().numpy()
    return Image.from_array(np.moveaxis(whole * 255, 0, -1).round().astype(np.uint8))


TASK = Task(
    id="image-to-image",
    modality="image",
    title="Enlarging a picture",
    summary="Makes a small picture larger and sharper, or takes the noise out of it.",
    icon=":material/photo_size_select_large:",
    input=Image,
    parameters=ImageToImageParameters,
    output=Image,
    examples=(
        Example("A small flower", _PICTURES / "small-flower.jpg"),
        Example("A small roof", _PICTURES / "small-roof.jpg"),
        Example("A written digit", Path("models/starters/handwritten-digits/examples/small-off-centre-5.png")),
    ),
    load=load,
    run=run,
    batches=False,  # pictures of two sizes do not stack
)
