"""Image segmentation: which pixels of a picture belong to what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from core.media import png_of_mask, to_pil
from core.tasks.pictures import Seen
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Mask, Masks

_EXAMPLES = Path("models/starters/shapes-detection/examples")


class ImageSegmentationParameters(Parameters):
    """Tune image segmentation."""

    subtask: Literal["auto", "semantic", "instance", "panoptic"] = Field(
        "auto", description="Regions by kind, one by one, or both; auto takes what the model does best."
    )
    threshold: float = Field(0.9, ge=0.0, le=1.0, description="Keep only regions with at least this score.")
    mask_threshold: float = Field(0.5, ge=0.0, le=1.0, description="How sure a pixel has to be to count.")
    overlap_mask_area_threshold: float = Field(0.5, ge=0.0, le=1.0, description="Drop regions mostly under others.")


def prepare(pipe: Any, inputs: Image, parameters: ImageSegmentationParameters) -> Seen:
    """Return a picture as the model is given it; OneFormer is also told what to look for."""
    return Seen(inputs, pipe.preprocess(to_pil(inputs), **_subtask(parameters)))


def run(pipe: Any, inputs: Sequence[Seen], parameters: ImageSegmentationParameters) -> list[Masks]:
    """Segment each picture."""
    options = parameters.model_dump(exclude={"subtask"}) | _subtask(parameters)
    return [_masks(one.image, pipe.postprocess(pipe.forward(one.tensors), **options)) for one in inputs]


def _subtask(parameters: ImageSegmentationParameters) -> dict[str, str]:
    return {} if parameters.subtask == "auto" else {"subtask": parameters.subtask}


def _masks(image: Image, rows: Sequence[dict[str, Any]]) -> Masks:
    masks = []
    for row in rows:
        covered = np.asarray(row["mask"]) > 0
        score = row["score"]
        if covered.any():
            masks.append(
                Mask(
                    label=row["label"],
                    score=None if score is None else float(score),
                    area=float(covered.mean()),
                    mask=png_of_mask(covered),
                )
            )
    largest_first = sorted(masks, key=lambda mask: -mask.area)
    return Masks(width=image.width, height=image.height, masks=tuple(largest_first))


TASK = Task(
    id="image-segmentation",
    modality="image",
    title="Image segmentation",
    summary="Colours every pixel of a picture by what it belongs to.",
    icon=":material/layers:",
    input=Image,
    parameters=ImageSegmentationParameters,
    output=Masks,
    examples=(
        Example("Shapes apart", _EXAMPLES / "shapes-apart.png"),
        Example("On stripes", _EXAMPLES / "shapes-on-stripes.png"),
        Example("Overlapping", _EXAMPLES / "shapes-overlapping.png"),
    ),
    load=pipeline_loader("image-segmentation"),
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # masks are made at each picture's own size
)
