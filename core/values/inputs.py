"""What a visitor gives: texts, pictures, sounds, videos, tables and conversations.

These are the atoms. A task that takes several at once declares a `Value` whose fields are atoms, tuples of
one kind of atom, or an atom or None; its page, its route and its record come from those fields.
"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from core.values.base import Value


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


class Video(Value):
    """Hold a film, decoded, without its sound.

    Shapes: `pixels` are frame_count * height * width * 3 bytes: frame after frame, rows from the top, RGB, 8 bits.
    """

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    frame_count: int = Field(gt=0)
    duration_s: float = Field(gt=0, description="How long the film lasts, from its first frame to its end.")
    pixels: bytes = Field(repr=False)

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        if len(self.pixels) != self.frame_count * self.width * self.height * 3:
            raise ValueError("pixels must be frame_count * width * height * 3 bytes of RGB")
        return self

    @classmethod
    def from_array(cls, array: NDArray[np.uint8], duration_s: float) -> Self:
        """Build from an array of shape (frames, height, width, 3), its frames evenly spaced in time."""
        frames, height, width, _ = array.shape
        pixels = np.ascontiguousarray(array, np.uint8).tobytes()
        return cls(width=width, height=height, frame_count=frames, duration_s=duration_s, pixels=pixels)

    def array(self) -> NDArray[np.uint8]:
        """Return the frames as a read-only array of shape (frames, height, width, 3)."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.frame_count, self.height, self.width, 3)


class Table(Value):
    """Hold a table: the names of its columns, and its rows, every cell a text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @model_validator(mode="after")
    def _check_width(self) -> Self:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row must have a cell for each column")
        return self


class Message(Value):
    """Be one message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Chat(Value):
    """Hold a conversation, oldest message first."""

    messages: tuple[Message, ...]


Atom = Text | Image | Audio | Video | Table | Chat

ATOMS: tuple[type[Atom], ...] = (Text, Image, Audio, Video, Table, Chat)
