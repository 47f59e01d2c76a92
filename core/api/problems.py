"""Errors as they leave: one shape under `/api`, and the one that OpenAI's clients read under `/v1`.

Owns the API's half of the two edges at which errors are translated. No traceback leaves the process.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope

from core.errors import BadParameters, Busy, NotReady, ShowcaseError, Unauthorized

log = logging.getLogger(__name__)

_NOT_READY_S = 2
"""Seconds after which to ask again whether the models are warm."""


def translate_errors(app: FastAPI) -> None:
    """Have everything that an application raises leave as one of ours."""
    app.add_exception_handler(ShowcaseError, _showcase_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _bug)


def error_response(error: ShowcaseError, scope: Scope, *, run_id: str | None = None) -> JSONResponse:
    """Return an error in the shape that the clients of this route read."""
    headers = {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    elif isinstance(error, NotReady):
        headers["Retry-After"] = str(_NOT_READY_S)
    elif isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return _response(scope, error.status, error.code, error.message, error.hint, headers, run_id)


def error_body(
    scope: Scope, status: int, code: str, message: str, hint: str, run_id: str | None = None
) -> dict[str, Any]:
    """Return the body of an error."""
    if scope.get("root_path", "").endswith("/v1"):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return {"error": {"message": f"{message} {hint}".strip(), "type": kind, "param": None, "code": code}}
    return {"error": {"code": code, "message": message, "hint": hint, "run_id": run_id}}


def _response(
    scope: Scope,
    status: int,
    code: str,
    message: str,
    hint: str,
    headers: dict[str, str] | None,
    run_id: str | None = None,
) -> JSONResponse:
    scope["podium.error"] = code  # for the metrics
    return JSONResponse(
        error_body(scope, status, code, message, hint, run_id), status_code=status, headers=headers or None
    )


async def _showcase_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ShowcaseError):
        raise error
    return error_response(error, request.scope)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """Put the framework's own refusals (no such route, method not allowed) in our shape."""
    if not isinstance(error, HTTPException):
        raise error
    return _response(
        request.scope,
        error.status_code,
        "not_found" if error.status_code == 404 else "bad_request",
        f"{request.method} {request.url.path}: {error.detail}.",
        "The routes are listed in /api/openapi.json.",
        dict(error.headers or {}),
    )


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Say which part of a request is not as the route takes it."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return error_response(
        BadParameters(f"'{name}': {first['msg']}.", hint="The routes are described in /api/docs."), request.scope
    )


async def _bug(request: Request, error: Exception) -> JSONResponse:
    return error_response(bug(error), request.scope)


def bug(error: BaseException) -> ShowcaseError:
    """Return what a client is told of a mistake of ours: the number of its log entry."""
    identifier = uuid.uuid4().hex[:8]
    log.error("problem %s", identifier, exc_info=error)
    return ShowcaseError(f"Something went wrong here (problem {identifier}).", hint="Try again.")
