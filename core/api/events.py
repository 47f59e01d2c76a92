"""Text generation bit by bit, as server-sent events in the inference protocol's shape.

Owns that shape. A piece is what the model's tokenizer finished, which may be several tokens; it has no id.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

from core.api.answering import events
from core.engine import Partial
from core.errors import Cancelled, ShowcaseError
from core.job import Job, Run


async def pieces(job: Job, request: Request) -> AsyncIterator[str]:
    """Yield what a streaming job adds to its text, piece by piece, the last one included.

    Raises: the ShowcaseError that it ended with.
    """
    sent = ""
    async for event in events(job, request):
        if isinstance(event, Partial):
            text = event.value.text
            if len(text) > len(sent):
                yield text[len(sent) :]
                sent = text
    whole = job.result().output.text  # type: ignore[attr-defined]  # a streaming task answers with a text
    if len(whole) > len(sent):
        yield whole[len(sent) :]


def was_cut(run: Run) -> bool:
    """Return whether a generation ended because it was as long as it might be."""
    return run.tokens is not None and run.tokens.answer >= run.parameters.get("max_new_tokens", float("inf"))


def sse(data: object) -> bytes:
    """Return one event."""
    return b"data: " + (data if isinstance(data, str) else json.dumps(data)).encode() + b"\n\n"


def event_stream(lines: AsyncIterator[bytes], headers: dict[str, str]) -> StreamingResponse:
    """Return a response of server-sent events that no proxy holds back."""
    return StreamingResponse(
        lines,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"} | headers,
    )


def stream_generation(job: Job, request: Request) -> StreamingResponse:
    """Return the answer of a text generation as it grows."""

    async def lines() -> AsyncIterator[bytes]:
        index, text = 0, ""
        try:
            async for piece in pieces(job, request):
                index, text = index + 1, text + piece
                yield sse(_event(index, piece))
            run = job.result()
        except Cancelled:
            return
        except ShowcaseError as err:
            yield sse({"error": str(err), "error_type": err.code})
            return
        tokens = run.tokens
        details = {
            "finish_reason": "length" if was_cut(run) else "eos_token",
            "generated_tokens": tokens.answer if tokens else index,
            "input_length": tokens.inputs if tokens else 0,
        }
        yield sse(
            _event(index + 1, "", special=True) | {"generated_text": run.output.text, "details": details}  # type: ignore[attr-defined]
        )

    return event_stream(lines(), {"X-Run-Id": job.run_id})


def _event(index: int, text: str, *, special: bool = False) -> dict[str, object]:
    token = {"id": 0, "text": text, "logprob": None, "special": special}
    return {"index": index, "token": token, "generated_text": None, "details": None}
