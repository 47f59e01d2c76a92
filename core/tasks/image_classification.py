"""Image classification: what a picture as a whole shows, with a score for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.media import to_pil
from core.tasks.pipelines import pipeline_loader
from core.tasks.pixels import Pixels, as_numbers, seen_as_bytes
from core.tasks.scores import best_labels, joined, label_scores
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Labels

_EXAMPLES = Path("models/starters/handwritten-digits/examples")


class ImageClassificationParameters(Parameters):
    """Tune image classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def prepare(
    pipe: Any,
    inputs: Image,
    parameters: ImageClassificationParameters,  # noqa: ARG001  # how a picture is seen does not depend on them
) -> Any:
    """Return a picture at the size and in the colours that the model was trained on."""
    picture = to_pil(inputs)
    return seen_as_bytes(pipe.image_processor, picture) or pipe.preprocess(picture)


def run(pipe: Any, inputs: Sequence[Any], parameters: ImageClassificationParameters) -> list[Labels]:
    """Classify each picture; those that the model sees at one size run together."""
    return [Labels(labels=best_labels(each, parameters.top_k)) for each in _scores(pipe, inputs)]


def _scores(pipe: Any, prepared: Sequence[Any]) -> list[dict[str, float]]:
    """Return the score of each label for each picture."""
    if len({_shape(one) for one in prepared}) > 1:
        return [scores for one in prepared for scores in label_scores(pipe.model, _together([one]))]
    return label_scores(pipe.model, _together(prepared))


def _shape(one: Any) -> object:
    """Return what pictures have in common that can run together; nothing has it whose pixels are not all of it."""
    if isinstance(one, Pixels):
        return one.bytes.shape
    return one["pixel_values"].shape if len(one) == 1 else id(one)


def _together(prepared: Sequence[Any]) -> Mapping[str, Any]:
    """Return what a model is given for pictures of one shape."""
    if isinstance(prepared[0], Pixels):
        return {"pixel_values": as_numbers(prepared)}
    if len(prepared) == 1:
        return dict(prepared[0])
    return {"pixel_values": joined([one["pixel_values"] for one in prepared])}


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
    prepare=prepare,
    concurrent=True,
)
