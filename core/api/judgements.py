"""Judgements over the API: what a program says of a run, and what the owner reads of it.

Owns these two routes and the JSON of a judgement.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from core.api.answering import caller_of
from core.errors import BadInput, Forbidden, UnknownName
from core.feedback.filters import JudgementFilter
from core.feedback.records import JudgedRun, JudgementRecord, Scale
from core.runtime import Runtime
from core.values import VALUE_TYPES, Value


class Judged(BaseModel):
    """What is said of a run. Something has to be."""

    model_config = ConfigDict(extra="forbid")

    rating: float | None = Field(None, ge=0, le=1, description="1 is right, 0 is wrong; stars lie evenly between.")
    scale: Scale = Field("thumbs", description="What the rating was given on.")
    correction: dict[str, Any] | None = Field(None, description="The right answer, in the form the run's answer has.")
    tags: list[str] = Field(default=[], description="A few words each, such as: too long.")
    comment: str = Field("", description="Anything else.")
    share: bool = Field(False, description="Whether input and answer may be shared in a dataset.")


def add_judgement_routes(app: FastAPI, of: Runtime) -> None:
    """Add the routes of judgements to the application at `/api`."""

    @app.post("/runs/{run_id}/judgement")
    async def judge(run_id: str, request: Request, said: Annotated[Judged, Body()]) -> dict[str, Any]:
        """Say what a run's answer is worth; it replaces what this caller said of it before."""
        client = caller_of(request).client
        record = await run_in_threadpool(_judge, of, run_id, client, said)
        return judgement_json(record)

    @app.get("/judgements")
    async def judgements(
        request: Request,
        task: str | None = None,
        model: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    ) -> list[dict[str, Any]]:
        """List what is said of runs now, the latest first. The owner's key is needed, on this machine too."""
        if not caller_of(request).is_owner:
            raise Forbidden(
                "Only the owner reads judgements."
                if of.settings.owner_key
                else "Only the owner reads judgements, and this showcase has no PODIUM_OWNER_KEY.",
                hint="Send PODIUM_OWNER_KEY as Authorization: Bearer.",
            )
        wanted = JudgementFilter(task_id=task, model_id=model)
        found = await run_in_threadpool(of.showcase.store.list_judgements, wanted, limit=limit, offset=offset)
        return [_row(judged) for judged in found]


def _judge(of: Runtime, run_id: str, client: str, said: Judged) -> JudgementRecord:
    job = of.showcase.find_job(run_id)
    run = job.result() if job is not None and job.finished else of.showcase.find_run(run_id)
    if run is None:
        raise UnknownName("There is no run of that id.", hint="It is the X-Run-Id of an answer.")
    correction: Value | None = None
    if said.correction is not None:
        try:
            correction = VALUE_TYPES[run.record.output_type].from_json(said.correction)
        except ValidationError as err:
            first = err.errors()[0]
            raise BadInput(
                f"The correction is no {run.record.output_type}: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
                hint="Send it in the form of the 'output' that GET /api/judgements shows.",
            ) from err
    return of.judging.judge(
        run,
        judge=client,
        rating=said.rating,
        scale=said.scale,
        correction=correction,
        tags=said.tags,
        comment=said.comment,
        share=said.share,
    )


def judgement_json(record: JudgementRecord) -> dict[str, Any]:
    """Return a judgement as JSON data."""
    return {
        "id": record.judgement_id,
        "run_id": record.run_id,
        "created_at": record.created_at.isoformat(),
        "rating": record.rating,
        "scale": record.scale,
        "correction": record.correction,
        "tags": list(record.tags),
        "comment": record.comment,
        "replaces": record.replaces,
    }


def _row(judged: JudgedRun) -> dict[str, Any]:
    run = judged.run
    return judgement_json(judged.judgement) | {
        "task": run.task_id,
        "model": run.model_id,
        "revision": run.revision,
        "parameters": dict(run.parameters),
        "output_type": run.output_type,
        "output": dict(run.output),
        "may_share": judged.may_share,
    }
