"""Calls to endpoints: one request over HTTP, sent again where that may help.

Owns connections, keys on their way, how often and when to ask again, and how much is read of an answer. What a
request and an answer say is `inference`'s and `chat`'s; what a refusal means is `refusals`'.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from core.catalog import Endpoint
from core.engine import Ticket
from core.remote.keys import key_for
from core.remote.refusals import Refusal, broke_off, not_the_protocol, refusal_of, unreachable

if TYPE_CHECKING:
    import httpx2

Answered = TypeVar("Answered")

CONNECT_S: Final = 5.0
"""How long a connection may take to come about; a host that is there takes a fraction of a second."""

TRIES: Final = 3
"""How often an endpoint that cannot be reached is tried; one that is starting is asked until the deadline."""

FIRST_WAIT_S: Final = 0.5
"""How long to wait before the second try, where the endpoint does not say; twice as long before each further one."""

LONGEST_WAIT_S: Final = 10.0

MAX_ANSWER_BYTES: Final = 256_000_000
"""What is read of an answer: the depth of every pixel of the largest picture, written as numbers."""

_MAX_REFUSAL_BYTES: Final = 100_000

log = logging.getLogger(__name__)


class Caller:
    """Send requests. All methods are called from one event loop.

    Args:
        keys: by host, as `PODIUM_ENDPOINT_KEYS` has them.
        sleep: waits before another try.
    """

    def __init__(self, keys: Mapping[str, str], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._keys, self._sleep = keys, sleep
        self._made: httpx2.AsyncClient | None = None

    async def post(
        self,
        endpoint: Endpoint,
        address: str,
        body: bytes,
        ticket: Ticket,
        take: Callable[[httpx2.Response], Awaitable[Answered]],
        begun: Callable[[], bool] = lambda: False,
    ) -> Answered:
        """Send a request until it is answered, refused, or the ticket's time is over.

        Args:
            take: makes an answer of a response whose status is 200 and whose body is not read yet.
            begun: whether part of an answer was passed on, so that it cannot be asked for again.

        Raises: the ShowcaseError that came of it.
        """
        tries = 0
        wait_s = FIRST_WAIT_S
        while True:
            tries += 1
            refusal = await self._once(endpoint, address, body, take)
            if not isinstance(refusal, Refusal):
                return refusal
            pause_s = wait_s if refusal.after_s is None else refusal.after_s
            if begun() or not refusal.again or (refusal.lost and tries >= TRIES) or pause_s >= ticket.left_s():
                raise refusal.error
            log.info("%s: %s Asking again in %.1f s.", endpoint.host, refusal.error.message, pause_s)
            await self._sleep(pause_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def close(self) -> None:
        """Close all connections."""
        if self._made is not None:
            await self._made.aclose()

    async def _once(
        self,
        endpoint: Endpoint,
        address: str,
        body: bytes,
        take: Callable[[httpx2.Response], Awaitable[Answered]],
    ) -> Answered | Refusal:
        import httpx2

        key = key_for(endpoint.address, self._keys)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        answering = False
        try:
            async with self._client().stream("POST", address, content=body, headers=headers) as response:
                if response.status_code == httpx2.codes.OK:
                    answering = True
                    return await take(response)
                refused = await self._beginning(response)
                return refusal_of(endpoint.host, response.status_code, response.headers, refused, with_key=bool(key))
        except (httpx2.DecodingError, httpx2.TooManyRedirects, httpx2.InvalidURL) as err:
            log.warning("%s: %r", endpoint.host, err)
            return Refusal(not_the_protocol(endpoint.host, "an answer"))
        except (httpx2.TransportError, OSError) as err:
            log.info("%s: %s", endpoint.host, type(err).__name__)
            return Refusal(broke_off(endpoint.host) if answering else unreachable(endpoint.host), again=True, lost=True)

    async def _beginning(self, response: httpx2.Response) -> bytes:
        """Return as much of a refusal as may hold a sentence."""
        read = b""
        async for piece in response.aiter_bytes():
            read += piece
            if len(read) > _MAX_REFUSAL_BYTES:
                break
        return read

    def _client(self) -> httpx2.AsyncClient:
        import httpx2

        if self._made is None:
            # No limit of its own: the remote engine says how many requests are under way. Reading has none, either:
            # a request ends with its ticket's time.
            self._made = httpx2.AsyncClient(
                timeout=httpx2.Timeout(None, connect=CONNECT_S),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64),
                headers={"User-Agent": "podium"},
                follow_redirects=False,  # a key goes where the owner said, and nowhere else
            )
        return self._made


async def whole(response: httpx2.Response, host: str) -> bytes:
    """Return the body of an answer.

    Raises: EndpointFailed if it is larger than any answer.
    """
    parts: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        parts.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise not_the_protocol(host, f"an answer of at most {MAX_ANSWER_BYTES // 1_000_000} MB")
    return b"".join(parts)


async def events(response: httpx2.Response, host: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the data of each server-sent event, until the stream ends or says `[DONE]`.

    Raises: EndpointFailed if an event is no JSON object.
    """
    async for line in _lines(response):
        name, _, data = line.partition(b":")
        if name != b"data":
            continue
        if data.strip() == b"[DONE]":
            return
        try:
            document = json.loads(data)
        except ValueError as err:
            raise not_the_protocol(host, "a stream of events") from err
        if not isinstance(document, dict):
            raise not_the_protocol(host, "a stream of events")
        yield document


async def _lines(response: httpx2.Response) -> AsyncIterator[bytes]:
    """Yield the lines of a stream; what else Unicode takes for the end of a line may stand in a text."""
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
    yield rest


def is_stream(response: httpx2.Response) -> bool:
    """Return whether an answer comes as it grows."""
    return media_type(response) == "text/event-stream"


def media_type(response: httpx2.Response) -> str:
    """Return the media type of an answer."""
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
