"""What a task's input is made of: one atom, or several by name.

Owns the reading of an input type's fields, which page, route and record are made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from core.values.base import Value
from core.values.inputs import ATOMS, Atom, Audio, Chat, Image, Table, Text, Video

NOUNS: Mapping[type[Atom], str] = {
    Text: "text",
    Image: "picture",
    Audio: "sound",
    Video: "video",
    Table: "table",
    Chat: "conversation",
}
"""What a visitor calls each kind of atom."""


OWN_NAMES: Mapping[type[Value], str] = {
    Text: "text",
    Image: "image",
    Audio: "audio",
    Video: "video",
    Table: "table",
    Chat: "messages",
}
"""What a single atom is called where everything needs a name, as in the arguments of a tool."""


@dataclass(frozen=True)
class InputField:
    """Describe one field of an input.

    Args:
        name: the attribute; empty where the input is a single atom.
        atom: what it holds.
        title: what a visitor calls it.
        placeholder: what stands in the empty field.
        many: whether it holds a tuple of atoms.
        optional: whether it may be left empty.
        rows: lines that a typed text usually has; 1 is a single line.
        least: how many atoms there have to be, where it holds many.
        most: how many there may be.
    """

    name: str
    atom: type[Atom]
    title: str
    placeholder: str = ""
    many: bool = False
    optional: bool = False
    rows: int = 1
    least: int = 1
    most: int = 1


def fields_of(kind: type[Value]) -> tuple[InputField, ...]:
    """Return the fields of an input type, in the order in which a form asks for them.

    A field's title, placeholder and rows come from its pydantic `Field(title=..., description=...,
    json_schema_extra={"rows": ...})`; how many a tuple may hold from `min_length` and `max_length`.

    Raises: TypeError if a field is none of an atom, an atom or None, and a tuple of atoms.
    """
    for atom in ATOMS:
        if kind is atom:
            return (InputField("", atom, f"Your {NOUNS[atom]}", f"Type or paste a {NOUNS[atom]} here", rows=8),)
    return tuple(_field(name, kind) for name in kind.model_fields)


def atoms_in(value: Value) -> Iterator[Value]:
    """Yield every atom that an input holds."""
    if isinstance(value, ATOMS):
        yield value
        return
    for name in type(value).model_fields:
        part = getattr(value, name)
        for atom in part if isinstance(part, tuple) else (part,):
            if atom is not None:
                yield atom


def _field(name: str, kind: type[Value]) -> InputField:
    info = kind.model_fields[name]
    atom, many, optional = _atom_of(info.annotation)
    if atom not in ATOMS:
        raise TypeError(f"{kind.__name__}.{name} is {info.annotation}; it has to be one of the atoms, or several")
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    rows = extra.get("rows", 1)
    return InputField(
        name,
        atom,
        title=info.title or name.replace("_", " ").capitalize(),
        placeholder=info.description or "",
        many=many,
        optional=optional,
        rows=rows if isinstance(rows, int) else 1,
        least=next((item.min_length for item in info.metadata if hasattr(item, "min_length")), 1),
        most=next((item.max_length for item in info.metadata if hasattr(item, "max_length")), 100 if many else 1),
    )


def _atom_of(annotation: Any) -> tuple[Any, bool, bool]:
    """Return the atom of an annotation, whether there are many, and whether it may be left out."""
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0], True, False
    if get_origin(annotation) in (Union, UnionType):
        inside = [part for part in get_args(annotation) if part is not NoneType]
        return inside[0], False, True
    return annotation, False, False
