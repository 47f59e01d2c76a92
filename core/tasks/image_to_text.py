"""Image to text: a caption for a picture, or the line of writing that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from core.errors import ModelUnavailable
from core.media import to_pil
from core.tasks.pipelines import load_model, load_part
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.windows import token_limit
from core.values import Caption, Image

_PICTURES = Path("static/examples")

CAPTIONERS: Final = frozenset({"blip", "git", "vision-encoder-decoder"})
"""Kinds of model that write about a picture without being asked; the others of their Auto class want a prompt."""


class ImageToTextParameters(Parameters):
    """Tune captions."""

    max_new_tokens: int = Field(40, ge=1, le=200, description="The most tokens to write.")
    num_beams: int = Field(3, ge=1, le=8, description="Captions kept in mind while writing; 1 is fastest.")


@dataclass(frozen=True)
class Captioner:
    """Hold a model that writes about pictures, and what makes tensors and words for it."""

    model: Any
    tokenizer: Any
    image_processor: Any


def load(checkpoint: Checkpoint) -> Captioner:
    """Load BLIP, GIT, or a picture encoder with a text decoder, as ViT-GPT2 and TrOCR are.

    Raises: ModelUnavailable if it is another kind of model, or answers questions.
    """
    from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

    model = load_model((AutoModelForImageTextToText,), checkpoint).to(checkpoint.device)
    if any(
        "QuestionAnswering" in name for name in model.config.architectures or ()
    ):  # it has the same weights, and more
        raise ModelUnavailable("This model replies to questions.", hint="Open it under visual-question-answering.")
    kind = model.config.model_type
    if kind not in CAPTIONERS:
        raise ModelUnavailable(
            f"A {kind} model says something about a picture only when it is asked to.",
            hint="Open it under image-text-to-text.",
        )
    return Captioner(model, load_part(AutoTokenizer, checkpoint), load_part(AutoImageProcessor, checkpoint))


def run(pipe: Captioner, inputs: Sequence[Image], parameters: ImageToTextParameters) -> list[Caption]:
    """Write about each picture."""
    pixels = pipe.image_processor([to_pil(image) for image in inputs], return_tensors="pt").pixel_values
    sequences = pipe.model.generate(
        pixel_values=pixels.to(pipe.model.device, pipe.model.dtype),
        max_new_tokens=min(parameters.max_new_tokens, token_limit(pipe.model, pipe.tokenizer) - 2),
        num_beams=parameters.num_beams,
        do_sample=False,
    )
    return [Caption(text=text.strip()) for text in pipe.tokenizer.batch_decode(sequences, skip_special_tokens=True)]


TASK = Task(
    id="image-to-text",
    modality="image",
    title="Image to text",
    summary="Writes a caption for a picture. Some models read a line of handwriting instead.",
    icon=":material/closed_caption:",
    input=Image,
    parameters=ImageToTextParameters,
    output=Caption,
    examples=(
        Example("A flower", _PICTURES / "flower.jpg"),
        Example("A temple", _PICTURES / "temple.jpg"),
    ),
    load=load,
    run=run,
)
