"""Text as it is written: its pieces, why it ended, and the inference protocol's server-sent events.

Owns those events. A piece is what the model's tokenizer finished, which may be several
tokens; it has no id of its own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import StreamingResponse

from core.api.answering import events
from core.engine import Partial
from core.errors import Cancelled, ShowcaseError
from core.job import Job, Run

Reason = Literal["length", "eos_token", "stop_sequence"]


class Writing:
    """Follow a streaming job's text.

    Args:
        request: whose client is watched for hanging up.
    """

    def __init__(self, job: Job, request: Request) -> None:
        self._job, self._request = job, request
        self.text = ""

    async def pieces(self) -> AsyncIterator[str]:
        """Yield what comes to the text, piece by piece, the last one included.

        Raises: the ShowcaseError that the job ended with.
        """
        async for event in events(self._job, self._request):
            if isinstance(event, Partial) and (piece := self._next(event.value)):
                yield piece
        if piece := self._next(self._job.result().output):
            yield piece

    async def begun(self) -> AsyncIterator[str]:
        """Wait for the first piece, so that what goes wrong before it has a status of its own; return all pieces.

        Raises: the ShowcaseError that the job ended with.
        """
        rest = self.pieces()
        first = await anext(rest, "")

        async def pieces() -> AsyncIterator[str]:
            if first:
                yield first
            async for piece in rest:
                yield piece

        return pieces()

    @property
    def run(self) -> Run:
        """Return the finished run."""
        return self._job.result()

    @property
    def details(self) -> dict[str, object]:
        """Return the reason and the counts in the protocol's form."""
        tokens = self.run.tokens
        return {
            "finish_reason": end_of(self.run),
            "generated_tokens": tokens.answer if tokens else 0,
            "input_length": tokens.inputs if tokens else 0,
        }

    def _next(self, grown: Any) -> str:
        """Return what has come to the text."""
        piece: str = grown.text[len(self.text) :]
        self.text += piece
        return piece


def end_of(run: Run) -> Reason:
    """Return why a generated text ended.

    One that is shorter than it might be ended by itself; where there was something for it to stop at, it is taken
    to have come to that, as nearly all do.
    """
    most = run.parameters.get("max_new_tokens", float("inf"))
    if run.tokens is not None and run.tokens.answer >= most:
        return "length"
    return "stop_sequence" if run.parameters.get("stop") else "eos_token"


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


async def stream_generation(writing: Writing, headers: Callable[[], dict[str, str]]) -> StreamingResponse:
    """Return the answer of a text generation as it grows.

    Args:
        headers: called when its first piece is there.

    Raises: the ShowcaseError that it ended with before its first piece.
    """
    pieces = await writing.begun()

    async def lines() -> AsyncIterator[bytes]:
        index = 0
        try:
            async for piece in pieces:
                index += 1
                yield sse(_event(index, piece))
        except Cancelled:
            return
        except ShowcaseError as err:
            yield sse({"error": str(err), "error_type": err.code})
            return
        last = _event(index + 1, "", special=True)
        yield sse(last | {"generated_text": writing.text, "details": writing.details})

    return event_stream(lines(), headers())


def _event(index: int, text: str, *, special: bool = False) -> dict[str, object]:
    token = {"id": 0, "text": text, "logprob": None, "special": special}
    return {"index": index, "token": token, "generated_text": None, "details": None}
