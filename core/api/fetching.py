"""Files that a request names by their address instead of sending them.

Owns what may be fetched: over https, from the hosts that `PODIUM_FETCH_HOSTS` names, at addresses that are
public, within the limits of one upload. The connection goes to the very address that was looked at, so that
a name cannot mean one machine while it is checked and another one afterwards. Nothing is redirected.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from core.errors import BadInput, ShowcaseError, TooLarge, TooSlow
from core.media.limits import millions
from core.settings import Settings
from core.tasks.spec import Task
from core.values import Audio, Image, Table, Video, fields_of

if TYPE_CHECKING:
    import ssl

    import httpx2

FETCHED_WITHIN_S: Final = 20.0
"""Seconds within which all files that one request names have to be here."""

FILES: Final = (Image, Audio, Video, Table)
"""What may be named by its address; in a text or a conversation an address is a text like any other."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HTTPS_PORT = 443
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_WITH_V4_INSIDE = ipaddress.IPv6Network("2002::/16")

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Returns the addresses of a host. Raises: OSError if it has none."""

Transports = Callable[[], "httpx2.AsyncBaseTransport"]
"""Makes what a request is sent over."""


class Fetcher:
    """Fetch what requests name, as the owner allows it.

    Args:
        resolve: looks a host's name up.
        transports: makes what goes to the address that was checked.

    Raises: ValueError if the setting cannot be read, naming it.
    """

    def __init__(
        self, settings: Settings, resolve: Resolve | None = None, transports: Transports | None = None
    ) -> None:
        self.hosts = _hosts(settings.fetch_hosts)
        self.limit_bytes = settings.max_upload_bytes
        self.resolve = resolve or _addresses_of
        self.transports = transports or _over_tls

    def request(self) -> Fetches:
        """Return the allowance of one request: of bytes and of seconds, for all that it names together."""
        return Fetches(self)


class Fetches:
    """Put files in the place of their addresses, for one request."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._by = fetcher
        self._left_bytes = fetcher.limit_bytes
        self._left_s = FETCHED_WITHIN_S

    async def files_in(self, task: Task, given: Any) -> Any:
        """Return one input of a task, as it was sent, with the bytes of a file for each address of one.

        Raises: BadInput, TooLarge or TooSlow saying which host and which limit.
        """
        fields = fields_of(task.input)
        if fields[0].name and isinstance(given, Mapping):
            files = {field.name for field in fields if field.atom in FILES}
            return {name: await self._part(part) if name in files else part for name, part in given.items()}
        if len(fields) == 1 and fields[0].atom in FILES:
            return await self._part(given)
        return given

    async def _part(self, part: Any) -> Any:
        if isinstance(part, list):
            return [await self._part(one) for one in part]
        if isinstance(part, str) and _ADDRESS.match(part):
            return await self._fetch(part)
        return part

    async def _fetch(self, address: str) -> bytes:
        host = self._allowed(address)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            async with asyncio.timeout(self._left_s):
                data = await self._from_first(await self._public(host), host, address)
        except TimeoutError as err:
            raise TooSlow(
                f"{host} did not send the file; the limit is {FETCHED_WITHIN_S:g} s for all files of a request.",
                hint="Send the file itself.",
            ) from err
        self._left_s -= loop.time() - began_s
        self._left_bytes -= len(data)
        return data

    def _allowed(self, address: str) -> str:
        """Return the host of an address that may be read.

        Raises: BadInput.
        """
        try:
            parts = urlsplit(address)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError as err:
            raise BadInput("This is no address.", hint="Send the file itself, or its https address.") from err
        if not self._by.hosts:
            raise BadInput(
                "Files are not read from addresses here: PODIUM_FETCH_HOSTS names no host.",
                hint="Send the file's bytes, or these in base64.",
            )
        if host not in self._by.hosts:
            raise BadInput(
                f"Files are not read from {host[:100]!r}: PODIUM_FETCH_HOSTS does not name it.",
                hint="Send the file's bytes, or these in base64.",
            )
        if parts.scheme.lower() != "https" or port not in (None, _HTTPS_PORT) or _names_somebody(parts):
            raise BadInput(
                "Of the hosts in PODIUM_FETCH_HOSTS files are read over https, at its own port, and with no password.",
                hint=f"Send an address that begins with https://{host}/.",
            )
        return host

    async def _public(self, host: str) -> Sequence[str]:
        """Return the addresses of a host, all of which are public.

        Raises: BadInput if it has none, or a single one that is not.
        """
        try:
            found = await self._by.resolve(host)
        except OSError as err:
            raise BadInput(f"There is no host {host!r}.", hint="Look at the address again.") from err
        if not found or not all(map(is_public, found)):
            raise BadInput(
                f"{host!r} is in PODIUM_FETCH_HOSTS, but it is not a public address.", hint="Send the file itself."
            )
        return found

    async def _from_first(self, places: Sequence[str], host: str, address: str) -> bytes:
        """Read from the first of the places that a connection can be made to."""
        import httpx2

        for place in places:
            try:
                return await self._read(place, host, address)
            except httpx2.ConnectError as err:
                problem: Exception = err
            except (httpx2.TransportError, httpx2.InvalidURL, OSError) as err:
                problem = err
                break
        raise BadInput(
            f"{host} could not be read: {str(problem) or type(problem).__name__}.", hint="Send the file itself."
        ) from problem

    async def _read(self, place: str, host: str, address: str) -> bytes:
        import httpx2

        url = httpx2.URL(address).copy_with(host=place, port=None, userinfo=b"", fragment=None)
        # The whole has its time limit; nothing is unpacked, so that what is counted is what comes.
        headers = {"Host": host, "Accept-Encoding": "identity", "User-Agent": "podium"}
        async with (
            httpx2.AsyncClient(transport=self._by.transports(), trust_env=False, timeout=None) as client,
            client.stream(
                "GET", url, headers=headers, follow_redirects=False, extensions={"sni_hostname": host}
            ) as answer,
        ):
            if answer.is_redirect:
                raise BadInput(f"{host} sends on to another address, which is not followed.", hint="Send that one.")
            if answer.status_code != httpx2.codes.OK:
                raise BadInput(f"{host} answered with status {answer.status_code}.", hint="Look at the address again.")
            announced = answer.headers.get("Content-Length", "")
            if announced.isdigit() and int(announced) > self._left_bytes:
                raise self._too_large()
            data = bytearray()
            async for part in answer.aiter_raw():
                data += part
                if len(data) > self._left_bytes:
                    raise self._too_large()
            return bytes(data)

    def _too_large(self) -> ShowcaseError:
        return TooLarge(
            f"The files that were named are over the limit of {millions(self._by.limit_bytes)} MB for a request.",
            hint="Name smaller ones, or send them in parts.",
        )


def is_public(address: str) -> bool:
    """Return whether an address is one of the internet's, and leads nowhere else.

    An IPv4 address in the clothes of an IPv6 one counts as what it is.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif parsed not in _GLOBAL_V6 or parsed in _WITH_V4_INSIDE:
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _names_somebody(parts: SplitResult) -> bool:
    return parts.username is not None or parts.password is not None


def _hosts(setting: str) -> frozenset[str]:
    found = [part.lower() for part in re.split(r"[\s,;]+", setting.strip()) if part]
    for host in found:
        if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", host):
            raise ValueError(
                f"PODIUM_FETCH_HOSTS has {host!r}; it takes the names of hosts such as images.example.org."
            )
    return frozenset(found)


async def _addresses_of(host: str) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, _HTTPS_PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _over_tls() -> httpx2.AsyncBaseTransport:
    import httpx2

    return httpx2.AsyncHTTPTransport(verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """Return what servers are believed by; reading the certificates takes a while."""
    import httpx2

    return httpx2.create_ssl_context()
