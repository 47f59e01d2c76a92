"""An answer to take along: as text for the clipboard, as files for the disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from core.reading import to_wire
from core.ui.outputs.answers import NOWHERE
from core.ui.outputs.markup import percent
from core.ui.outputs.transcript import clock
from core.values import (
    Answers,
    Boxes,
    Chat,
    Entities,
    Fillings,
    Labels,
    Masks,
    Table,
    Text,
    Transcript,
    Value,
    atoms_in,
)


class Download(NamedTuple):
    """Be a file: its bytes, its name and its media type."""

    data: bytes
    name: str
    media_type: str


def download_of(output: Value, inputs: Value | None = None) -> Download:
    """Return an answer as JSON in the form the API gives it, beside the text that it answers.

    A picture or a sound is not put in: it is the visitor's own file, and far larger than the answer.
    """
    form = {"inputs": to_wire(inputs)} if inputs is not None and _is_words(inputs) else {}
    whole = {**form, "output": output.to_json()}
    data = json.dumps(whole, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    return Download(data, f"{_stem(output)}.json", "application/json")


def text_download_of(output: Value) -> Download | None:
    """Return an answer that is a text as a text file, and None for any other."""
    if not isinstance(output, Text | Transcript):
        return None
    return Download(output.text.encode("utf-8", "replace"), f"{_stem(output)}.txt", "text/plain")


def clipboard_text(output: Value) -> str:
    """Return what Copy copies: the text itself, or a table with tabs, which a sheet takes as one."""
    return COPIED[type(output)](output)


def _is_words(inputs: Value) -> bool:
    return all(isinstance(atom, Text | Table | Chat) for atom in atoms_in(inputs))


def _stem(output: Value) -> str:
    return f"podium-{type(output).__name__.lower()}"


def _lines(rows: Iterable[tuple[object, ...]]) -> str:
    return "\n".join("\t".join(" ".join(str(cell).split()) for cell in row) for row in rows)


def _labels(labels: Labels) -> str:
    return _lines((one.label, percent(one.score)) for one in labels.labels)


def _entities(entities: Entities) -> str:
    return _lines((one.word, one.entity_group, percent(one.score), one.start, one.end) for one in entities.entities)


def _boxes(boxes: Boxes) -> str:
    return _lines((one.label, percent(one.score), *one.box.model_dump().values()) for one in boxes.detections)


def _masks(masks: Masks) -> str:
    return _lines((one.label, percent(one.area)) for one in masks.masks)


def _transcript(transcript: Transcript) -> str:
    return transcript.text or _lines((clock(one.start_s), one.text) for one in transcript.chunks)


def _answers(answers: Answers) -> str:
    return _lines((one.answer or NOWHERE, percent(one.score), one.start, one.end) for one in answers.answers)


def _fillings(fillings: Fillings) -> str:
    return _lines(
        (number, one.token_str, percent(one.score), one.sequence)
        for number, words in enumerate(fillings.gaps, 1)
        for one in words
    )


def _text(text: Text) -> str:
    return text.text


COPIED: Final[dict[type[Value], Callable[[Any], str]]] = {
    Labels: _labels,
    Entities: _entities,
    Text: _text,
    Boxes: _boxes,
    Masks: _masks,
    Transcript: _transcript,
    Answers: _answers,
    Fillings: _fillings,
}
"""What Copy makes of each type of answer."""
