"""Image classification: what a picture as a whole shows, with a score for each label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.tasks.pictures import Seen, prepare_picture
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Label, Labels

_EXAMPLES = Path("models/starters/handwritten-digits/examples")


class ImageClassificationParameters(Parameters):
    """Tune image classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def run(pipe: Any, inputs: Sequence[Seen], parameters: ImageClassificationParameters) -> list[Labels]:
    """Classify each picture; those that the model sees at one size run together."""
    logits = _logits(pipe, [one.tensors for one in inputs])
    answers = [pipe.postprocess({"logits": row[None]}, top_k=parameters.top_k) for row in logits]
    return [Labels(labels=tuple(Label(label=row["label"], score=row["score"]) for row in rows)) for rows in answers]


def _logits(pipe: Any, prepared: Sequence[Any]) -> Any:
    """Return a row of logits for each picture.

    The pipeline's own steps, without the loader of datasets that it puts between them: that takes a millisecond a call.
    """
    import torch

    pixels = [picture["pixel_values"] for picture in prepared]
    if len({picture.shape for picture in pixels}) == 1 and all(len(picture) == 1 for picture in prepared):
        return pipe.forward({"pixel_values": torch.cat(pixels)})["logits"]
    return torch.cat([pipe.forward(picture)["logits"] for picture in prepared])


TASK = Task(
    id="image-classification",
    modality="image",
    title="Image classification",
    summary="Says what a picture shows. Draw a digit, or send a photograph.",
    icon=":material/image_search:",
    input=Image,
    parameters=ImageClassificationParameters,
    output=Labels,
    examples=(
        Example("Drawn on white", _EXAMPLES / "dark-on-white-3.png"),
        Example("Chalk on slate", _EXAMPLES / "light-on-dark-7.png"),
        Example("On paper", _EXAMPLES / "on-paper-4.jpg"),
    ),
    load=pipeline_loader("image-classification"),
    run=run,
    prepare=prepare_picture,
)
