"""What is sent to somebody else's server: a request in the inference protocol.

Owns its body. How it is sent, and what comes of it, is `core.remote`'s.
"""

from __future__ import annotations

from typing import Any, Final

from core.reading import to_wire
from core.tasks.spec import Parameters, Task
from core.values import Value, fields_of

_LEFT_TO_THE_MODEL: Final = (None, "", (), 0, False, "auto", "automatic")
"""Defaults that say nothing. They are not sent: a server that is not a Podium may have no such parameter."""


def streams(task: Task) -> bool:
    """Return whether a task's answer can be sent as it grows: the protocol's events carry pieces of a text."""
    return task.stream is not None and "text" in task.output.model_fields


def request_of(inputs: Value, parameters: Parameters, *, stream: bool) -> dict[str, Any]:
    """Return the body of a request: pictures, sounds and films in base64."""
    fields = fields_of(type(inputs))
    given = to_wire(inputs)
    if len(fields) == 1 and fields[0].many:  # of several texts the protocol takes a list
        given = given[fields[0].name]
    body = {"inputs": given, "parameters": parameters_of(parameters)}
    return body | {"stream": True} if stream else body


def parameters_of(parameters: Parameters) -> dict[str, Any]:
    """Return the parameters as JSON data, without those that leave the matter to the model."""
    asked = parameters.model_dump(mode="json")
    defaults = type(parameters)().model_dump()
    return {
        name: value
        for name, value in asked.items()
        if getattr(parameters, name) != defaults[name] or defaults[name] not in _LEFT_TO_THE_MODEL
    }
