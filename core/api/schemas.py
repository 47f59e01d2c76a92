"""JSON schemas of what a task takes, made from its declaration: for tools and for the API's description.

Owns the words that a model or a programmer reads about an input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.tasks.spec import Task
from core.values import NOUNS, OWN_NAMES, Audio, Chat, Image, InputField, Message, Table, Text, Value, Video, fields_of

_FILE: Final = {"type": "string", "contentEncoding": "base64"}

_OR: Final = ", or its https address if PODIUM_FETCH_HOSTS has the host"

_ATOMS: Final[Mapping[type[Value], dict[str, Any]]] = {
    Text: {"type": "string"},
    Image: _FILE | {"description": f"A picture file (PNG, JPEG or WebP), in base64{_OR}."},
    Audio: _FILE | {"description": f"A sound file (WAV, FLAC, MP3 or OGG), in base64{_OR}."},
    Video: _FILE | {"description": f"A video file (MP4 or WebM), in base64{_OR}."},
    Table: {
        "type": ["object", "string"],
        "description": "A table: a list of cells under the name of each column, or a text of comma-separated values.",
    },
    Chat: {
        "type": "array",
        "minItems": 1,
        "description": "A conversation, oldest message first.",
        "items": {
            "type": "object",
            "properties": {
                "role": Message.model_json_schema()["properties"]["role"],
                "content": {"type": "string"},
            },
            "required": ["role", "content"],
        },
    },
}


def inputs_schema(task: Task) -> dict[str, Any]:
    """Return the schema of a task's `inputs`."""
    fields = fields_of(task.input)
    if not fields[0].name:
        return _field(fields[0])
    return {
        "type": "object",
        "properties": {field.name: _field(field) for field in fields},
        "required": [field.name for field in fields if not field.optional],
        "additionalProperties": False,
    }


def named_inputs(task: Task) -> tuple[dict[str, Any], list[str]]:
    """Return the schemas of everything a task takes in, by name, and which of it is required."""
    schema = inputs_schema(task)
    if fields_of(task.input)[0].name:
        return schema["properties"], schema["required"]
    name = OWN_NAMES[fields_of(task.input)[0].atom]
    return {name: schema}, [name]


def from_named(task: Task, given: dict[str, Any]) -> Any:
    """Take a task's input out of arguments that name everything, as `Showcase.read_input` takes it."""
    fields = fields_of(task.input)
    if fields[0].name:
        return {field.name: given.pop(field.name) for field in fields if field.name in given}
    return given.pop(OWN_NAMES[fields[0].atom], None)


def parameters_schema(task: Task) -> dict[str, Any]:
    """Return the schema of a task's parameters; what only the page reads of it is left out."""
    schema = task.parameters.model_json_schema()
    for described in schema.get("properties", {}).values():
        for name in set(described) - _KEYWORDS:
            del described[name]
    return schema


_KEYWORDS: Final = frozenset(
    [
        "$ref",
        "allOf",
        "anyOf",
        "const",
        "default",
        "description",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "multipleOf",
        "pattern",
        "prefixItems",
        "title",
        "type",
        "uniqueItems",
    ]
)


def _field(field: InputField) -> dict[str, Any]:
    schema = dict(_ATOMS[field.atom])
    if field.name:
        words = schema.get("description", f"A {NOUNS[field.atom]}.")
        schema |= {"title": field.title, "description": words}
    if not field.many:
        return schema
    items = dict(_ATOMS[field.atom])
    title = {"title": field.title} if field.name else {}
    return title | {"type": "array", "items": items, "minItems": field.least, "maxItems": field.most}
