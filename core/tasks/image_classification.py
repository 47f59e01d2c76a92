"""Image classification: what a picture as a whole shows, with a score for each label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.media import to_pil
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Label, Labels

_EXAMPLES = Path("models/starters/handwritten-digits/examples")


class ImageClassificationParameters(Parameters):
    """Tune image classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def run(pipe: Any, inputs: Sequence[Image], parameters: ImageClassificationParameters) -> list[Labels]:
    """Classify each picture."""
    answers = pipe([to_pil(image) for image in inputs], top_k=parameters.top_k, batch_size=len(inputs))
    return [Labels(labels=tuple(Label(label=row["label"], score=row["score"]) for row in rows)) for rows in answers]


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
)
