"""Routes whose endpoint reads the request itself: declared for the description as any other, called without ceremony.

Owns the way from a path to its endpoint. FastAPI's own has six layers, resolves dependencies, validates and opens two
stacks of contexts for every request, also where there is nothing to resolve: a fifth of what a short call cost.
Streamlit's around all of ours have four more, for its pages: cookies, what a path may be, packing.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send


class DirectRoute(APIRoute):
    """Call an async endpoint with `request`, its path's parameters, and of the query what it declares.

    It returns a response. All of its parameters besides `request` are texts; those of the query have defaults.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose path matched."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)  # which says what is allowed
            return
        request = Request(scope, receive, send)
        asked = request.query_params if scope["query_string"] else {}
        given = {field.name: asked[field.alias] for field in self.dependant.query_params if field.alias in asked}
        response = await self.endpoint(request=request, **scope["path_params"], **given)
        await response(scope, receive, send)


def direct_routes(app: FastAPI) -> list[DirectRoute]:
    """Return those of an application's routes that can be called past its layers."""
    return [route for route in app.routes if isinstance(route, DirectRoute)]


class First:
    """Stand before an application and answer for some routes; what they raise is for who calls this.

    What only nearly fits one of them, as a wrong method does, goes on to the application.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app, self._routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request here, or hand it on."""
        if scope["type"] == "http":
            for route in self._routes:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    await route.handle(scope, receive, send)
                    return
        await self._app(scope, receive, send)
