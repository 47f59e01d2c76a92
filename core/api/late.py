"""`/mcp`, served by an SDK that is imported when somebody first asks for it.

Owns that moment. Importing it takes a second, which every start would pay for a route that few use.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import ModelUnavailable
from core.runtime import Runtime


class LateMcp:
    """Hold the place of the tools' application."""

    def __init__(self, of: Runtime) -> None:
        self._of = of
        self._wanted, self._there = asyncio.Event(), asyncio.Event()
        self._host: asyncio.Task[None] | None = None
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, the first one after the import."""
        if self._app is None and self._host is not None:
            self._wanted.set()
            there = asyncio.create_task(self._there.wait())
            await asyncio.wait((there, self._host), return_when=asyncio.FIRST_COMPLETED)
            there.cancel()
        if self._app is None:
            raise ModelUnavailable("The tools cannot be served now.", hint="Try again in a minute.")
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be ready to serve while the block runs."""
        self._host = asyncio.create_task(self._serve())
        try:
            yield
        finally:
            self._host.cancel()
            with suppress(asyncio.CancelledError):
                await self._host

    async def _serve(self) -> None:
        await self._wanted.wait()
        made = await run_in_threadpool(import_module, "core.api.mcp")
        manager = made.session_manager(self._of)
        async with manager.run():
            self._app = manager.handle_request
            self._there.set()
            await asyncio.Event().wait()
