"""Answers about pictures and films: boxes, masks, depths, matches, replies, and what may be text, picture or sound."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from core.values.base import Score, Value
from core.values.inputs import Audio, Image, Text
from core.values.text_answers import Labels


class Box(Value):
    """Be a rectangle in pixels, origin top left."""

    xmin: int
    ymin: int
    xmax: int
    ymax: int


class Detection(Value):
    """Say that something with this label stands in this box."""

    label: str
    score: Score
    box: Box


class Boxes(Value):
    """Answer with things found in a picture of `width` by `height` pixels, surest first."""

    width: int
    height: int
    detections: tuple[Detection, ...]


class Mask(Value):
    """Mark the pixels of one label: `mask` is an 8-bit grey PNG of the picture's size, 255 where it is."""

    label: str
    score: Score | None = None
    area: Score = Field(description="The share of the picture that it covers.")
    mask: bytes = Field(repr=False)


class Masks(Value):
    """Answer with the regions of a picture of `width` by `height` pixels, largest first."""

    width: int
    height: int
    masks: tuple[Mask, ...]


class Depth(Value):
    """Say how far away each pixel of a picture is, in the model's own unit; some models give nearness instead.

    Shapes: `values` are width * height float32, little endian, rows from the top.
    """

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    values: bytes = Field(repr=False)
    nearness: bool = Field(False, description="Whether larger values are nearer, not farther.")
    unit: Literal["", "m"] = Field("", description="Metres, or empty where the values only compare within the picture.")

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        if len(self.values) != self.width * self.height * 4:
            raise ValueError("values must be width * height * 4 bytes of float32")
        return self

    @classmethod
    def from_array(cls, array: NDArray[np.float32], *, nearness: bool = False, unit: Literal["", "m"] = "") -> Self:
        """Build from an array of shape (height, width)."""
        values = np.ascontiguousarray(array, np.dtype("<f4")).tobytes()
        return cls(width=array.shape[1], height=array.shape[0], values=values, nearness=nearness, unit=unit)

    def array(self) -> NDArray[np.float32]:
        """Return the values as a read-only array of shape (height, width)."""
        return np.frombuffer(self.values, np.dtype("<f4")).reshape(self.height, self.width)


class Point(Value):
    """Be a place in a picture, in pixels, origin top left."""

    x: float
    y: float


class Match(Value):
    """Say that a place in the first picture shows what a place in the second one shows."""

    first: Point
    second: Point
    score: Score


class Matches(Value):
    """Answer with places that two pictures share, surest first."""

    matches: tuple[Match, ...]


class PageAnswer(Value):
    """Answer a question from a page: the words, and the boxes on the page that they stand in.

    `start` and `end` are the first and the last of the page's words, counted from 0; None where it was not read so.
    """

    answer: str
    score: Score | None = None
    boxes: tuple[Box, ...] = ()
    start: Annotated[int, Field(ge=0)] | None = None
    end: Annotated[int, Field(ge=0)] | None = None


class PageAnswers(Value):
    """Answer a question from a page of `width` by `height` pixels, the likeliest answer first."""

    width: int
    height: int
    answers: tuple[PageAnswer, ...]


class Caption(Text):
    """Say what a picture shows."""


class Replies(Labels):
    """Answer a question about a picture in a word or a few, the likeliest reply first."""


class FilmLabels(Labels):
    """Answer with labels of a film; `frames` are those of its frames that the model saw, counted from 0."""

    frames: tuple[int, ...] = ()


class Mixed(Value):
    """Answer in words, in a picture, in sound, or in several of these."""

    text: str = ""
    image: Image | None = None
    audio: Audio | None = None
