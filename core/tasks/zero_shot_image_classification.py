"""Zero-shot image classification: which of the visitor's own labels fits a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.media import to_pil
from core.tasks.candidates import MOST_LABELS, CandidateLabel, Template, refuse_long
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Label, Labels

_PICTURES = Path("static/examples")
_SHAPES = Path("models/starters/shapes-detection/examples")


class ZeroShotImageClassificationParameters(Parameters):
    """Say what to choose from."""

    candidate_labels: tuple[CandidateLabel, ...] = Field(
        ("a flower", "a building", "an animal", "people"),
        min_length=1,
        max_length=MOST_LABELS,
        description="What the picture may show, in your own words.",
        json_schema_extra={"prominent": True},
    )
    hypothesis_template: Template = Field(
        "This is a photo of {}.", description="The sentence that is compared with the picture; {} is the label."
    )


def prepare(pipe: Any, inputs: Image, parameters: ZeroShotImageClassificationParameters) -> Any:
    """Return a picture and the labels as the model is given them.

    Raises: BadParameters if a label is longer than the model's text encoder reads.
    """
    labels, template = list(parameters.candidate_labels), parameters.hypothesis_template
    refuse_long(pipe, [template.format(label) for label in labels])
    return pipe.preprocess(to_pil(inputs), candidate_labels=labels, hypothesis_template=template)


def run(
    pipe: Any,
    inputs: Sequence[Any],
    parameters: ZeroShotImageClassificationParameters,  # noqa: ARG001  # each input has its labels with it
) -> list[Labels]:
    """Score every label for each picture; scores add up to 1, but for SigLIP's, which stand each for itself."""
    answers = (pipe.postprocess(pipe.forward(tensors)) for tensors in inputs)
    return [Labels(labels=tuple(Label(label=row["label"], score=row["score"]) for row in rows)) for rows in answers]


TASK = Task(
    id="zero-shot-image-classification",
    modality="image",
    title="Zero-shot image classification",
    summary="Chooses among labels that you make up, without having been trained on them.",
    icon=":material/new_label:",
    input=Image,
    parameters=ZeroShotImageClassificationParameters,
    output=Labels,
    examples=(
        Example("A flower", _PICTURES / "flower.jpg"),
        Example(
            "A temple",
            _PICTURES / "temple.jpg",
            {"candidate_labels": ("a temple", "a railway station", "a ship", "a mountain hut")},
        ),
        Example(
            "Shapes",
            _SHAPES / "shapes-apart.png",
            {
                "candidate_labels": ("geometric shapes", "handwriting", "a map", "a photograph of fruit"),
                "hypothesis_template": "A picture of {}.",
            },
        ),
    ),
    load=pipeline_loader("zero-shot-image-classification"),
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # the pipeline reads the labels again for each picture: together is no faster
)
