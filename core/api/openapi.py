"""The API described for machines: OpenAPI 3.1, made from the routes and the task declarations.

Owns what of each task is described: its inputs, its parameters, an example that can be sent as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from core import errors
from core.api.delivery import FORMS
from core.api.schemas import inputs_schema, parameters_schema
from core.protocol import streams
from core.reading import JSON_TYPE
from core.runtime import Runtime
from core.settings import ROOT
from core.showcase import APP_VERSION
from core.tasks.spec import Example, Task
from core.values import Audio, Image, Video

Document = dict[str, Any]

FILE_TYPES: Final[Mapping[type, str]] = {Image: "image/*", Audio: "audio/*", Video: "video/*"}
"""What the raw body of a task that takes one file may be."""

EXAMPLE_BYTES: Final = 100_000
"""The largest file that is written into the description as base64; of a larger one only its name."""

_ERROR: Final = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "What it is, for programs."},
                "message": {"type": "string", "description": "What is wrong, and the limit."},
                "hint": {"type": "string", "description": "What to do about it."},
                "run_id": {"type": ["string", "null"]},
            },
            "required": ["code", "message", "hint", "run_id"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
}

_OPENAI_ERROR: Final = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string", "description": "What is wrong, the limit, and what to do about it."},
                "type": {"type": "string", "enum": ["invalid_request_error", "server_error"]},
                "param": {"type": "null"},
                "code": {"type": "string", "description": "What it is, for programs."},
            },
            "required": ["message", "type", "param", "code"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
}

_MODEL_BODY: Final = {
    "type": "object",
    "properties": {"inputs": {"description": "As the model's task takes them."}, "parameters": {"type": "object"}},
    "required": ["inputs"],
}

_MODEL_ROUTE: Final = "/api/models/{model_id}"

_TASK_ROUTE: Final = "/api/tasks/{task_id}"


def document(of: Runtime, mounted: Mapping[str, FastAPI]) -> Document:
    """Return the description of all routes.

    Args:
        mounted: the applications by the path they are mounted at.
    """
    described: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Podium",
            "version": APP_VERSION,
            "description": "Models on a stage. A page and a request go through the same door.",
        },
        "paths": {},
        "components": {
            "schemas": {"Error": _ERROR, "OpenAIError": _OPENAI_ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
        "security": [{}, {"bearer": []}, {"key": []}],
    }
    for path, app in mounted.items():
        routes = app.openapi()
        described["components"]["schemas"] |= routes.get("components", {}).get("schemas", {})
        described["paths"] |= {path + inner: operations for inner, operations in routes["paths"].items()}
    for name in ("HTTPValidationError", "ValidationError"):  # the framework's own; ours replaces it
        described["components"]["schemas"].pop(name, None)
    general = described["paths"].pop(_TASK_ROUTE)
    described["paths"] |= {
        f"/api/tasks/{task.id}": {"post": _task(task, general["post"])} for task in of.showcase.tasks()
    }
    any_model = described["paths"][_MODEL_ROUTE]["post"]
    any_model["requestBody"] = {
        "required": True,
        "content": {JSON_TYPE: {"schema": _MODEL_BODY}} | {kind: {} for kind in FILE_TYPES.values()},
    }
    any_model["responses"]["200"]["content"] |= {form: {} for forms in FORMS.values() for form in forms}
    any_model["responses"]["200"]["content"]["text/event-stream"] = {}
    for path, operations in described["paths"].items():
        for operation in operations.values():
            operation.setdefault("responses", {}).pop("422", None)
            operation["responses"] |= _refusals("OpenAIError" if path.startswith("/v1/") else "Error")
    return described


def _task(task: Task, general: Document) -> Document:
    body: Document = {
        "type": "object",
        "properties": {"inputs": _one_or_many(inputs_schema(task)), "parameters": _inlined(parameters_schema(task))},
        "required": ["inputs"],
    }
    if streams(task):
        body["properties"]["stream"] = {"type": "boolean", "default": False}
    examples = {
        f"example {number}": {"summary": example.title, "value": body_of(example)}
        for number, example in enumerate(task.examples, start=1)
    }
    content: Document = {JSON_TYPE: {"schema": body, "examples": examples}}
    if task.input in FILE_TYPES:
        content[FILE_TYPES[task.input]] = {}
    answer: Document = {
        JSON_TYPE: {"schema": {"description": task.output.__doc__.partition("\n")[0] if task.output.__doc__ else ""}}
    }
    answer |= {media_type: {} for media_type in FORMS.get(task.output, {})}
    if streams(task):
        answer["text/event-stream"] = {}
    return {
        "operationId": f"run_{task.id.replace('-', '_')}",
        "summary": task.title,
        "description": task.summary,
        "tags": [task.modality],
        "parameters": [one for one in general.get("parameters", ()) if one["in"] == "query"],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "The answer; of a list of inputs, a list of answers.",
                "content": answer,
                "headers": {"X-Run-Id": {"schema": {"type": "string"}, "description": "The run, to judge it by."}},
            }
        },
    }


def body_of(example: Example) -> Document:
    """Return an example as a request's body."""

    def wire(part: Any) -> Any:
        if isinstance(part, tuple):
            return [wire(one) for one in part]
        if not isinstance(part, Path):
            return part
        data = (ROOT / part).read_bytes()
        return base64.b64encode(data).decode() if len(data) <= EXAMPLE_BYTES else f"({part.name} in base64)"

    inputs = example.inputs
    written = {name: wire(part) for name, part in inputs.items()} if isinstance(inputs, Mapping) else wire(inputs)
    return {"inputs": written} | ({"parameters": dict(example.parameters)} if example.parameters else {})


def _one_or_many(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def _inlined(schema: Document) -> Document:
    """Return a schema with its definitions in the places that refer to them."""
    definitions = schema.pop("$defs", {})

    def put(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return put(definitions[part["$ref"].rpartition("/")[2]])
            return {name: put(one) for name, one in part.items()}
        return [put(one) for one in part] if isinstance(part, list) else part

    return put(schema)  # type: ignore[no-any-return]


def _refusals(schema: str = "Error") -> Document:
    """Return what every route may answer instead, in the shape that its clients read."""
    found: dict[str, list[str]] = {}
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, errors.ShowcaseError):
            found.setdefault(str(value.status), []).append(value.code)
    found.setdefault("405", []).append("bad_request")
    return {
        status: {
            "description": " or ".join(dict.fromkeys(codes)),
            "content": {JSON_TYPE: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        }
        for status, codes in sorted(found.items())
    }
