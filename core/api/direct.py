"""Routes whose endpoint reads the request itself: declared for the description as any other, called without ceremony.

Owns the way from a matched path to its endpoint. FastAPI's own resolves dependencies, validates and opens two stacks
of contexts for every request, also where there is nothing to resolve: a sixth of what a short call cost.
"""

from __future__ import annotations

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Receive, Scope, Send


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
