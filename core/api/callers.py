"""Who is calling: from which address, with which key, and what it may do.

Owns the decision to serve a request or not. The address is the connection's own; what a proxy says of
it is believed only from those that `PODIUM_TRUSTED_PROXIES` names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.types import Scope

from core.admission import is_loopback, is_on_this_machine, is_own_request
from core.api.keys import ApiKey, find_key, given_key, read_keys
from core.api.rates import Allowance
from core.errors import Forbidden, Unauthorized
from core.runtime import Runtime

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PROXIED: Final = "a proxy on this machine"
"""What a client is called that came through a proxy on this machine which is not trusted to say more."""


@dataclass(frozen=True)
class Caller:
    """Say who calls.

    Args:
        client: a salted hash, the same for all calls of one client.
        allowance: what it may do; None where there is no limit.
    """

    client: str
    allowance: Allowance | None
    is_owner: bool
    is_local: bool


class Callers:
    """Tell who calls, and refuse who may not.

    Raises: ValueError if a setting cannot be read, naming it.
    """

    def __init__(self, of: Runtime) -> None:
        settings = of.settings
        self._of = of
        self._keys = read_keys(settings)
        self._proxies = _networks(settings.trusted_proxies)
        self.origins = _origins(settings.cors)

    def identify(self, scope: Scope) -> Caller:
        """Return who calls.

        Raises: Unauthorized if it needs a key and has none that fits; Forbidden for a page of another site.
        """
        # Of a header that comes twice the first one counts, as everywhere in Starlette, which searches for each anew.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        settings, origin, host = self._of.settings, headers.get("origin"), headers.get("host")
        if origin is not None and origin not in self.origins and urlsplit(origin).netloc != host:
            raise Forbidden(
                "This call comes from a page of another site.", hint="Let PODIUM_CORS name that site, if it is yours."
            )
        peer = (scope.get("client") or ("", 0))[0]
        is_local = is_on_this_machine(peer or "unknown", headers)
        key = find_key(self._keys, given_key(headers))
        if key is not None:
            return self._with_key(key, is_local=is_local)
        if is_local:
            if not (is_own_request(headers) or origin in self.origins):
                raise Forbidden(
                    f"This call is for the host {host!r}, which is not how a program on this machine calls.",
                    hint="Call http://localhost or http://127.0.0.1.",
                )
            return Caller(self._of.hashed(peer), None, is_owner=False, is_local=True)
        if settings.api != "open":
            raise Unauthorized(
                "This key is not known here." if given_key(headers) else "Calls from another machine need a key.",
                hint="Send one of PODIUM_API_KEYS as Authorization: Bearer, or let the owner set PODIUM_API=open.",
            )
        address = client_address(peer, headers, self._proxies)
        return Caller(self._of.hashed(address), self._allowance(), is_owner=False, is_local=False)

    def _with_key(self, key: ApiKey, *, is_local: bool) -> Caller:
        allowance = None if key.is_owner or is_local else self._allowance(key)
        return Caller(self._of.hashed(f"key {key.name}"), allowance, is_owner=key.is_owner, is_local=is_local)

    def _allowance(self, key: ApiKey | None = None) -> Allowance:
        settings = self._of.settings
        limits = (key.per_minute, key.per_day) if key else (settings.api_per_minute, settings.api_per_day)
        return Allowance(*limits, at_once=settings.api_at_once)


def client_address(peer: str, headers: Mapping[str, str], proxies: Sequence[Network]) -> str:
    """Return whose request it is: the nearest address on its way here that is not a trusted proxy's.

    uvicorn has put the last address of X-Forwarded-For in place of the peer's where that was this machine's
    own, so an address that stands there may be what somebody wrote: it came through a proxy on this machine.

    Args:
        headers: by their names in lower case.
    """
    way = [_host(part) for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    rewritten = next((address for address in reversed(way) if not is_loopback(address)), None)
    nearest = "127.0.0.1" if way and peer == rewritten else peer
    if not _is_trusted(nearest, proxies):
        return PROXIED if way and is_loopback(nearest) else nearest
    for address in reversed(way):
        if not _is_trusted(address, proxies):
            return address
    return way[0] if way else nearest


def _host(part: str) -> str:
    """Return the address of an entry of X-Forwarded-For without its port."""
    text = part.strip()
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::\d+)?", text)
    if bracketed:
        return bracketed[1]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_trusted(address: str, proxies: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in proxies)


def _networks(setting: str) -> tuple[Network, ...]:
    found = []
    for part in re.split(r"[\s,;]+", setting.strip()):
        if part:
            try:
                found.append(ipaddress.ip_network(part, strict=False))
            except ValueError as err:
                raise ValueError(
                    f"PODIUM_TRUSTED_PROXIES has {part!r}; it takes addresses and networks such as 10.0.0.0/8."
                ) from err
    return tuple(found)


def _origins(setting: str) -> frozenset[str]:
    found = [part.rstrip("/") for part in re.split(r"[\s,;]+", setting.strip()) if part]
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            raise ValueError(f"PODIUM_CORS has {origin!r}; it takes sites such as https://example.org.")
    return frozenset(found)
