"""Depth estimation: how far away each pixel of one picture is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from core.tasks.pictures import Seen, prepare_picture
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Depth, Image

_PICTURES = Path("static/examples")
_SHAPES = Path("models/starters/shapes-detection/examples")

LARGEST_SIDE: Final = 1280
"""Pixels of a depth map's longer side. Models look at 384 to 768 and are scaled up from there, so that more
would be more bytes and no more depth: twelve megapixels would be 48 MB in every record."""

_ALWAYS_METRIC: Final = frozenset({"depth_pro", "glpn", "zoedepth"})
"""Kinds of model that were made to measure metres, whatever they were trained on."""


class DepthEstimationParameters(Parameters):
    """Say how to read the numbers."""

    larger_values: Literal["auto", "nearer", "farther"] = Field(
        "auto", description="What larger numbers mean; auto goes by the kind of model."
    )


def run(pipe: Any, inputs: Sequence[Seen], parameters: DepthEstimationParameters) -> list[Depth]:
    """Measure each picture, at its own size but for pictures over `LARGEST_SIDE`.

    The pipeline's own last step is left out: it also makes a grey picture, in a way that knows neither a
    flat answer nor bfloat16.
    """
    metric = is_metric(pipe.model.config)
    nearness = {"auto": not metric, "nearer": True, "farther": False}[parameters.larger_values]
    depths = []
    for image, tensors in ((one.image, one.tensors) for one in inputs):
        scale = min(1.0, LARGEST_SIDE / max(image.width, image.height))
        size = (max(1, round(image.height * scale)), max(1, round(image.width * scale)))
        found = pipe.forward(tensors)
        found["predicted_depth"] = found["predicted_depth"].float()
        options = {"target_sizes": [size]}
        if pipe.model.config.model_type == "zoedepth":  # pads, and takes the padding off by the picture's own size
            options["source_sizes"] = [(image.height, image.width)]
        (row,) = pipe.image_processor.post_process_depth_estimation(found, **options)
        values = row["predicted_depth"].cpu().numpy().reshape(size)
        depths.append(Depth.from_array(values, nearness=nearness, unit="m" if metric and not nearness else ""))
    return depths


def is_metric(config: Any) -> bool:
    """Return whether a model measures metres; others give one over the distance, to a scale of their own."""
    return (
        config.model_type in _ALWAYS_METRIC
        or getattr(config, "depth_estimation_type", "") == "metric"
        # DPT over DINOv2, trained on the metres of NYU and KITTI: the only DPTs with a projection before the head.
        or (config.model_type == "dpt" and config.add_projection)
    )


TASK = Task(
    id="depth-estimation",
    modality="image",
    title="Depth estimation",
    summary="Says how far away everything in one picture is, and turns it into a surface.",
    icon=":material/landscape_2:",
    input=Image,
    parameters=DepthEstimationParameters,
    output=Depth,
    examples=(
        Example("A temple", _PICTURES / "temple.jpg"),
        Example("A flower", _PICTURES / "flower.jpg"),
        Example("Overlapping", _SHAPES / "shapes-overlapping.png"),
    ),
    load=pipeline_loader("depth-estimation"),
    run=run,
    prepare=prepare_picture,
    concurrent=True,
    batches=False,  # processors keep the aspect ratio, so pictures of two shapes do not stack
)
