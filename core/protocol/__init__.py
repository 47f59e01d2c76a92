"""Values as they travel: the Hugging Face inference protocol, in both directions.

    form      what a form is: how an answer is written as JSON, and how such JSON is read back
    texts     the forms of answers about texts and sounds
    pictures  the forms of answers about pictures and films
    asking    what is sent to somebody else's server

The shapes are those of the Hub's task specifications. What a request asks of this server is read by
`core.api.payload`; what may be sent as a file instead of JSON is `core.api.delivery`'s.
"""

from __future__ import annotations

from typing import Final

from core.protocol.asking import parameters_of, request_of, streams
from core.protocol.form import Asked, Form, NotTheProtocol, read_with
from core.protocol.pictures import PICTURES
from core.protocol.texts import TEXTS
from core.reading import to_wire
from core.values import Audio, Image, Several, Value

__all__ = [
    "ANSWERS",
    "Asked",
    "Form",
    "NotTheProtocol",
    "parameters_of",
    "read_answer",
    "request_of",
    "streams",
    "written",
]


def written(answer: Value) -> object:
    """Return an answer as JSON data."""
    return ANSWERS[type(answer)].write(answer)


def _write_several(answer: Several) -> object:
    # Pictures and sounds are base64 here, as they are among several inputs.
    return [
        ({"title": title} if title else {})
        | {"type": type(part).__name__, "answer": to_wire(part) if isinstance(part, Image | Audio) else written(part)}
        for title, part in answer.titled()
    ]


ANSWERS: Final[dict[type[Value], Form]] = {**TEXTS, **PICTURES, Several: Form(_write_several)}
"""The form of each output type."""


def read_answer(given: object, asked: Asked) -> Value:
    """Read an answer that somebody else's server wrote.

    What the protocol has no place for is not there afterwards: notes, the boxes of an answer on a page, the
    frames that a film's labels were seen in, and the unit of a depth.

    Raises: NotTheProtocol if it is no answer to what was asked.
    """
    return read_with(ANSWERS[asked.task.output], given, asked)
