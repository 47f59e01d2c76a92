"""The two routes that describe the others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from core.api.handbook import POLICY, page
from core.api.openapi import Document, document
from core.runtime import Runtime


def add_description_routes(app: FastAPI, of: Runtime, mounted: Mapping[str, FastAPI]) -> None:
    """Add them to the application at `/api`, for all applications that are mounted."""

    @cache
    def described() -> Document:
        return document(of, mounted)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        return JSONResponse(described())

    @app.get("/docs", include_in_schema=False)
    def docs(request: Request) -> Response:
        address = f"{request.url.scheme}://{request.url.netloc}"
        return HTMLResponse(page(described(), address), headers={"Content-Security-Policy": POLICY})
