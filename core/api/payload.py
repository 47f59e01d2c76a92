"""What a request asks, in the Hugging Face inference protocol: inputs and parameters out of a body.

Owns the reading of a body. What the inputs are is found out by `core.reading`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import BadInput, BadParameters, UnsupportedMedia
from core.protocol import streams
from core.reading import JSON_TYPE
from core.tasks.spec import Task
from core.values import Audio, Chat, Image, Text, Video, fields_of


@dataclass(frozen=True)
class Payload:
    """Hold a request's body, read: the inputs as `core.reading.read_value` takes them, and the parameters.

    Args:
        inputs: one input, or the inputs of a batch.
        batch: whether a list was sent.
        stream: whether the answer is wanted as it grows.
        details: whether a generated text's end and length are wanted with it.
    """

    inputs: tuple[Any, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    batch: bool = False
    stream: bool = False
    details: bool = False


_FORM: Final = 'Send {"inputs": ..., "parameters": {...}}.'


def read_payload(task: Task, body: bytes, media_type: str) -> Payload:
    """Read a request's body: JSON with `inputs` and `parameters`, or the raw bytes of a picture, a sound or a film.

    Raises: BadInput, BadParameters or UnsupportedMedia saying what is wrong with it.
    """
    if not body:
        raise BadInput("The body is empty.", hint='Send {"inputs": ...} as JSON, or the bytes of a file.')
    if media_type != JSON_TYPE:
        if task.input not in (Image, Audio, Video):
            raise UnsupportedMedia(
                f"{task.title} takes JSON, not {media_type or 'a body without a type'}.",
                hint=f'Send {{"inputs": ...}} with Content-Type: {JSON_TYPE}.',
            )
        return Payload((body,))
    document = read_json(body, hint=_FORM)
    parameters = document.pop("parameters", None)
    parameters = {} if parameters is None else parameters
    if not isinstance(parameters, dict):
        raise BadParameters('"parameters" has to be an object.', hint='For example {"parameters": {"top_k": 3}}.')
    document.pop("options", None)  # what older clients tell the Hub's own servers
    stream = document.pop("stream", None) or False
    if not isinstance(stream, bool):
        raise BadParameters('"stream" has to be true or false.', hint="Leave it out for one answer at the end.")
    if stream and not streams(task):
        raise BadParameters(f"{task.title} does not stream.", hint='Leave "stream" out.')
    inputs = document.pop("inputs", None)
    # Some clients send an input's fields, or the parameters, beside "inputs" instead of in it.
    names = {item.name for item in fields_of(task.input)} - {""}
    beside = {name: document.pop(name) for name in names & set(document)}
    if beside and not isinstance(inputs, Mapping):
        inputs = beside
    parameters = {name: document.pop(name) for name in set(document) & set(task.parameters.model_fields)} | parameters
    if inputs is None:
        raise BadInput('The body has no "inputs".', hint=_FORM)
    if document:
        raise BadInput(f'The body has a "{min(document)}", which has no meaning here.', hint=_FORM)
    details = _generation(parameters) if task.stream is not None and task.output is Text else False
    if not _is_batch(task, inputs):
        return Payload((inputs,), parameters, stream=stream, details=details)
    if stream:
        raise BadParameters("A batch cannot be streamed.", hint="Send one input at a time.")
    if not inputs:
        raise BadInput("The list of inputs is empty.", hint="Send one input at least.")
    return Payload(tuple(inputs), parameters, batch=True)


def read_json(body: bytes, *, hint: str) -> dict[str, Any]:
    """Read a body that has to be a JSON object.

    Raises: BadInput if it is anything else.
    """
    try:
        document = json.loads(body)
    except ValueError as err:  # JSON that is not, or bytes that are not UTF-8
        raise BadInput(f"The body is not JSON: {err}.", hint=hint) from err
    except RecursionError as err:
        raise BadInput("The body is nested too deep.", hint=hint) from err
    if not isinstance(document, dict):
        raise BadInput("The body has to be a JSON object.", hint=hint)
    return document


def _generation(parameters: dict[str, Any]) -> bool:
    """Take out what the protocol says of a generated text and no model has to know; return whether details are wanted.

    What ends the text may be a single string in the protocol's clients, and none at all.
    """
    if parameters.pop("return_full_text", None):
        raise BadParameters("The text that was sent is not sent back.", hint='Leave "return_full_text" out.')
    stop = parameters.pop("stop", None)
    if stop is not None:
        parameters["stop"] = stop_sequences(stop)
    return bool(parameters.pop("details", None))


def stop_sequences(stop: Any) -> Any:
    """Return what a client sends as `stop` as the task takes it: a list, even of one."""
    return [stop] if isinstance(stop, str) else stop


def _is_batch(task: Task, inputs: Any) -> bool:
    """Return whether a list of inputs was sent, and not one input that is a list itself."""
    if not isinstance(inputs, list):
        return False
    fields = fields_of(task.input)
    if len(fields) == 1 and fields[0].many:  # a list of texts is one input of such a task
        return all(isinstance(one, list | dict) for one in inputs)
    if Chat in task.takes:  # and a list of messages is one conversation
        return not all(isinstance(one, dict) for one in inputs)
    return True
