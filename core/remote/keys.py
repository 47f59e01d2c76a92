"""The keys that endpoints want: how they are written, and which goes where.

Owns the form of `PODIUM_ENDPOINT_KEYS`. A key goes to its own host only, and into no log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_FORM: Final = "host=key; otherhost:8000=otherkey"


def read_endpoint_keys(given: str) -> dict[str, str]:
    """Return the keys by host, or by host and port.

    Raises: ValueError naming the variable and the entry by its place, never the key.
    """
    keys: dict[str, str] = {}
    entries = [entry.strip() for entry in re.split(r"[;\n]", given) if entry.strip()]
    for place, entry in enumerate(entries, start=1):
        host, _, key = (part.strip() for part in entry.partition("="))
        if not re.fullmatch(r"[\w.:\[\]-]+", host) or not re.fullmatch(r"[\x21-\x7e]+", key):
            raise ValueError(f"PODIUM_ENDPOINT_KEYS, entry {place}: is no host with a key; write {_FORM}.")
        if host.lower() in keys:
            raise ValueError(f"PODIUM_ENDPOINT_KEYS, entry {place} ({host}): this host is there twice.")
        keys[host.lower()] = key
    return keys


def key_for(address: str, keys: Mapping[str, str]) -> str:
    """Return the key of an address, empty if there is none: that of its host and port before that of its host."""
    parts = urlsplit(address)
    return keys.get(parts.netloc.lower()) or keys.get(parts.hostname or "") or ""
