"""Image classification: what a picture as a whole shows, with a score for each label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.tasks.pictures import Seen, prepare_picture
from core.tasks.pipelines import pipeline_loader
from core.tasks.scores import best_labels, joined, label_scores
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Labels

_EXAMPLES = Path("models/starters/handwritten-digits/examples")


class ImageClassificationParameters(Parameters):
    """Tune image classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def run(pipe: Any, inputs: Sequence[Seen], parameters: ImageClassificationParameters) -> list[Labels]:
    """Classify each picture; those that the model sees at one size run together."""
    scores = _scores(pipe, [one.tensors for one in inputs])
    return [Labels(labels=best_labels(each, parameters.top_k)) for each in scores]


def _scores(pipe: Any, prepared: Sequence[Any]) -> list[dict[str, float]]:
    """Return the score of each label for each picture."""
    pixels = [picture["pixel_values"] for picture in prepared]
    if len({picture.shape for picture in pixels}) == 1 and all(len(picture) == 1 for picture in prepared):
        return label_scores(pipe.model, {"pixel_values": joined(pixels)})
    return [scores for picture in prepared for scores in label_scores(pipe.model, picture)]


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
    concurrent=True,
)
