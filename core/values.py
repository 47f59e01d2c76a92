"""What goes into a task and what comes out of it: plain, frozen, comparable values.

Owns the shape of every input and answer and their JSON form. Knows nothing of files, models, pages
or storage: identity, times and clients belong to the store, decoding belongs to `core.media`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Score = Annotated[float, Field(ge=0.0, le=1.0)]


class Value(BaseModel):
    """Be the base of everything that crosses a boundary of the showcase."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; bytes become base64."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read the JSON form back.

        Raises: pydantic.ValidationError if the form is not of this type.
        """
        return cls.model_validate_json(json.dumps(form))

    def digest(self) -> str:
        """Return the SHA-256 of the value and its type, in hex: equal values, equal digests."""
        state = hashlib.sha256(type(self).__name__.encode())
        for name in sorted(type(self).model_fields):
            field = getattr(self, name)
            state.update(name.encode() + b"\0")
            state.update(field if isinstance(field, bytes) else repr(field).encode())
            state.update(b"\0")
        return state.hexdigest()


class Text(Value):
    """Hold a text, as it was typed or generated."""

    text: str


class Image(Value):
    """Hold a picture, decoded.

    Shapes: `pixels` are width * height * 3 bytes: rows from the top, RGB, 8 bits a channel.
    """

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    pixels: bytes = Field(repr=False)

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        if len(self.pixels) != self.width * self.height * 3:
            raise ValueError("pixels must be width * height * 3 bytes of RGB")
        return self

    @classmethod
    def from_array(cls, array: NDArray[np.uint8]) -> Self:
        """Build from an array of shape (height, width, 3)."""
        return cls(width=array.shape[1], height=array.shape[0], pixels=np.ascontiguousarray(array, np.uint8).tobytes())

    def array(self) -> NDArray[np.uint8]:
        """Return the pixels as a read-only array of shape (height, width, 3)."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width, 3)


class Audio(Value):
    """Hold a sound, decoded.

    Shapes: `samples` are float32, little endian, mono, in [-1, 1], at `sampling_rate` Hz.
    """

    samples: bytes = Field(repr=False)
    sampling_rate: int = Field(gt=0)

    @classmethod
    def from_array(cls, array: NDArray[np.float32], sampling_rate: int) -> Self:
        """Build from an array of shape (num_samples,)."""
        return cls(samples=np.ascontiguousarray(array, np.dtype("<f4")).tobytes(), sampling_rate=sampling_rate)

    def array(self) -> NDArray[np.float32]:
        """Return the samples as a read-only array of shape (num_samples,)."""
        return np.frombuffer(self.samples, np.dtype("<f4"))

    @property
    def duration_s(self) -> float:
        """Return the length in seconds."""
        return len(self.samples) / 4 / self.sampling_rate


class Label(Value):
    """Name one label and how sure the model is of it."""

    label: str
    score: Score


class Labels(Value):
    """Answer with labels, best first."""

    labels: tuple[Label, ...]


class Entity(Value):
    """Mark a stretch of a text: characters `start` (inclusive) to `end` (exclusive)."""

    entity_group: str
    score: Score
    word: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Entities(Value):
    """Answer with marked stretches of `text`, in reading order."""

    text: str
    entities: tuple[Entity, ...]


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


class Chunk(Value):
    """Place a piece of a transcript in time; seconds, `end_s` None where the model did not say."""

    text: str
    start_s: float
    end_s: float | None = None


class Transcript(Value):
    """Answer with what was said and, where the model says so, when."""

    text: str
    chunks: tuple[Chunk, ...] = ()


VALUE_TYPES: Mapping[str, type[Value]] = {
    value_type.__name__: value_type for value_type in (Text, Image, Audio, Labels, Entities, Boxes, Masks, Transcript)
}
"""Every value type by the name that the store and the API write."""
