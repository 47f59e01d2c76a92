"""The REST routes: health, tasks, models, run.

Owns the routes and what each of them answers with. Who may call is the door's, the shape of errors
`core.api.problems`'.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from core.admission import is_own_request, may_open_any
from core.api.answering import answered, caller_of, named
from core.api.delivery import delivered
from core.api.direct import DirectRoute
from core.api.events import Writing, stream_generation
from core.api.fetching import Fetcher, Fetches
from core.api.judgements import add_judgement_routes
from core.api.openai.app import add_chat_route
from core.api.payload import Payload, read_payload
from core.api.problems import error_response, translate_errors
from core.api.reading_inputs import read_input
from core.catalog import ModelCard
from core.engine import ModelStatus
from core.errors import NotReady, ShowcaseError, TooLarge, UnknownName
from core.job import Job
from core.runtime import Runtime
from core.showcase import APP_VERSION
from core.tasks.spec import Task
from core.values import Value, is_small

FEW: Final = 8
"""Small answers that are written within the server's own thread: going to another one and back costs more."""


def rest_app(of: Runtime) -> FastAPI:
    """Return the application that is mounted at `/api`."""
    app = FastAPI(title="Podium", version=APP_VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    translate_errors(app)
    fetcher = Fetcher(of.settings)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Say that the process lives."""
        return {"status": "ok", "version": APP_VERSION}

    @app.get("/ready")
    async def ready() -> dict[str, Any]:
        """Say that the models which the tasks start with are warm, and which are loaded."""
        if not of.warmed.is_set():
            raise NotReady("The models that the tasks start with are being loaded.", hint="Ask again in a moment.")
        return {
            "status": "ready",
            "loaded": [one.key.model_id for one in of.showcase.engine.models() if one.state != "elsewhere"],
        }

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
        return [_described(of, card) for card in of.showcase.catalog.cards]

    async def run_task(task_id: str, request: Request, model: str | None = None) -> Response:
        """Run a task, in the Hugging Face inference protocol: one input, a batch of them, or a stream."""
        return await _run(of, fetcher, request, of.showcase.task(task_id), model)

    async def run_model(model_id: str, request: Request, task: str | None = None) -> Response:
        """Run a model of the catalog on the task that it is there for, or on one of several."""
        return await _run(of, fetcher, request, await _task_of(of, request, model_id, task), model_id)

    for path, run in (("/tasks/{task_id}", run_task), ("/models/{model_id:path}", run_model)):
        app.router.add_api_route(path, run, methods=["POST"], route_class_override=DirectRoute)
    add_chat_route(app, of)
    add_judgement_routes(app, of)
    return app


def _described(of: Runtime, card: ModelCard) -> dict[str, Any]:
    availability = of.showcase.availability(card)
    return {
        "id": card.model_id,
        "task": card.task_id,
        "title": card.title,
        "note": card.note,
        "revision": card.revision,
        "state": availability.state,
        "reason": availability.reason,
        **_computed(of.showcase.status(card)),
    }


def _computed(status: ModelStatus | None) -> dict[str, Any]:
    """Return what computes a loaded model, and what was found of other ways."""
    if status is None or status.state != "loaded":
        return {}
    tried = () if status.finding is None else status.finding.tried
    return {
        "runtime": status.runtime,
        "dtype": status.dtype,
        "device": status.device,
        "tried": [asdict(one) for one in tried],
    }


async def _task_of(of: Runtime, request: Request, model_id: str, task_id: str | None) -> Task:
    if task_id is not None:
        return of.showcase.task(task_id)
    card = next((card for card in of.showcase.catalog.cards if card.model_id == model_id), None)
    if card is not None:
        return of.showcase.task(card.task_id)
    if not _may_open_any(of, request):
        raise UnknownName(f"The catalog has no model '{model_id}'.", hint="GET /api/models lists them.")
    found = await run_in_threadpool(of.adopting.look, model_id, folders=False)
    return found.tasks[0]


def _may_open_any(of: Runtime, request: Request) -> bool:
    """Return whether a request may name a model that is not in the catalog."""
    here = caller_of(request).is_local and is_own_request(request.headers)
    return may_open_any(of.settings.allow_any_model, on_this_machine=here)


async def _run(of: Runtime, fetcher: Fetcher, request: Request, task: Task, model_id: str | None) -> Response:
    body = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    payload = read_payload(task, body, media_type)
    most = of.settings.queue_limit
    if len(payload.inputs) > most:
        raise TooLarge(f"The batch has {len(payload.inputs)} inputs; the limit is {most}.", hint="Send it in parts.")
    if payload.batch:
        request.scope["podium.spend"](len(payload.inputs) - 1)
    jobs = await _start(of, request, task, model_id, payload, fetcher.request())
    try:
        if payload.stream:
            return await stream_generation(Writing(jobs[0], request), partial(named, of, jobs[0]))
        runs = await answered(jobs, request)
    except ShowcaseError as err:
        return error_response(err, request.scope, run_id=None if payload.batch else jobs[0].run_id)
    if all(is_small(run.output) for run in runs) and len(runs) <= FEW:
        return delivered(runs, request, batch=payload.batch, details=payload.details)
    # Maps of a picture's every pixel take a while to write down.
    return await run_in_threadpool(delivered, runs, request, batch=payload.batch, details=payload.details)


async def _start(
    of: Runtime, request: Request, task: Task, model_id: str | None, payload: Payload, fetches: Fetches
) -> list[Job]:
    """Read every input, then ask for all of them; one that is not as it should be refuses the batch."""
    inputs: list[Value] = []
    for place, given in enumerate(payload.inputs):
        try:
            inputs.append(await read_input(of, task, given, fetches))
        except ShowcaseError as err:
            if payload.batch:
                err.message = f"inputs[{place}]: {err.message}"
            raise
    visiting = _may_open_any(of, request)
    if visiting and model_id is not None and of.showcase.catalog.find(task.id, model_id) is None:
        await run_in_threadpool(of.adopting.admit, task.id, model_id)
    jobs: list[Job] = []
    try:
        for value in inputs:
            jobs.append(
                of.showcase.start(
                    task.id,
                    value,
                    payload.parameters,
                    client=caller_of(request).client,
                    source="api",
                    model_id=model_id,
                    visiting=visiting,
                    streaming=payload.stream,
                )
            )
    except BaseException:
        for job in jobs:
            job.cancel()
        raise
    return jobs
