"""What `Home.py` gives Streamlit's server: our routes beside its own, and what happens at start and end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Mount

from core.api.rest import rest_app
from core.runtime import runtime


def routes() -> list[BaseRoute]:
    """Return the routes that are served on the pages' port."""
    return [Mount("/api", app=rest_app(runtime()))]


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Warm the default models after start; answer or refuse what is under way before the end."""
    runtime().warm_in_background()
    yield
    await run_in_threadpool(runtime().showcase.close)
