"""Zero-shot object detection: where in a picture the visitor's own labels are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.media import to_pil
from core.tasks.candidates import MOST_LABELS, CandidateLabel, refuse_long
from core.tasks.object_detection import boxes_of
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Boxes, Image

_PICTURES = Path("static/examples")
_SHAPES = Path("models/starters/shapes-detection/examples")


class ZeroShotObjectDetectionParameters(Parameters):
    """Say what to look for."""

    candidate_labels: tuple[CandidateLabel, ...] = Field(
        ("a roof", "a tree", "a person", "a window"),
        min_length=1,
        max_length=MOST_LABELS,
        description="What to look for, in your own words.",
        json_schema_extra={"prominent": True},
    )
    threshold: float = Field(0.1, ge=0.0, le=1.0, description="Keep only boxes with at least this score.")


def run(pipe: Any, inputs: Sequence[Image], parameters: ZeroShotObjectDetectionParameters) -> list[Boxes]:
    """Look for every label in each picture.

    Raises: BadParameters if a label is longer than the model's text encoder reads.
    """
    labels = list(parameters.candidate_labels)
    refuse_long(pipe, labels)
    return [
        boxes_of(image, pipe(to_pil(image), candidate_labels=labels, threshold=parameters.threshold))
        for image in inputs
    ]


TASK = Task(
    id="zero-shot-object-detection",
    modality="image",
    title="Zero-shot object detection",
    summary="Finds whatever you name in a picture and draws a box around each.",
    icon=":material/frame_inspect:",
    input=Image,
    parameters=ZeroShotObjectDetectionParameters,
    output=Boxes,
    examples=(
        Example("A temple", _PICTURES / "temple.jpg"),
        Example("A flower", _PICTURES / "flower.jpg", {"candidate_labels": ("a petal", "a leaf", "a bee")}),
        Example(
            "Shapes",
            _SHAPES / "shapes-apart.png",
            {"candidate_labels": ("a circle", "a square", "a triangle", "a star")},
        ),
    ),
    load=pipeline_loader("zero-shot-object-detection"),
    run=run,
    batches=False,  # one pass for each picture and label already
)
