"""The keys by which callers on other machines are known: how they are written, and how one is found.

Owns the form of `PODIUM_API_KEYS`. A key is compared with all of them in constant time and never logged.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.settings import Settings

MIN_KEY_CHARS: Final = 16
"""Shorter keys are refused at start: they can be guessed."""

_FORM = "name=key 60/minute 5000/day; othername=otherkey"

_LIMIT = re.compile(r"([0-9]+)/(minute|day)")


@dataclass(frozen=True)
class ApiKey:
    """Hold a key, whose it is, and how often it may call.

    Args:
        is_owner: whether it is the owner's, who may do everything and has no limits.
    """

    name: str
    key: str = field(repr=False)
    per_minute: int
    per_day: int
    is_owner: bool = False


def read_keys(settings: Settings) -> tuple[ApiKey, ...]:
    """Return the keys of the settings: the callers', and the owner's where there is one.

    Raises: ValueError naming the variable and the entry by its place, never the key.
    """
    keys: list[ApiKey] = []
    entries = [entry for entry in re.split(r"[;\n]", settings.api_keys) if entry.strip()]
    for place, entry in enumerate(entries, start=1):
        known, *limits = entry.split()
        name, equals, key = known.partition("=")
        if not (name and equals):
            raise ValueError(f"PODIUM_API_KEYS, entry {place}: has no name; write {_FORM}.")
        if len(key) < MIN_KEY_CHARS:
            raise ValueError(f"PODIUM_API_KEYS, entry {place} ({name}): a key has at least {MIN_KEY_CHARS} characters.")
        found = {unit: int(number) for number, unit in (_limit(limit, place, name) for limit in limits)}
        if name in {other.name for other in keys} or key in {other.key for other in keys}:
            raise ValueError(f"PODIUM_API_KEYS, entry {place} ({name}): its name or its key is there twice.")
        keys.append(
            ApiKey(name, key, found.get("minute", settings.api_per_minute), found.get("day", settings.api_per_day))
        )
    if settings.owner_key:
        keys.append(ApiKey("owner", settings.owner_key, 0, 0, is_owner=True))
    return tuple(keys)


def given_key(headers: Mapping[str, str]) -> str:
    """Return the key that a request brings, as `Authorization: Bearer` or as `x-api-key`; empty if none.

    Args:
        headers: by their names in lower case.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()


def find_key(keys: Sequence[ApiKey], given: str) -> ApiKey | None:
    """Return the key that was given, comparing it with every one in constant time."""
    found: ApiKey | None = None
    for key in keys:  # no early end: how long it takes tells nothing about which key was nearly right
        if hmac.compare_digest(key.key.encode(), given.encode()):
            found = key
    return found


def _limit(text: str, place: int, name: str) -> tuple[str, str]:
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError(f"PODIUM_API_KEYS, entry {place} ({name}): a limit is no such thing; write {_FORM}.")
    return match[1], match[2]
