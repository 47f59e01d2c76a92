"""Values as they travel: the Hugging Face inference protocol, both ways.

Owns the JSON of each answer and the reading of a request's body. The shapes are those of the Hub's
task specifications.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import BadInput, BadParameters, UnsupportedMedia
from core.tasks.spec import Task
from core.values import Boxes, Entities, Labels, Masks, Text, Transcript, Value

JSON_TYPE: Final = "application/json"


@dataclass(frozen=True)
class Payload:
    """Hold a request's body, read: the input's text or bytes, and the parameters."""

    inputs: str | bytes
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_payload(task: Task, body: bytes, media_type: str) -> Payload:
    """Read a request's body: JSON with `inputs` and `parameters`, or the raw bytes of a picture or sound.

    Raises: BadInput, BadParameters or UnsupportedMedia saying what is wrong with it.
    """
    if not body:
        raise BadInput("The body is empty.", hint='Send {"inputs": ...} as JSON, or the bytes of a file.')
    if media_type != JSON_TYPE:
        if task.input is Text:
            raise UnsupportedMedia(
                f"{task.title} takes JSON, not {media_type or 'a body without a type'}.",
                hint=f'Send {{"inputs": "..."}} with Content-Type: {JSON_TYPE}.',
            )
        return Payload(body)
    try:
        document = json.loads(body)
    except ValueError as err:  # JSON that is not, or bytes that are not UTF-8
        raise BadInput(f"The body is not JSON: {err}.", hint='Send {"inputs": ..., "parameters": {...}}.') from err
    if not isinstance(document, dict) or not isinstance(document.get("inputs"), str):
        raise BadInput(
            'The body has no "inputs" that is a string.', hint='Send {"inputs": "...", "parameters": {...}}.'
        )
    parameters = document.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise BadParameters('"parameters" has to be an object.', hint='For example {"parameters": {"top_k": 3}}.')
    inputs: str = document["inputs"]
    return Payload(inputs if task.input is Text else _decoded(inputs), parameters)


def _decoded(inputs: str) -> bytes:
    """Return the bytes of a base64 string, with or without a data URL's head. Paths and addresses are refused."""
    encoded = inputs.partition(";base64,")[2] if inputs.startswith("data:") else inputs
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as err:
        raise BadInput(
            '"inputs" is not base64.',
            hint="Send the file's bytes in base64, or as the raw body; addresses are not read.",
        ) from err


def _labels(answer: Labels) -> object:
    return [label.model_dump() for label in answer.labels]


def _entities(answer: Entities) -> object:
    return [entity.model_dump() for entity in answer.entities]


def _boxes(answer: Boxes) -> object:
    return [detection.model_dump() for detection in answer.detections]


def _masks(answer: Masks) -> object:
    # `score` is left out where the model gives none: the specification knows no null there.
    return [
        {"label": mask.label, "mask": base64.b64encode(mask.mask).decode()}
        | ({} if mask.score is None else {"score": mask.score})
        for mask in answer.masks
    ]


def _transcript(answer: Transcript) -> object:
    chunks = [{"text": chunk.text, "timestamp": [chunk.start_s, chunk.end_s]} for chunk in answer.chunks]
    return {"text": answer.text} | ({"chunks": chunks} if chunks else {})


def _text(answer: Text) -> object:
    return {"generated_text": answer.text}


ANSWERS: Final[dict[type[Value], Callable[[Any], object]]] = {
    Labels: _labels,
    Entities: _entities,
    Boxes: _boxes,
    Masks: _masks,
    Transcript: _transcript,
    Text: _text,
}
"""The JSON of each output type."""


def written(answer: Value) -> object:
    """Return an answer as JSON data."""
    return ANSWERS[type(answer)](answer)
