"""A model behind an endpoint that speaks OpenAI's protocol: chat completions and embeddings.

vLLM, Text Embeddings Inference, llama.cpp, another Podium. Owns how a task's inputs and parameters are said in that
protocol, and what is made of the answer.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from core.catalog import Endpoint
from core.engine import Ticket
from core.errors import BadParameters
from core.remote.calling import Caller, events, is_stream, whole
from core.remote.growing import Growing
from core.remote.inference import revision_said
from core.remote.place import ELSEWHERE, Reply
from core.remote.refusals import not_the_protocol, said_in_stream
from core.tasks.spec import Tokens
from core.values import Chat, Embeddings, Text, Value, atoms_in

if TYPE_CHECKING:
    import httpx2

_BEYOND = ("top_k", "repetition_penalty")
"""What vLLM takes beside OpenAI's own settings; sent only where it is not as it usually is."""


class OpenAIPlace:
    """Ask one model of an endpoint.

    Args:
        model_id: what the endpoint calls it.
    """

    def __init__(self, endpoint: Endpoint, model_id: str, caller: Caller) -> None:
        self._endpoint, self._model_id, self._caller = endpoint, model_id, caller

    @property
    def host(self) -> str:
        """Return its host."""
        return self._endpoint.host

    async def ask(self, ticket: Ticket) -> Reply:
        """Have a request answered. Raises any ShowcaseError."""
        if ticket.task.output is Embeddings:
            return await self._vectors(ticket)
        return await self._chat(ticket)

    async def _vectors(self, ticket: Ticket) -> Reply:
        asked: Any = ticket.parameters
        for name in ("pooling", "normalize"):
            if getattr(asked, name) != type(asked).model_fields[name].default:
                raise BadParameters(f"{self.host} takes no '{name}'.", hint="Leave it as it is.")
        texts = [atom.text for atom in _atoms(ticket) if isinstance(atom, Text)]

        async def take(response: httpx2.Response) -> Reply:
            document = await self._document(response)
            try:
                output = await asyncio.to_thread(_embeddings, document, len(texts))
            except (KeyError, TypeError, ValueError) as err:
                raise not_the_protocol(self.host, "one vector for each text") from err
            return self._reply(response, output, document.get("usage"))

        body = {"model": self._model_id, "input": texts, "encoding_format": "float"}
        return await self._post("embeddings", body, ticket, take, Growing(ticket))

    async def _chat(self, ticket: Ticket) -> Reply:
        growing = Growing(ticket)

        async def take(response: httpx2.Response) -> Reply:
            growing.text = ""  # of a try that broke off before anything was shown
            if is_stream(response):
                return await self._take_stream(response, growing)
            document = await self._document(response)
            try:
                growing.text = str(document["choices"][0]["message"]["content"] or "")
            except (KeyError, TypeError, IndexError) as err:
                raise not_the_protocol(self.host, "a chat completion") from err
            return self._reply(response, growing.answer(), document.get("usage"))

        return await self._post("chat/completions", _asked_of(ticket, self._model_id), ticket, take, growing)

    async def _post(self, route: str, body: dict[str, Any], ticket: Ticket, take: Any, growing: Growing) -> Reply:
        address = f"{self._endpoint.address.rstrip('/')}/{route}"
        data = json.dumps(body).encode()
        reply: Reply = await self._caller.post(self._endpoint, address, data, ticket, take, begun=lambda: growing.begun)
        return reply

    async def _take_stream(self, response: httpx2.Response, growing: Growing) -> Reply:
        usage, ended = None, False
        async for event in events(response, self.host):
            if event.get("error"):
                raise said_in_stream(self.host, event)
            try:
                usage = event.get("usage") or usage
                for choice in event["choices"]:
                    ended = ended or choice.get("finish_reason") is not None
                    if not growing.add(choice["delta"].get("content") or ""):
                        return self._reply(response, growing.answer(), usage)
            except (KeyError, TypeError, AttributeError) as err:
                raise not_the_protocol(self.host, "pieces of a chat completion") from err
        if not ended:
            raise not_the_protocol(self.host, "a stream that says where it ends")
        return self._reply(response, growing.answer(), usage)

    async def _document(self, response: httpx2.Response) -> dict[str, Any]:
        try:
            document = json.loads(await whole(response, self.host))
        except (ValueError, RecursionError) as err:
            raise not_the_protocol(self.host, "JSON") from err
        if not isinstance(document, dict):
            raise not_the_protocol(self.host, "a JSON object")
        return document

    def _reply(self, response: httpx2.Response, output: Value, usage: Any) -> Reply:
        return Reply(
            output=output,
            revision=revision_said(self._endpoint, response.headers),
            dtype=ELSEWHERE,
            device=self.host,
            tokens=_counted(usage),
        )


def _atoms(ticket: Ticket) -> list[Value]:
    return [] if ticket.inputs is None else list(atoms_in(ticket.inputs))


def _asked_of(ticket: Ticket, model_id: str) -> dict[str, Any]:
    """Return the body of a request for a chat completion."""
    asked: Any = ticket.parameters
    body: dict[str, Any] = {
        "model": model_id,
        "messages": _messages(ticket, asked.system_prompt),
        "max_tokens": asked.max_new_tokens,
        "temperature": asked.temperature if asked.do_sample else 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if asked.do_sample:
        body["top_p"] = asked.top_p
    if asked.stop:
        body["stop"] = list(asked.stop)
    if asked.seed:
        body["seed"] = asked.seed
    usual = {name: type(asked).model_fields[name].default for name in _BEYOND}
    return body | {name: getattr(asked, name) for name in _BEYOND if getattr(asked, name) != usual[name]}


def _messages(ticket: Ticket, system_prompt: str) -> list[dict[str, str]]:
    (given,) = _atoms(ticket)
    if isinstance(given, Chat):
        messages = [message.model_dump() for message in given.messages]
    elif isinstance(given, Text):
        messages = [{"role": "user", "content": given.text}]
    else:
        raise TypeError(f"a {type(given).__name__} is no conversation")
    if system_prompt and messages[0]["role"] != "system":
        messages.insert(0, {"role": "system", "content": system_prompt})
    return messages


def _embeddings(document: dict[str, Any], count: int) -> Embeddings:
    """Read vectors in the order of their index."""
    rows = sorted(document["data"], key=lambda row: row["index"])
    array = np.asarray([row["embedding"] for row in rows], np.float32)
    if array.ndim != 2 or len(array) != count:
        raise ValueError(f"{array.shape} for {count} texts")
    return Embeddings.from_array(array)


def _counted(usage: Any) -> Tokens | None:
    try:
        details = usage.get("prompt_tokens_details") or {}
        return Tokens(
            inputs=int(usage["prompt_tokens"]),
            answer=int(usage.get("completion_tokens") or 0),
            cached=int(details.get("cached_tokens") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
