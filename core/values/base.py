"""What all values share: frozen, comparable, with one JSON form and one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

_DIGEST = "_digest"
"""Where a value keeps its digest, beside its fields."""

Score = Annotated[float, Field(ge=0.0, le=1.0)]


class Value(BaseModel):
    """Be the base of everything that crosses a boundary of the showcase."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; bytes become base64."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """Read the JSON form back.

        Raises: pydantic.ValidationError if the form is not of this type.
        """
        return cls.model_validate_json(json.dumps(form))

    def digest(self) -> str:
        """Return the SHA-256 of the value and its type, in hex: equal values, equal digests. It is computed once.

        Not by a `cached_property`: until Python 3.12 that has one lock for all values, at which pictures that came at
        the same time waited for each other.
        """
        found: str | None = self.__dict__.get(_DIGEST)
        if found is None:
            found = self.__dict__[_DIGEST] = self._digested()
        return found

    def __copy__(self) -> Self:
        """Return a copy that finds its own digest out: it may be changed before anybody sees it."""
        copied = super().__copy__()
        copied.__dict__.pop(_DIGEST, None)
        return copied

    def _digested(self) -> str:
        state = hashlib.sha256(type(self).__name__.encode())
        for name in sorted(type(self).model_fields):
            field = getattr(self, name)
            state.update(name.encode() + b"\0")
            state.update(_content(field))
            state.update(b"\0")
        return state.hexdigest()


def _content(field: Any) -> bytes:
    """Return what tells a field from others; the repr of a picture or a sound leaves its bytes out."""
    if isinstance(field, bytes):
        return field
    if isinstance(field, Value):
        return field.digest().encode()
    if isinstance(field, tuple) and any(isinstance(part, Value) for part in field):
        return b",".join(_content(part) for part in field)
    return repr(field).encode()
