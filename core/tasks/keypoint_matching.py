"""Keypoint matching: which places of two pictures show the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from core.media import to_pil
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Match, Matches, Point, Value

_PICTURES = Path("static/examples")


class PicturePair(Value):
    """Hold two pictures."""

    first: Image = Field(title="First picture")
    second: Image = Field(title="Second picture")


class KeypointMatchingParameters(Parameters):
    """Tune keypoint matching."""

    threshold: float = Field(0.2, ge=0.0, le=1.0, description="Keep only matches with more than this score.")


@dataclass(frozen=True)
class SeenPair:
    """Hold two pictures, and their numbers as the pipeline makes them."""

    pair: PicturePair
    tensors: Any


def prepare(
    pipe: Any,
    inputs: PicturePair,
    parameters: KeypointMatchingParameters,  # noqa: ARG001  # they say which matches are kept
) -> SeenPair:
    """Return two pictures as the model is given them."""
    return SeenPair(inputs, pipe.preprocess([to_pil(inputs.first), to_pil(inputs.second)]))


def run(pipe: Any, inputs: Sequence[SeenPair], parameters: KeypointMatchingParameters) -> list[Matches]:
    """Match the places of each pair, in pixels of either picture.

    The pipeline's own last step is left out: it hands over width and height the wrong way round, which puts
    every point of a picture that is not square elsewhere (transformers 5.23).
    """
    return [_matches(pipe, one, parameters.threshold) for one in inputs]


def _matches(pipe: Any, one: SeenPair, threshold: float) -> Matches:
    found = pipe.forward(one.tensors)["model_outputs"]
    # In bfloat16 a place would be known to the nearest of 256 steps across the picture.
    for name in ("keypoints", "matching_scores"):
        found[name] = found[name].float()
    sizes = [[(image.height, image.width) for image in (one.pair.first, one.pair.second)]]
    (row,) = pipe.image_processor.post_process_keypoint_matching(found, sizes, threshold=threshold)
    rows = zip(row["keypoints0"].tolist(), row["keypoints1"].tolist(), row["matching_scores"].tolist(), strict=True)
    matches = (
        Match(first=Point(x=here[0], y=here[1]), second=Point(x=there[0], y=there[1]), score=min(1.0, max(0.0, score)))
        for here, there, score in rows
    )
    return Matches(matches=tuple(sorted(matches, key=lambda match: -match.score)))


TASK = Task(
    id="keypoint-matching",
    modality="image",
    title="Keypoint matching",
    summary="Finds the places that two pictures of one thing share.",
    icon=":material/join_inner:",
    input=PicturePair,
    parameters=KeypointMatchingParameters,
    output=Matches,
    examples=(
        Example("A temple, turned", {"first": _PICTURES / "temple.jpg", "second": _PICTURES / "temple-turned.jpg"}),
        Example("A flower, nearer", {"first": _PICTURES / "flower.jpg", "second": _PICTURES / "flower-near.jpg"}),
        Example("Nothing shared", {"first": _PICTURES / "temple.jpg", "second": _PICTURES / "flower.jpg"}),
    ),
    load=pipeline_loader("keypoint-matching"),
    run=run,
    prepare=prepare,
    batches=False,  # pairs are prepared one by one
)
