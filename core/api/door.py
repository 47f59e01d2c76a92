"""The API's door: who may come in, how often, with how much, and how slowly.

Owns what holds for every route of ours, whatever serves it: keys, other sites' pages, limits per client,
the size of a body while it is being read, and the patience with whoever sends or reads slowly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.callers import Caller, Callers
from core.api.patience import within
from core.api.problems import bug, error_response
from core.api.rates import Rates
from core.errors import Forbidden, ShowcaseError, TooLarge, TooSlow
from core.runtime import Runtime

PART_WITHIN_S: Final = 20.0
"""Seconds within which the next part of a body has to come."""

READ_WITHIN_S: Final = 60.0
"""Seconds within which a client has to take the next part of an answer."""

OPEN_PATHS: Final = ("/api/health", "/api/ready", "/api/docs", "/api/openapi.json")
"""What anybody may read, without a key and as often as they like: it says nothing about anybody."""

_EXPOSED = "Retry-After, X-Known, X-Model, X-Queue-Ms, X-Run-Id, X-Run-Ms, Mcp-Session-Id"
_ALLOWED = "Accept, Authorization, Content-Type, X-Api-Key, Mcp-Protocol-Version, Mcp-Session-Id, Last-Event-Id"

Finished = Callable[[Scope, int], None]


class Door:
    """Stand before an application.

    Args:
        finished: called with each request that has been answered and its status.
    """

    def __init__(self, app: ASGIApp, *, of: Runtime, callers: Callers, rates: Rates, finished: Finished) -> None:
        self._app, self._of, self._callers, self._rates = app, of, callers, rates
        self._finished = finished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._mark(scope, message)
            await within(READ_WITHIN_S, send(message))

        try:
            await self._serve(scope, receive, send_on)
        except Exception as err:
            if status and not isinstance(err, TimeoutError):
                raise
            if not status:
                told = err if isinstance(err, ShowcaseError) else bug(err)
                await error_response(told, scope)(scope, receive, send_on)
            # Else the reader is too slow, and what is left of the answer is dropped with the connection.
        finally:
            self._finished(scope, status)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and Headers(scope=scope).get("Access-Control-Request-Method"):
            await self._preflight(scope)(scope, receive, send)
            return
        if scope["path"] in OPEN_PATHS and scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        caller = self._callers.identify(scope)
        scope["podium.caller"] = caller
        scope["podium.spend"] = lambda count: self._spend(caller, count)
        self._spend(caller, 1)
        with self._under_way(caller, scope["method"]):
            await self._app(scope, self._limited(scope, receive), send)

    def _spend(self, caller: Caller, count: int) -> None:
        if caller.allowance is not None:
            self._rates.spend(caller.client, caller.allowance, count)

    def _under_way(self, caller: Caller, method: str) -> AbstractContextManager[None]:
        # A GET may be a stream that stays open for news, and costs nothing meanwhile.
        if caller.allowance is None or method != "POST":
            return nullcontext()
        return self._rates.under_way(caller.client, caller.allowance)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Return a `receive` that gives up at the limit of size, not after it, and on who sends too slowly."""
        limit_bytes = self._of.settings.max_upload_bytes
        announced = Headers(scope=scope).get("Content-Length", "")
        if announced.isdigit() and int(announced) > limit_bytes:
            raise _too_large(limit_bytes)
        length, complete = 0, False
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._of.settings.deadline_s

        async def receive_on() -> Message:
            nonlocal length, complete
            if complete:
                return await receive()
            try:
                message = await within(min(until_s - loop.time(), PART_WITHIN_S), receive())
            except TimeoutError as err:
                raise TooSlow(
                    f"The body did not come: {length} bytes are here, and no more within {PART_WITHIN_S:g} s.",
                    hint="Send it again over a faster connection, or send less.",
                ) from err
            length += len(message.get("body", b""))
            if length > limit_bytes:
                raise _too_large(limit_bytes)
            complete = not message.get("more_body", False)
            return message

        return receive_on

    def _preflight(self, scope: Scope) -> Response:
        if Headers(scope=scope).get("Origin") not in self._callers.origins:
            raise Forbidden("Pages of this site may not call here.", hint="Let PODIUM_CORS name it, if it is yours.")
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST, DELETE",
                "Access-Control-Allow-Headers": _ALLOWED,
                "Access-Control-Max-Age": "600",
            },
        )

    def _mark(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        origin = Headers(scope=scope).get("Origin")
        if origin in self._callers.origins:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED
        if self._callers.origins:
            headers.add_vary_header("Origin")


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"The body is over the limit of {limit_bytes / 1e6:g} MB.", hint="Send a smaller file.")
