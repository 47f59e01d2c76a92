"""Embeddings: texts as vectors."""

from __future__ import annotations

import base64
from typing import Any, Literal

import numpy as np
from fastapi import Request
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from pydantic import Field
from starlette.responses import Response

from core.api.answering import answered, named
from core.api.openai.wanted import VECTORS, Asked, refuse, start, task_for
from core.errors import TooLarge
from core.job import Run
from core.runtime import Runtime
from core.values import Embeddings, fields_of


class Embedding(Asked):
    """Ask for the vectors of texts."""

    input: str | list[str] = Field(min_length=1)
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


async def embed(of: Runtime, request: Request, asked: Embedding) -> Response:
    """Turn texts into vectors."""
    refuse(asked, dimensions=(None,))
    task = task_for(of, VECTORS)
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    together = fields_of(task.input)[0].many
    most = fields_of(task.input)[0].most if together else of.settings.queue_limit
    if len(texts) > most:
        raise TooLarge(f"There are {len(texts)} texts; the limit is {most}.", hint="Send them in parts.")
    request.scope["podium.spend"](len(texts) - 1)
    inputs = [of.showcase.read_input(task, given) for given in ([texts] if together else texts)]
    jobs = [start(of, request, task, value, {}, asked) for value in inputs]
    runs = await answered(jobs, request)
    rows = [row for run in runs for row in _vectors(run, together=together)]
    read = sum(run.tokens.inputs for run in runs if run.tokens)
    return JSONResponse(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": _written(row, asked.encoding_format)}
                for index, row in enumerate(rows)
            ],
            "model": jobs[0].request.model_id,
            "usage": {"prompt_tokens": read, "total_tokens": read},
        },
        headers=named(of, jobs[0]) | {"X-Run-Id": ",".join(job.run_id for job in jobs)},
    )


def _vectors(run: Run, *, together: bool) -> list[NDArray[np.float32]]:
    """Return a run's vectors, one for each text; of one text's several vectors their mean."""
    output = run.output
    if not isinstance(output, Embeddings):
        raise TypeError(f"{run.record.task_id} answered with {type(output).__name__}")
    return list(output.array()) if together else [output.array().mean(axis=0, dtype=np.float32)]


def _written(row: NDArray[np.float32], encoding: str) -> Any:
    if encoding == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode()
    return row.tolist()
