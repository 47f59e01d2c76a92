"""Text as it is written: its pieces, where it ends, and the inference protocol's server-sent events.

Owns stop strings and those events. A piece is what the model's tokenizer finished, which may be several
tokens; it has no id of its own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import StreamingResponse

from core.api.answering import events
from core.engine import Partial
from core.errors import Cancelled, ShowcaseError
from core.job import Job, Run

Reason = Literal["length", "eos_token", "stop_sequence"]


class Writing:
    """Follow a streaming job's text up to the first of the stop strings.

    Args:
        request: whose client is watched for hanging up.
    """

    def __init__(self, job: Job, request: Request, stop: Sequence[str] = ()) -> None:
        self._job, self._request = job, request
        self._stop = tuple(text for text in stop if text)
        self.text = ""
        self._cut = False

    async def pieces(self) -> AsyncIterator[str]:
        """Yield what comes to the text, piece by piece, the last one included.

        Raises: the ShowcaseError that the job ended with.
        """
        async for event in events(self._job, self._request):
            if isinstance(event, Partial) and not self._cut:
                piece = self._next(event.value.text, ended=False)
                if self._cut:
                    self._job.stop()
                if piece:
                    yield piece
        whole: Any = self._job.result().output
        if not self._cut:
            piece = self._next(whole.text, ended=True)
            if piece:
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
    def reason(self) -> Reason:
        """Return why the text ended."""
        return "stop_sequence" if self._cut else end_of(self.run)

    @property
    def details(self) -> dict[str, object]:
        """Return the reason and the counts in the protocol's form."""
        tokens = self.run.tokens
        return {
            "finish_reason": self.reason,
            "generated_tokens": tokens.answer if tokens else 0,
            "input_length": tokens.inputs if tokens else 0,
        }

    def _next(self, text: str, *, ended: bool) -> str:
        """Return what may be sent of a text now: up to a stop string, or to what may become one."""
        places = [place for place in map(text.find, self._stop) if place >= 0]
        end = min(places, default=len(text))
        if places:
            self._cut = True
        elif not ended:
            longest = max((len(stop) for stop in self._stop), default=0)
            for start in range(max(0, len(text) - longest + 1), len(text)):
                if any(stop.startswith(text[start:]) for stop in self._stop):
                    end = start
                    break
        piece = text[len(self.text) : end]
        self.text += piece
        return piece


def end_of(run: Run) -> Reason:
    """Return why a generated text ended by itself."""
    most = run.parameters.get("max_new_tokens", float("inf"))
    return "length" if run.tokens is not None and run.tokens.answer >= most else "eos_token"


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


async def stream_generation(writing: Writing, run_id: str) -> StreamingResponse:
    """Return the answer of a text generation as it grows.

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

    return event_stream(lines(), {"X-Run-Id": run_id})


def _event(index: int, text: str, *, special: bool = False) -> dict[str, object]:
    token = {"id": 0, "text": text, "logprob": None, "special": special}
    return {"index": index, "token": token, "generated_text": None, "details": None}
