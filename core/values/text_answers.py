"""Answers about texts and sounds: labels, marks, spans, rankings, transcripts, vectors."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from core.values.base import Score, Value
from core.values.inputs import Text


class Label(Value):
    """Name one label and how sure the model is of it."""

    label: str
    score: Score


class Labels(Value):
    """Answer with labels, best first."""

    labels: tuple[Label, ...]
    note: str = Field(default="", description="What to know of it: that a long sound was heard in windows.")


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


class Answer(Value):
    """Answer a question in words, and say where they stand: characters `start` (inclusive) to `end` (exclusive)."""

    answer: str
    score: Score
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Answers(Value):
    """Answer a question from a passage, the likeliest answer first."""

    answers: tuple[Answer, ...]


class TableAnswer(Value):
    """Answer a question from a table: the words, the cells they come from, and what was done with those.

    Shapes: `coordinates` are (row, column) of each cell, counted from 0, the heading not counted.
    """

    answer: str
    coordinates: tuple[tuple[int, int], ...]
    cells: tuple[str, ...]
    aggregator: str = Field(default="", description="NONE, SUM, AVERAGE or COUNT; empty where the model has none.")


class Filling(Value):
    """Fill one gap of a text; `sequence` is the whole text with it."""

    token_str: str
    token: int
    score: Score
    sequence: str


class Fillings(Value):
    """Answer with what fits each gap of a text, gap by gap, best first."""

    gaps: tuple[tuple[Filling, ...], ...]
    note: str = Field(default="", description="What to know of it: that of a long text only a part was read.")


class Similarities(Value):
    """Say how near each of several texts is to one, in [-1, 1], in the order in which they were given."""

    scores: tuple[float, ...]
    note: str = Field(default="", description="What to know of them: that a long text was read in windows.")


class Embeddings(Value):
    """Answer with one vector for each thing that was given, in the same order.

    Shapes: `vectors` are count * width float32, little endian.
    """

    count: int = Field(gt=0)
    width: int = Field(gt=0)
    vectors: bytes = Field(repr=False)
    note: str = Field(default="", description="What to know of them: that a long text was read in windows.")

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        if len(self.vectors) != self.count * self.width * 4:
            raise ValueError("vectors must be count * width * 4 bytes of float32")
        return self

    @classmethod
    def from_array(cls, array: NDArray[np.float32], *, note: str = "") -> Self:
        """Build from an array of shape (count, width)."""
        vectors = np.ascontiguousarray(array, np.dtype("<f4")).tobytes()
        return cls(count=array.shape[0], width=array.shape[1], vectors=vectors, note=note)

    def array(self) -> NDArray[np.float32]:
        """Return the vectors as a read-only array of shape (count, width)."""
        return np.frombuffer(self.vectors, np.dtype("<f4")).reshape(self.count, self.width)


class Summary(Text):
    """Answer with a shorter text."""

    note: str = Field(default="", description="What to know of it: that a long text was summarised piece by piece.")


class Translation(Text):
    """Answer with the same text in another language."""

    note: str = Field(default="", description="What to know of it: in how many parts the text was translated.")


class Decision(Value):
    """Decide one question: its name, the answer, and how likely each option was, best first."""

    name: str
    answer: str
    options: tuple[Label, ...]


class Decisions(Value):
    """Answer with one decision for each question, in the order in which they were asked."""

    decisions: tuple[Decision, ...]


class Chunk(Value):
    """Place a piece of a transcript in time; seconds, `end_s` None where the model did not say."""

    text: str
    start_s: float
    end_s: float | None = None


class Transcript(Value):
    """Answer with what was said and, where the model says so, when."""

    text: str
    chunks: tuple[Chunk, ...] = ()
