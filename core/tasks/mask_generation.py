"""Mask generation: everything in a picture that hangs together, outlined without a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.media import png_of_mask, to_pil
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Mask, Masks

_PICTURES = Path("static/examples")
_SHAPES = Path("models/starters/shapes-detection/examples")

OVERLAP: Final = 0.7
"""Two masks whose boxes share more than this are one. Source: the pipeline's own default."""

AT_ONCE: Final = 64
"""Points that are asked about in one pass. Source: the pipeline's own default."""


class MaskGenerationParameters(Parameters):
    """Tune mask generation."""

    points_per_side: int = Field(
        16, ge=1, le=32, description="How many points, across and down, are asked what they belong to."
    )
    pred_iou_thresh: float = Field(
        0.88, ge=0.0, le=1.0, description="Keep only masks of which the model is at least this sure."
    )
    stability_score_thresh: float = Field(
        0.95, ge=0.0, le=1.0, description="Keep only masks whose edge stays where it is at a stricter cut."
    )
    crops_n_layers: int = Field(0, ge=0, le=2, description="Look again at this many rounds of smaller parts; slow.")


def run(pipe: Any, inputs: Sequence[Image], parameters: MaskGenerationParameters) -> list[Masks]:
    """Find the parts of each picture.

    The pipeline's own last step is left out: all that it needs torchvision for is which masks are twins.
    """
    return [_masks(pipe, image, parameters) for image in inputs]


def _masks(pipe: Any, image: Image, parameters: MaskGenerationParameters) -> Masks:
    asked = pipe.preprocess(
        to_pil(image),
        points_per_batch=AT_ONCE,
        points_per_crop=parameters.points_per_side,
        crops_n_layers=parameters.crops_n_layers,
    )
    limits = {
        "pred_iou_thresh": parameters.pred_iou_thresh,
        "stability_score_thresh": parameters.stability_score_thresh,
    }
    found = [pipe.forward(points, **limits) for points in asked]
    scores = np.concatenate([one["iou_scores"].float().cpu().numpy() for one in found])
    boxes = np.concatenate([one["boxes"].float().cpu().numpy() for one in found])
    runs = [run_lengths for one in found for run_lengths in one["masks"]]
    kept = [(inside_of(runs[at]), float(scores[at])) for at in without_twins(boxes, scores)]
    largest_first = sorted((pair for pair in kept if pair[0].any()), key=lambda pair: -int(pair[0].sum()))
    return Masks(
        width=image.width,
        height=image.height,
        masks=tuple(
            Mask(
                label=f"Part {number}",
                score=min(1.0, max(0.0, score)),
                area=float(inside.mean()),
                mask=png_of_mask(inside),
            )
            for number, (inside, score) in enumerate(largest_first, start=1)
        ),
    )


def without_twins(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Return the numbers of the boxes to keep, surest first: none shares more than `OVERLAP` with a surer one.

    Shapes: `boxes` are (count, 4): xmin, ymin, xmax, ymax.
    """
    areas = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    waiting, kept = list(np.argsort(-scores, kind="stable")), []
    while waiting:
        best, rest = int(waiting[0]), np.array(waiting[1:], int)
        kept.append(best)
        corners = np.maximum(boxes[rest, :2], boxes[best, :2]), np.minimum(boxes[rest, 2:], boxes[best, 2:])
        shared = np.prod(np.clip(corners[1] - corners[0], 0, None), axis=1)
        whole = areas[rest] + areas[best] - shared
        waiting = list(rest[shared <= OVERLAP * whole])
    return kept


def inside_of(run_lengths: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Return the mask of shape (height, width) of run lengths: outside, inside and so on, down the columns."""
    height, width = run_lengths["size"]
    counts = np.array(run_lengths["counts"], int)
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return inside.reshape(width, height).T


TASK = Task(
    id="mask-generation",
    modality="image",
    title="Mask generation",
    summary="Outlines every part of a picture that hangs together, whatever it is.",
    icon=":material/shape_line:",
    input=Image,
    parameters=MaskGenerationParameters,
    output=Masks,
    examples=(
        Example("Shapes apart", _SHAPES / "shapes-apart.png"),
        Example("A flower", _PICTURES / "flower.jpg"),
        Example("A temple", _PICTURES / "temple.jpg"),
    ),
    load=pipeline_loader("mask-generation"),
    run=run,
    batches=False,  # one picture is many questions already
)
