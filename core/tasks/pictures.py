"""A picture beside what a model is given for it.

Owns what the tasks share whose answer is about the picture's own pixels, whatever size the model sees it at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.media import to_pil
from core.tasks.spec import Parameters
from core.values import Image


@dataclass(frozen=True)
class Seen:
    """Hold a picture, and its numbers as a pipeline makes them."""

    image: Image
    tensors: Any


def prepare_picture(
    pipe: Any,
    inputs: Image,
    parameters: Parameters,  # noqa: ARG001  # how a picture is seen does not depend on them
) -> Seen:
    """Return a picture at the size and in the colours that the model was trained on."""
    return Seen(inputs, pipe.preprocess(to_pil(inputs)))
