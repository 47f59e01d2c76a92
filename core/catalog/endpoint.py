"""Where a model runs that does not run here: the address of a server, and what it speaks.

Owns what the catalog says of it and the checks of that. Keys are never part of it: see `PODIUM_ENDPOINT_KEYS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args
from urllib.parse import SplitResult, urlsplit

Protocol = Literal["inference", "openai"]

OPENAI_TASKS: Final = ("text-generation", "feature-extraction")
"""The tasks that are asked for in OpenAI's protocol: chat completions and embeddings."""

_MEANINGLESS: Final = ("path", "revision", "dtype", "runtime", "requires", "size_mb")


@dataclass(frozen=True)
class Endpoint:
    """Name a server that answers for a model.

    Args:
        address: of the model itself in the inference protocol; of the routes (it ends in /v1) in OpenAI's.
    """

    address: str
    protocol: Protocol = "inference"

    @property
    def host(self) -> str:
        """Return what a visitor is told: the host, with its port where it has one."""
        return urlsplit(self.address).netloc.lower()


def endpoint_of(row: Mapping[str, Any]) -> Endpoint | None:
    """Return where a row of the catalog says that its model runs, None for here.

    Raises: ValueError saying what is wrong with the row and what to write.
    """
    address = row.get("endpoint")
    if address is None:
        if "protocol" in row:
            raise ValueError("a protocol needs an endpoint; give it one, or remove it")
        return None
    parts = _parts(address)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise ValueError(f"endpoint is {address!r}; write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the endpoint holds a key; remove it and put host=key into PODIUM_ENDPOINT_KEYS")
    for name in _MEANINGLESS:
        if name in row:
            raise ValueError(f"a model with an endpoint has no {name}; remove it")
    protocol = row.get("protocol", "inference")
    if protocol not in get_args(Protocol):
        raise ValueError(f"protocol is {protocol!r}; it may be {', '.join(get_args(Protocol))}")
    if protocol == "openai" and row.get("task") not in OPENAI_TASKS:
        raise ValueError(
            f"OpenAI's protocol cannot carry {row.get('task')}, only {' and '.join(OPENAI_TASKS)};"
            ' write protocol = "inference" if the server speaks it'
        )
    return Endpoint(address, cast(Protocol, protocol))


def _parts(address: str) -> SplitResult | None:
    """Return the parts of an address, None if it is none; its port is looked at, which is checked only then."""
    try:
        parts = urlsplit(address)
        return parts if parts.port != 0 and not set(address) & set(" \t\r\n\\") else None
    except ValueError:
        return None
