"""The REST routes: health, tasks, models, run. All errors leave in one shape.

Owns the routes and the API's half of the two edges at which errors are translated.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from core.admission import is_on_this_machine, is_own_request, may_open_any
from core.api.protocol import File, read_payload, written
from core.errors import Busy, ShowcaseError, TooLarge
from core.runtime import Runtime
from core.showcase import APP_VERSION

log = logging.getLogger(__name__)


def rest_app(of: Runtime) -> FastAPI:
    """Return the application that is mounted at `/api`."""
    app = FastAPI(title="Podium", version=APP_VERSION, docs_url=None, redoc_url=None)
    app.add_exception_handler(ShowcaseError, _showcase_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Say that the process lives."""
        return {"status": "ok", "version": APP_VERSION}

    @app.get("/tasks")
    async def tasks() -> list[dict[str, Any]]:
        """List the tasks as they are declared, with the JSON schema of their parameters."""
        return [
            {
                "id": task.id,
                "title": task.title,
                "summary": task.summary,
                "modality": task.modality,
                "input": task.input.__name__,
                "output": task.output.__name__,
                "parameters": task.parameters.model_json_schema(),
                "models": [card.model_id for card in of.showcase.catalog.models(task.id)],
            }
            for task in of.showcase.tasks()
        ]

    @app.get("/models")
    async def models() -> list[dict[str, Any]]:
        """List the catalog with each model's state now."""
        rows = []
        for card in of.showcase.catalog.cards:
            availability = of.showcase.availability(card)
            rows.append(
                {
                    "id": card.model_id,
                    "task": card.task_id,
                    "title": card.title,
                    "note": card.note,
                    "revision": card.revision,
                    "state": availability.state,
                    "reason": availability.reason,
                }
            )
        return rows

    @app.post("/tasks/{task_id}")
    async def run(task_id: str, request: Request, model: str | None = None) -> Response:
        """Run a task on one input, in the Hugging Face inference protocol."""
        task = of.showcase.task(task_id)
        body = await _body(request, of.settings.max_upload_bytes)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        payload = read_payload(task, body, media_type)
        visiting = _may_open_any(of, request)
        if visiting and model is not None:
            await run_in_threadpool(of.adopting.admit, task_id, model)
        inputs = await run_in_threadpool(of.showcase.read_input, task, payload.inputs)
        job = of.showcase.start(
            task_id,
            inputs,
            payload.parameters,
            client=of.hashed(_address(request)),
            source="api",
            model_id=model,
            visiting=visiting,
        )
        finished = await asyncio.wrap_future(job.future)
        headers = {
            "X-Run-Id": job.run_id,
            "X-Model": f"{finished.record.model_id}@{finished.record.revision}",
            "X-Queue-Ms": f"{finished.record.queue_ms:.1f}",
            "X-Run-Ms": f"{finished.record.run_ms:.1f}",
        }
        answer = await run_in_threadpool(written, finished.output)
        if isinstance(answer, File):
            return Response(answer.data, media_type=answer.media_type, headers=headers)
        return JSONResponse(answer, headers=headers)

    return app


async def _body(request: Request, limit_bytes: int) -> bytes:
    """Read the body, giving up at the limit and not after it."""
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > limit_bytes:
            raise TooLarge(f"The body is over the limit of {limit_bytes / 1e6:g} MB.", hint="Send a smaller file.")
        parts.append(part)
    return b"".join(parts)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _may_open_any(of: Runtime, request: Request) -> bool:
    """Return whether a request may name a model that is not in the catalog."""
    here = is_on_this_machine(_address(request), request.headers) and is_own_request(request.headers)
    return may_open_any(of.settings.allow_any_model, on_this_machine=here)


def error_response(error: ShowcaseError, *, run_id: str | None = None) -> JSONResponse:
    """Return an error in the one shape that all errors have."""
    headers = {"Retry-After": str(max(1, round(error.retry_after_s)))} if isinstance(error, Busy) else None
    body = {"code": error.code, "message": error.message, "hint": error.hint, "run_id": run_id}
    return JSONResponse({"error": body}, status_code=error.status, headers=headers)


async def _showcase_error(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ShowcaseError):
        raise error
    return error_response(error)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """Put the framework's own refusals (no such route, method not allowed) in our shape."""
    if not isinstance(error, HTTPException):
        raise error
    body = {
        "code": "not_found" if error.status_code == 404 else "bad_request",
        "message": f"{request.method} {request.url.path}: {error.detail}.",
        "hint": "The routes are listed in /api/openapi.json.",
        "run_id": None,
    }
    return JSONResponse({"error": body}, status_code=error.status_code, headers=error.headers)


async def _bug(_: Request, error: Exception) -> JSONResponse:
    identifier = uuid.uuid4().hex[:8]
    log.error("problem %s", identifier, exc_info=error)
    return error_response(ShowcaseError(f"Something went wrong here (problem {identifier}).", hint="Try again."))
