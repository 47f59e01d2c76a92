"""Answers of functions: words that stand by themselves, and several answers at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field, SerializeAsAny, field_serializer, field_validator, model_validator

from core.values.base import Value
from core.values.inputs import Text


class Words(Text):
    """Answer in words that stand by themselves, and do not go on where a text stopped."""


class Several(Value):
    """Answer with several answers, one below the other; `titles` are their headings, empty or one for each.

    In JSON each part is an object of its type and its value, so that it is read back as what it was.
    """

    parts: tuple[SerializeAsAny[Value], ...] = Field(min_length=1)
    titles: tuple[str, ...] = ()

    @field_validator("parts", mode="before")
    @classmethod
    def _read_parts(cls, given: Any) -> tuple[Any, ...]:
        return tuple(_part(part) if isinstance(part, Mapping) else part for part in given)

    @field_serializer("parts", when_used="json")
    def _write_parts(self, parts: tuple[Value, ...]) -> list[dict[str, Any]]:
        return [{"type": type(part).__name__, "value": part.to_json()} for part in parts]

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if any(isinstance(part, Several) for part in self.parts):
            raise ValueError("several answers cannot stand in one of several")
        if self.titles and len(self.titles) != len(self.parts):
            raise ValueError("there has to be a title for each part, or none")
        return self

    def titled(self) -> Iterator[tuple[str, Value]]:
        """Yield each part with its title, empty where it has none."""
        yield from zip(self.titles or ("",) * len(self.parts), self.parts, strict=True)


def _part(form: Mapping[str, Any]) -> Value:
    from core.values import VALUE_TYPES

    kind = VALUE_TYPES.get(form.get("type", ""))
    if kind is None or set(form) != {"type", "value"}:
        raise ValueError("a part is an object of a type and its value")
    return kind.from_json(form["value"])
