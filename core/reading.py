"""Inputs from outside to values and back: what was typed, uploaded, posted or kept.

Owns how an input of several fields is put together from its parts, and the one form in which an input is
kept beside its run. Decoding and every limit on it is `core.media`'s.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from core.errors import BadInput, ShowcaseError
from core.media import (
    Limits,
    encode_png,
    encode_video,
    encode_wav,
    read_audio,
    read_image,
    read_table,
    read_text,
    read_video,
    rows_of_json,
    table_of,
)
from core.values import NOUNS, Atom, Audio, Chat, Image, InputField, Table, Text, Value, Video, fields_of

Kind = TypeVar("Kind", bound=Value)

JSON_TYPE: Final = "application/json"

TEXT_TYPE: Final = "text/plain; charset=utf-8"


def read_value(kind: type[Kind], given: Any, limits: Limits, *, name: str = "") -> Kind:
    """Read an input of a type.

    Args:
        given: for an atom a str, the bytes of a file, or these in base64; for several fields a mapping of their names.
        name: what the file was called, if it is one.

    Raises: BadInput, TooLarge or UnsupportedMedia saying what is wrong with it, and in which field.
    """
    fields = fields_of(kind)
    if not fields[0].name:
        return _atom(fields[0].atom, given, limits, name)  # type: ignore[return-value]  # kind is that atom
    if len(fields) == 1 and fields[0].many and not isinstance(given, Mapping):
        # The protocol's own form of several texts: a list of them, or one alone.
        given = {fields[0].name: [given] if isinstance(given, str | bytes) else given}
    if not isinstance(given, Mapping):
        raise BadInput(f"The input has to be an object with {_listed(fields)}.", hint="Send it as JSON.")
    unknown = sorted(set(given) - {field.name for field in fields})
    if unknown:
        raise BadInput(f"The input has no field '{unknown[0]}'.", hint=f"It has {_listed(fields)}.")
    parts = {field.name: _field(field, given.get(field.name), limits, name) for field in fields}
    try:
        return kind(**parts)
    except ValidationError as err:
        raise BadInput(
            f"{err.errors()[0]['msg'].removeprefix('Value error, ')}.", hint="Change it and try again."
        ) from err


def kind_words(kind: type[Value]) -> str:
    """Return what an input is in words: "a text", "a picture and a question"."""
    fields = fields_of(kind)
    words = [f"{field.title.lower()}" if field.name else f"a {NOUNS[field.atom]}" for field in fields]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def encoded(inputs: Value) -> tuple[str, bytes]:
    """Return an input as a file: its media type and bytes, which `read_value` reads back by way of `decoded`."""
    if type(inputs) in _WRITERS:
        return _WRITERS[type(inputs)](inputs)
    return JSON_TYPE, json.dumps(to_wire(inputs)).encode()


def decoded(kind: type[Kind], media_type: str, data: bytes, limits: Limits) -> Kind:
    """Return an input that was kept by `encoded`."""
    return read_value(kind, json.loads(data) if media_type == JSON_TYPE else data, limits)


def to_wire(inputs: Value) -> Any:
    """Return an input as JSON data, as a request would send it: pictures, sounds and films as base64."""
    fields = fields_of(type(inputs))
    if not fields[0].name:
        return _wire(inputs)
    parts = {field.name: getattr(inputs, field.name) for field in fields}
    return {
        name: [_wire(atom) for atom in part] if isinstance(part, tuple) else _wire(part)
        for name, part in parts.items()
        if part is not None
    }


def from_base64(encoded_text: str) -> bytes:
    """Return the bytes of a base64 string, with or without a data URL's head. Paths and addresses are refused.

    Raises: BadInput if it is anything else.
    """
    text = encoded_text.partition(";base64,")[2] if encoded_text.startswith("data:") else encoded_text
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as err:
        raise BadInput(
            "The file is not base64.",
            hint="Send its bytes in base64, or as the raw body; paths are not read.",
        ) from err


def _listed(fields: Sequence[InputField]) -> str:
    return ", ".join(f'"{field.name}"' for field in fields)


def _field(field: InputField, given: Any, limits: Limits, name: str) -> Any:
    if not field.many:
        if given is None or given in ("", b""):
            if field.optional:
                return None
            raise BadInput(f"{field.title} is missing.", hint="Give it and try again.")
        with _named(field.title):
            return _atom(field.atom, given, limits, name)
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise BadInput(f"{field.title} has to be a list.", hint=f"Send the {NOUNS[field.atom]}s as a list.")
    if not field.least <= len(given) <= field.most:
        wanted = f"{field.least}" if field.least == field.most else f"{field.least} to {field.most}"
        raise BadInput(f"{field.title}: {len(given)} given, and it takes {wanted}.", hint="Give more, or fewer.")
    with _named(field.title):
        return tuple(_atom(field.atom, part, limits, name) for part in given)


class _named:
    """Put the field's name before the sentence of a refusal, so that a form of several says which one it means."""

    def __init__(self, title: str) -> None:
        self._title = title

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ShowcaseError):
            error.message = f"{self._title}: {error.message}"


def _atom(kind: type[Atom], given: Any, limits: Limits, name: str) -> Atom:
    atom: Atom = _READERS[kind](given, limits, name)
    return atom


def _read_text(given: Any, limits: Limits, _: str) -> Text:
    if not isinstance(given, str | bytes):
        raise BadInput("A text has to be a string.", hint='Send it as "inputs": "...".')
    return read_text(given, limits)


def _read_file(kind: type[Atom], read: Callable[..., Atom]) -> Callable[[Any, Limits, str], Atom]:
    def read_file(given: Any, limits: Limits, name: str) -> Atom:
        if isinstance(given, str):
            given = from_base64(given)
        if not isinstance(given, bytes):
            raise BadInput(f"A {NOUNS[kind]} has to be a file.", hint="Send its bytes, or these in base64.")
        return read(given, limits, name=name)

    return read_file


def _read_chat(given: Any, limits: Limits, _: str) -> Chat:
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    try:
        chat = Chat.model_validate({"messages": given})
    except ValidationError as err:
        raise BadInput(
            "A conversation is a list of messages.",
            hint='Each is {"role": "user" or "assistant" or "system", "content": "..."}.',
        ) from err
    if not chat.messages:
        raise BadInput("The conversation has no message.", hint="Write one and try again.")
    read_text("\n".join(message.content for message in chat.messages), limits)
    return chat


def _read_table(given: Any, limits: Limits, name: str) -> Table:
    """Read a table: columns or rows as JSON has them, the text of a CSV file, or a file, as bytes or in base64."""
    if isinstance(given, str):
        # A heading and a row are two lines; base64 is one.
        given = given if "\n" in given.strip() else from_base64(given)
    if isinstance(given, bytes) and given.lstrip()[:1] in (b"{", b"["):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):  # a CSV file may begin so too
            return read_table(given, limits, name=name)
    if isinstance(given, str | bytes):
        return read_table(given, limits, name=name)
    if not isinstance(given, Mapping | Sequence):
        raise BadInput("A table has to be an object, a list or a file.", hint="Send its columns by name.")
    return table_of(rows_of_json(given), limits)


_READERS: Final[dict[type[Value], Callable[[Any, Limits, str], Any]]] = {
    Text: _read_text,
    Image: _read_file(Image, read_image),
    Audio: _read_file(Audio, read_audio),
    Table: _read_table,
    Video: _read_file(Video, read_video),
    Chat: _read_chat,
}
"""How each atom is read."""


def _chat_messages(chat: Chat) -> list[dict[str, str]]:
    return [message.model_dump() for message in chat.messages]


def _columns(table: Table) -> dict[str, list[str]]:
    return {name: [row[at] for row in table.rows] for at, name in enumerate(table.columns)}


_WRITERS: Final[dict[type[Value], Callable[[Any], tuple[str, bytes]]]] = {
    Text: lambda text: (TEXT_TYPE, text.text.encode()),
    Image: lambda image: ("image/png", encode_png(image)),
    Audio: lambda audio: ("audio/wav", encode_wav(audio)),
    Table: lambda table: (JSON_TYPE, json.dumps(_columns(table)).encode()),
    Video: lambda video: ("video/x-matroska", encode_video(video)),
    Chat: lambda chat: (JSON_TYPE, json.dumps(_chat_messages(chat)).encode()),
}
"""How each atom is kept: its media type and its bytes."""


def _wire(atom: Value) -> Any:
    media_type, data = _WRITERS[type(atom)](atom)
    if media_type == TEXT_TYPE:
        return data.decode()
    return json.loads(data) if media_type == JSON_TYPE else base64.b64encode(data).decode()
