"""Object detection: what stands where in a picture, as boxes with labels and scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.tasks.pictures import Seen, prepare_picture
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Box, Boxes, Detection, Image

_EXAMPLES = Path("models/starters/shapes-detection/examples")


class ObjectDetectionParameters(Parameters):
    """Tune object detection."""

    threshold: float = Field(0.5, ge=0.0, le=1.0, description="Keep only boxes with at least this score.")


def run(pipe: Any, inputs: Sequence[Seen], parameters: ObjectDetectionParameters) -> list[Boxes]:
    """Find the things in each picture."""
    found = (pipe.postprocess(pipe.forward(one.tensors), threshold=parameters.threshold) for one in inputs)
    return [boxes_of(one.image, rows) for one, rows in zip(inputs, found, strict=True)]


def boxes_of(image: Image, rows: Sequence[dict[str, Any]]) -> Boxes:
    """Return what a detection pipeline answered about a picture, cut at its edges, surest first."""
    detections = (
        Detection(
            label=row["label"],
            score=row["score"],
            box=Box(
                xmin=max(0, row["box"]["xmin"]),
                ymin=max(0, row["box"]["ymin"]),
                xmax=min(image.width, row["box"]["xmax"]),
                ymax=min(image.height, row["box"]["ymax"]),
            ),
        )
        for row in rows
    )
    surest_first = sorted(detections, key=lambda detection: -detection.score)
    return Boxes(width=image.width, height=image.height, detections=tuple(surest_first))


TASK = Task(
    id="object-detection",
    modality="image",
    title="Object detection",
    summary="Finds the things in a picture and draws a box around each.",
    icon=":material/select_all:",
    input=Image,
    parameters=ObjectDetectionParameters,
    output=Boxes,
    examples=(
        Example("Shapes apart", _EXAMPLES / "shapes-apart.png"),
        Example("On stripes", _EXAMPLES / "shapes-on-stripes.png"),
        Example("Overlapping", _EXAMPLES / "shapes-overlapping.png"),
    ),
    load=pipeline_loader("object-detection"),
    run=run,
    prepare=prepare_picture,
    concurrent=True,
    batches=False,  # processors keep the aspect ratio, so pictures of two shapes do not stack
)
