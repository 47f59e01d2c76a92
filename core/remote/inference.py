"""A model behind an endpoint that speaks the Hugging Face inference protocol.

Another Podium, Text Embeddings Inference, text-generation-inference, an Inference Endpoint. Owns what is made of
the answer, and what is said of the model that gave it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.catalog import Endpoint
from core.engine import Ticket
from core.media import Limits
from core.protocol import Asked, NotTheProtocol, read_answer, request_of, streams
from core.remote.calling import Caller, events, is_stream, media_type, whole
from core.remote.growing import Growing
from core.remote.place import ELSEWHERE, Reply
from core.remote.refusals import not_the_protocol, said_in_stream
from core.tasks.spec import Tokens
from core.values import Value

if TYPE_CHECKING:
    import httpx2


class InferencePlace:
    """Ask one endpoint."""

    def __init__(self, endpoint: Endpoint, caller: Caller, limits: Limits) -> None:
        self._endpoint, self._caller, self._limits = endpoint, caller, limits

    @property
    def host(self) -> str:
        """Return its host."""
        return self._endpoint.host

    async def ask(self, ticket: Ticket) -> Reply:
        """Have a request answered. Raises any ShowcaseError."""
        inputs, parameters, task = ticket.inputs, ticket.parameters, ticket.task
        if inputs is None or parameters is None:
            raise ValueError("a warm-up is not asked elsewhere")
        # Tokens are counted in a stream only. A server that cannot stream answers at once, which is read as well.
        stream = streams(task) and (ticket.streaming or task.count_tokens is not None)
        # Pictures are written and read beside the one thread that all requests share.
        body = await asyncio.to_thread(lambda: json.dumps(request_of(inputs, parameters, stream=stream)).encode())
        asked = Asked(task, inputs, parameters, self._limits)
        growing = Growing(ticket)

        async def take(response: httpx2.Response) -> Reply:
            if is_stream(response):
                return await self._take_stream(response, growing)
            data = await whole(response, self.host)
            output = await asyncio.to_thread(self._read, data, media_type(response), asked)
            return _reply(self._endpoint, response, output, None)

        return await self._caller.post(
            self._endpoint, self._endpoint.address, body, ticket, take, begun=lambda: growing.begun
        )

    async def _take_stream(self, response: httpx2.Response, growing: Growing) -> Reply:
        growing.text = ""  # of a try that broke off before anything was shown
        async for event in events(response, self.host):
            if "error" in event:
                raise said_in_stream(self.host, event)
            token = event.get("token")
            if not isinstance(token, dict) or not isinstance(token.get("text"), str):
                raise not_the_protocol(self.host, "pieces of a text")
            if isinstance(event.get("generated_text"), str):
                growing.text = event["generated_text"]
                return _reply(self._endpoint, response, growing.answer(), _tokens(event.get("details")))
            if not growing.add("" if token.get("special") else token["text"]):
                return _reply(self._endpoint, response, growing.answer(), None)
        raise not_the_protocol(self.host, "a stream that says where it ends")

    def _read(self, data: bytes, kind: str, asked: Asked) -> Value:
        try:
            given = data if kind.startswith(("image/", "audio/")) else json.loads(data)
            return read_answer(given, asked)
        except (NotTheProtocol, ValueError, RecursionError) as err:
            raise not_the_protocol(self.host, f"the answer of {asked.task.title.lower()}") from err


def _reply(endpoint: Endpoint, response: httpx2.Response, output: Value, tokens: Tokens | None) -> Reply:
    known = response.headers.get("X-Known") == "true"
    return Reply(
        output=output,
        revision=revision_said(endpoint, response.headers),
        dtype=ELSEWHERE,
        device=endpoint.host,
        batch_size=0 if known else 1,
        tokens=tokens,
    )


def revision_said(endpoint: Endpoint, headers: Mapping[str, str]) -> str:
    """Return which model answered: as another Podium says, else the endpoint's address without its query."""
    _, _, revision = headers.get("X-Model", "").rpartition("@")
    return revision or endpoint.address.partition("?")[0]


def _tokens(details: Any) -> Tokens | None:
    """Return the counts at the end of a stream, None where they are not given."""
    if not isinstance(details, dict):
        return None
    inputs, answer = details.get("input_length"), details.get("generated_tokens")
    if not isinstance(answer, int):
        return None
    return Tokens(inputs=inputs if isinstance(inputs, int) else 0, answer=answer)
