"""Chat completions and completions, plain and streaming.

Owns their shapes, and how OpenAI's settings become text generation's parameters.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, Final, Literal, Protocol

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.api.answering import answered, named
from core.api.events import Writing, end_of, event_stream, sse
from core.api.openai.wanted import CHAT, Asked, bounded, refuse, start, task_for
from core.api.payload import stop_sequences
from core.api.problems import error_body
from core.errors import BadInput, Cancelled, ShowcaseError
from core.job import Run
from core.runtime import Runtime
from core.tasks.spec import Task, Tokens
from core.values import Chat, Value

_SEEDS = 2**31 - 1


STREAMED: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/event-stream": {}}}}
"""What is described of an answer beside its JSON."""


class Part(BaseModel):
    """Be one part of a message."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str = ""


class ChatMessage(BaseModel):
    """Be one message."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part] = ""


class StreamOptions(BaseModel):
    """Say what a stream has besides its text."""

    include_usage: bool = False


class Generation(Asked):
    """Hold what both kinds of completion may say."""

    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float] | None = None


class ChatCompletion(Generation):
    """Ask for the next message of a conversation."""

    messages: list[ChatMessage] = Field(min_length=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    response_format: dict[str, Any] | None = None
    tools: list[Any] | None = None
    logprobs: bool | None = None


class Completion(Generation):
    """Ask for how a text goes on."""

    prompt: str
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None
    logprobs: int | None = None


async def chat(of: Runtime, request: Request, asked: ChatCompletion) -> Response:
    """Answer a conversation."""
    refuse(asked, response_format=(None, {"type": "text"}), tools=(None, []), logprobs=(None, False))
    task = task_for(of, CHAT)
    messages = [{"role": _role(message), "content": _content(message)} for message in asked.messages]
    inputs = of.showcase.read_input(task, _as_input(task, messages))
    most = asked.max_completion_tokens or asked.max_tokens
    return await _written(of, request, asked, task, inputs, most, _ChatShape())


async def complete(of: Runtime, request: Request, asked: Completion) -> Response:
    """Continue a text."""
    refuse(asked, echo=(None, False), suffix=(None, ""), best_of=(None, 1), logprobs=(None,))
    task = task_for(of, CHAT)
    return await _written(
        of, request, asked, task, of.showcase.read_input(task, asked.prompt), asked.max_tokens, _TextShape()
    )


async def _written(
    of: Runtime, request: Request, asked: Generation, task: Task, inputs: Value, most: int | None, shape: _Shape
) -> Response:
    refuse(asked, n=(None, 1), frequency_penalty=(None, 0), presence_penalty=(None, 0), logit_bias=(None, {}))
    job = start(of, request, task, inputs, _parameters(task, asked, most), asked, streaming=True)
    common = {"id": f"{shape.prefix}-{job.run_id}", "created": int(time.time()), "model": job.request.model_id}
    if not asked.stream:
        (run,) = await answered([job], request)
        text: Any = run.output
        choice = shape.choice(text.text) | {"index": 0, "logprobs": None, "finish_reason": _reason(run)}
        return JSONResponse(
            common | {"object": shape.whole, "choices": [choice], "usage": _usage(run)},
            headers=named(of, job),
        )
    writing = Writing(job, request)
    pieces = await writing.begun()
    usage = asked.stream_options is not None and asked.stream_options.include_usage

    def chunk(choice: dict[str, Any] | None, reason: str | None = None) -> bytes:
        choices = [] if choice is None else [choice | {"index": 0, "logprobs": None, "finish_reason": reason}]
        counts = {"usage": _usage(writing.run) if choice is None else None} if usage else {}
        return sse(common | {"object": shape.part, "choices": choices} | counts)

    async def lines() -> AsyncIterator[bytes]:
        if shape.opening:
            yield chunk(shape.opening)
        try:
            async for piece in pieces:
                yield chunk(shape.piece(piece))
        except Cancelled:
            return
        except ShowcaseError as err:
            yield sse(error_body(request.scope, err.status, err.code, err.message, err.hint))
            return
        yield chunk(shape.piece(""), _reason(writing.run))
        if usage:
            yield chunk(None)
        yield sse("[DONE]")

    return event_stream(lines(), named(of, job))


class _Shape(Protocol):
    """Say what differs between the two kinds of completion."""

    prefix: str
    whole: str
    part: str
    opening: dict[str, Any] | None

    def choice(self, text: str) -> dict[str, Any]: ...

    def piece(self, text: str) -> dict[str, Any]: ...


class _ChatShape:
    prefix, whole, part = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def __init__(self) -> None:
        self.opening: dict[str, Any] | None = {"delta": {"role": "assistant", "content": ""}}

    def choice(self, text: str) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text, "refusal": None}}

    def piece(self, text: str) -> dict[str, Any]:
        return {"delta": {"content": text} if text else {}}


class _TextShape:
    prefix, whole, part = "cmpl", "text_completion", "text_completion"
    opening: dict[str, Any] | None = None

    def choice(self, text: str) -> dict[str, Any]:
        return {"text": text}

    def piece(self, text: str) -> dict[str, Any]:
        return {"text": text}


def _parameters(task: Task, asked: Generation, most: int | None) -> dict[str, Any]:
    """Return the task's parameters; a bound that is wider than ours is kept by keeping ours."""
    given: dict[str, Any] = {}
    if most is not None:
        given["max_new_tokens"] = int(bounded(task, "max_new_tokens", most))
    if asked.temperature == 0:
        given["do_sample"] = False
    elif asked.temperature is not None:
        given["temperature"] = bounded(task, "temperature", asked.temperature)
    if asked.top_p is not None:
        given["top_p"] = bounded(task, "top_p", asked.top_p)
    if asked.seed is not None:
        given["seed"] = abs(asked.seed) % _SEEDS or _SEEDS
    if asked.stop is not None:
        given["stop"] = stop_sequences(asked.stop)
    return given


def _role(message: ChatMessage) -> str:
    return "system" if message.role == "developer" else message.role


def _content(message: ChatMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    other = next((part.type for part in message.content if part.type != "text"), None)
    if other is not None:
        raise BadInput(f"A message has a part of type '{other}'.", hint="Send texts only.")
    return "\n".join(part.text for part in message.content)


def _as_input(task: Task, messages: list[dict[str, str]]) -> str | list[dict[str, str]]:
    """Return a conversation as the task takes it: one message is a text to any model."""
    if len(messages) == 1 and messages[0]["role"] == "user":
        return messages[0]["content"]
    if Chat in task.takes:
        return messages
    return "\n\n".join(message["content"] for message in messages)


def _reason(run: Run) -> str:
    return "length" if end_of(run) == "length" else "stop"


def _usage(run: Run) -> dict[str, Any]:
    tokens = run.tokens or Tokens(0, 0)
    return {
        "prompt_tokens": tokens.inputs,
        "completion_tokens": tokens.answer,
        "total_tokens": tokens.inputs + tokens.answer,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
    }
