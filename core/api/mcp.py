"""Every task as a tool of the Model Context Protocol, with the official SDK.

Owns what a tool is called, what it takes and what comes back: words, pictures and sounds as their own
kinds of content. Imported at the first request of `/mcp` only: the SDK takes a second to import.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.requests import Request

from core.api.answering import caller_of, events
from core.api.fetching import Fetcher
from core.api.problems import bug
from core.api.reading_inputs import read_input
from core.api.schemas import from_named, named_inputs, parameters_schema
from core.engine import Loading, Waiting
from core.errors import BadInput, ShowcaseError
from core.job import Job, Run
from core.protocol import written
from core.runtime import Runtime
from core.showcase import APP_VERSION
from core.tasks.spec import Task
from core.values import Text

PROGRESS_EVERY_S: Final = 0.2
"""Seconds between two notifications at least."""

_MEDIA: Final[Mapping[str, tuple[str, str]]] = {
    "iVBORw0KGgo": ("image", "image/png"),
    "UklGR": ("audio", "audio/wav"),
}
"""How base64 of a PNG and of a WAV file begins: such a string in an answer is a file."""

_MEDIA_CHARS: Final = 60
"""The least length of such a string: no file is shorter."""


def session_manager(of: Runtime) -> StreamableHTTPSessionManager:
    """Return what serves `/mcp`. It keeps no sessions: any process can answer any request."""
    tools = Tools(of)
    server: Server[Any] = Server(
        "podium",
        version=APP_VERSION,
        title="Podium",
        instructions="Each tool runs a machine-learning model on what it is given.",
        on_list_tools=tools.listed,
        on_call_tool=tools.call,
    )
    # Hosts and origins are the door's business, which knows of keys and proxies, too.
    return StreamableHTTPSessionManager(
        app=server, stateless=True, max_request_body_size=of.settings.max_upload_bytes + 1
    )


class Tools:
    """Offer the tasks of a showcase as tools."""

    def __init__(self, of: Runtime) -> None:
        self._of = of
        self._fetcher = Fetcher(of.settings)

    async def listed(self, _: ServerRequestContext[Any], __: Any) -> types.ListToolsResult:
        """List the tools."""
        return types.ListToolsResult(tools=[self._tool(task) for task in self._of.showcase.tasks()])

    async def call(
        self, context: ServerRequestContext[Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """Run a tool. What is wrong with its arguments comes back as its result, for the model to read."""
        task = next((task for task in self._of.showcase.tasks() if task.id == asked.name), None)
        if task is None:
            known = ", ".join(task.id for task in self._of.showcase.tasks())
            raise MCPError(types.INVALID_PARAMS, f"There is no tool '{asked.name}'. The tools are: {known}.")
        request: Request = context.request  # type: ignore[assignment]  # it came by HTTP
        try:
            job = await self._start(task, request, dict(asked.arguments or {}))
            await _report(job, context)
            return _result(job.result())
        except Exception as err:
            told = err if isinstance(err, ShowcaseError) else bug(err)
            request.scope["podium.error"] = told.code
            return types.CallToolResult(content=[types.TextContent(text=str(told))], is_error=True)

    async def _start(self, task: Task, request: Request, arguments: dict[str, Any]) -> Job:
        model_id = arguments.pop("model", None)
        if model_id is not None and not isinstance(model_id, str):
            raise BadInput("The model has to be a string.", hint="Name one of the schema's, or leave it out.")
        inputs = await read_input(self._of, task, from_named(task, arguments), self._fetcher.request())
        return self._of.showcase.start(
            task.id,
            inputs,
            arguments,
            client=caller_of(request).client,
            source="api",
            model_id=model_id,
        )

    def _tool(self, task: Task) -> types.Tool:
        inputs, required = named_inputs(task)
        parameters = parameters_schema(task)
        models = [card.model_id for card in self._of.showcase.catalog.models(task.id)]
        schema = {
            "type": "object",
            "properties": inputs
            | parameters.get("properties", {})
            | {"model": {"type": "string", "enum": models, "description": "Which model answers; the first that can."}},
            "required": [*required, *parameters.get("required", ())],
            "additionalProperties": False,
        }
        if "$defs" in parameters:
            schema["$defs"] = parameters["$defs"]
        return types.Tool(
            name=task.id,
            title=task.title,
            description=task.summary,
            input_schema=schema,
            annotations=types.ToolAnnotations(
                read_only_hint=True, idempotent_hint=task.deterministic, open_world_hint=False
            ),
        )


async def _report(job: Job, context: ServerRequestContext[Any]) -> None:
    """Tell the client how far its call is, until it is done."""
    progress, told_s = 0.0, 0.0
    async for event in events(job):
        words, share = "", 0.0
        if isinstance(event, Loading):
            words = f"Loading {job.request.model_id}"
            if event.bytes_total:
                share = event.bytes_done / event.bytes_total
                words += f": {event.bytes_done / 1e6:.0f} of {event.bytes_total / 1e6:.0f} MB"
        elif isinstance(event, Waiting) and event.position:
            words = f"{event.position} ahead in the queue"
        now_s = time.monotonic()
        if not words or (progress and now_s - told_s < PROGRESS_EVERY_S):
            continue
        progress, told_s = max(progress + 0.001, share), now_s  # it has to grow with each notification
        await context.session.report_progress(progress, 1.0 if share else None, words)


def _result(run: Run) -> types.CallToolResult:
    """Return an answer: a text as it is, anything else as JSON; files in it as content of their own."""
    files: list[types.ImageContent | types.AudioContent] = []
    answer = _without_files(written(run.output), files)
    words = run.output.text if isinstance(run.output, Text) else json.dumps(answer, ensure_ascii=False)
    record = run.record
    return types.CallToolResult(
        content=[types.TextContent(text=words), *files],
        structured_content={"answer": answer, "run_id": record.run_id, "model": f"{record.model_id}@{record.revision}"},
    )


def _without_files(part: Any, files: list[types.ImageContent | types.AudioContent]) -> Any:
    """Return JSON data with each file in it replaced by its place among the content."""
    if isinstance(part, Mapping):
        return {name: _without_files(one, files) for name, one in part.items()}
    if isinstance(part, list | tuple):
        return [_without_files(one, files) for one in part]
    if isinstance(part, str) and len(part) >= _MEDIA_CHARS:
        kind, media_type = next((found for head, found in _MEDIA.items() if part.startswith(head)), ("", ""))
        if kind and _is_base64(part):
            made = types.ImageContent if kind == "image" else types.AudioContent
            files.append(made(data=part, mime_type=media_type))
            return f"{kind} {len(files)}"
    return part


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
