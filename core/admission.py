"""Who may have this machine open any checkpoint: decided here for the pages and for the routes alike.

Owns what "on this machine" means. Knows no page, no route and no model.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from core.settings import AllowAny

PROXY_HEADERS: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
"""What a proxy leaves in a request: behind one, every visitor seems to come from its machine."""


@lru_cache(1024)
def is_loopback(address: str | None) -> bool:
    """Return whether an address is this machine's own; Streamlit gives None for `localhost`.

    A socket for both protocols writes 127.0.0.1 as `::ffff:127.0.0.1`.
    """
    if address is None:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def is_on_this_machine(address: str | None, headers: Mapping[str, str]) -> bool:
    """Return whether a request was made on the machine that serves, with no proxy in between.

    Args:
        headers: by their names in lower case.
    """
    return is_loopback(address) and not any(name in headers for name in PROXY_HEADERS)


def is_own_request(headers: Mapping[str, str]) -> bool:
    """Return whether a request was not made by a page of another site in a browser on this machine.

    Such a page names its site as the origin; one that points a name of its own at this machine has
    that name as the host. Streamlit checks both for the pages, the routes have to do it here.

    Args:
        headers: by their names in lower case.
    """
    return _is_own(headers.get("host", ""), headers.get("origin"))


@lru_cache(1024)
def _is_own(host: str, origin: str | None) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    return (name == "localhost" or is_loopback(name)) and (origin is None or urlsplit(origin).netloc == host)


def may_open_any(setting: AllowAny, *, on_this_machine: bool) -> bool:
    """Return whether a visitor who is not the owner may open models beside the catalog."""
    return setting == "yes" or (setting == "auto" and on_this_machine)
