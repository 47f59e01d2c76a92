"""What `Home.py` gives Streamlit's server: our routes beside its own, and what happens at start and end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.api.callers import Callers
from core.api.described import add_description_routes
from core.api.direct import First, direct_routes
from core.api.door import Door
from core.api.late import LateMcp
from core.api.metrics import Metrics
from core.api.openai.app import openai_app
from core.api.rates import Rates
from core.api.rest import rest_app
from core.runtime import Runtime, runtime

PACKED_FROM_BYTES: Final = 4096
"""Answers shorter than this are sent as they are: they fit into a few packets anyway."""

PACKED_AT_LEVEL: Final = 5
"""zlib's, and Streamlit's for its pages."""


class _Below(Mount):
    """Take every address below a path: one with a line break in it is ours to refuse, too."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app=app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


class Packed:
    """Pack long answers for those who say that they can unpack them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._packing = app, GZipMiddleware(app, PACKED_FROM_BYTES, PACKED_AT_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; who asks for nothing of the kind goes through no layer for it."""
        packs = any(name == b"accept-encoding" and b"gzip" in value for name, value in scope.get("headers", ()))
        await (self._packing if packs else self._app)(scope, receive, send)


class Edge:
    """Hold the routes of one process, all of them behind one door.

    Raises: ValueError if a setting of the door cannot be read, naming it.
    """

    def __init__(self, of: Runtime) -> None:
        self._of = of
        self._callers, self._rates = Callers(of), Rates()
        self._metrics = Metrics(of)
        self._tools = LateMcp(of)
        mounted = {"/api": rest_app(of), "/v1": openai_app(of)}
        add_description_routes(mounted["/api"], of, mounted)
        metrics = Route("/metrics", self._metrics.show)
        self.routes: list[BaseRoute] = [
            *(_Below(path, app=self._guarded(First(app, direct_routes(app)))) for path, app in mounted.items()),
            Route("/mcp", self._guarded(self._tools)),
            Route("/metrics", self._guarded(metrics.app), methods=["GET"]),
        ]

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return what has to be entered while the routes are served."""
        return self._tools.running()

    def _guarded(self, app: ASGIApp) -> ASGIApp:
        door = Door(app, of=self._of, callers=self._callers, rates=self._rates, finished=self._metrics.answered)
        return Packed(door)


@cache
def edge() -> Edge:
    """Return this process's routes, made at the first call."""
    return Edge(runtime())


def routes() -> list[BaseRoute]:
    """Return the routes that are served on the pages' port."""
    return edge().routes


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Warm the default models after start; answer or refuse what is under way before the end."""
    runtime().warm_in_background()
    async with edge().running():
        yield
    await run_in_threadpool(runtime().close)
