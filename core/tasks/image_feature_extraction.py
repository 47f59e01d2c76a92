"""Image feature extraction: a vector for each picture; pictures that look alike to the model lie close together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import ModelUnavailable
from core.media import to_pil
from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.values import Embeddings, Image, Value

_PICTURES = Path("static/examples")
_SHAPES = Path("models/starters/shapes-detection/examples")
_POOLER = "pooler."


class Pictures(Value):
    """Hold several pictures."""

    images: tuple[Image, ...] = Field(title="Your pictures", min_length=2, max_length=24)


class ImageFeatureExtractionParameters(Parameters):
    """Tune image feature extraction."""

    pooling: Literal["auto", "first", "mean"] = Field(
        "auto",
        description="What becomes the vector: the model's own summary, where it was trained to make one; "
        "the first token; or the mean over the picture.",
    )


@dataclass(frozen=True)
class Seer:
    """Hold the body of a vision model and what prepares its pictures."""

    model: Any
    processor: Any


def load(checkpoint: Checkpoint) -> Seer:
    """Load the body of any vision model; a classifier's head is left out.

    Raises: ModelUnavailable if it does not see, or lacks weights.
    """
    from transformers import AutoImageProcessor, AutoModel

    model = load_model((AutoModel,), checkpoint, unused=(_POOLER,)).to(checkpoint.device)
    if model.main_input_name != "pixel_values" or hasattr(model.config, "text_config"):
        raise ModelUnavailable(
            f"A {model.config.model_type} model cannot do this task: it does not turn pictures alone into vectors.",
            hint="Choose another model.",
        )
    if not _has_weights(checkpoint.folder, _POOLER) and any(_POOLER in name for name, _ in model.named_parameters()):
        model.pooler = None  # a classifier never trained it, and transformers filled it with random numbers
    processor = AutoImageProcessor.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    return Seer(model, processor)


def _has_weights(folder: Path, part: str) -> bool:
    """Return whether a checkpoint has weights of a part of the model."""
    from safetensors import safe_open

    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as weights:
            names = weights.keys()
        if any(part in name for name in names):
            return True
    return False


def prepare(
    pipe: Seer,
    inputs: Pictures,
    parameters: ImageFeatureExtractionParameters,  # noqa: ARG001  # they say what is made of the model's answer
) -> list[Any]:
    """Return the pixels of each picture as the model sees them."""
    return [pipe.processor(to_pil(image), return_tensors="pt")["pixel_values"] for image in inputs.images]


def run(pipe: Seer, inputs: Sequence[list[Any]], parameters: ImageFeatureExtractionParameters) -> list[Embeddings]:
    """Return a vector for each picture of each input, one picture at a time: they may be of different shapes."""
    return [
        Embeddings.from_array(np.stack([_vector(pipe, pixels, parameters.pooling) for pixels in pictures]))
        for pictures in inputs
    ]


def _vector(pipe: Seer, pixels: Any, pooling: str) -> NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        found = pipe.model(pixel_values=pixels.to(pipe.model.device, pipe.model.dtype))
    own = getattr(found, "pooler_output", None)
    states = found.last_hidden_state[0].float()
    if pooling == "auto" and own is not None:
        vector = own.float().flatten()
    elif states.ndim == 3:  # convolutions: (channels, height, width), and no first token
        vector = states.mean((1, 2))
    else:
        vector = states[0] if pooling == "first" else states.mean(0)
    array: NDArray[np.float32] = vector.cpu().numpy()
    return array


TASK = Task(
    id="image-feature-extraction",
    modality="image",
    title="Image feature extraction",
    summary="Turns pictures into vectors, and shows which of them look alike to a model.",
    icon=":material/scatter_plot:",
    input=Pictures,
    parameters=ImageFeatureExtractionParameters,
    output=Embeddings,
    examples=(
        Example(
            "Written digits",
            {
                "images": tuple(
                    _PICTURES / f"digit-{name}.png" for name in ("0a", "3a", "7a", "0b", "3b", "7b", "0c", "3c", "7c")
                )
            },
        ),
        Example(
            "Roofs and flowers",
            {
                "images": (
                    _PICTURES / "temple.jpg",
                    _PICTURES / "flower.jpg",
                    _PICTURES / "small-roof.jpg",
                    _PICTURES / "small-flower.jpg",
                )
            },
        ),
        Example(
            "Shapes",
            {"images": tuple(_SHAPES / f"shapes-{name}.png" for name in ("apart", "on-stripes", "overlapping"))},
        ),
    ),
    load=load,
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # one input is several pictures already
)
