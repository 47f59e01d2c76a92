"""The MCP SDK's own client finds every task as a tool and uses it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from bench.site import Site, served
from core.api.mcp import _without_files
from core.api.schemas import OWN_NAMES, inputs_schema, named_inputs
from core.runtime import Runtime
from core.settings import ROOT
from core.tasks import TASKS
from core.tasks.spec import Example, Task
from core.values import fields_of

MODES = ["auto", "legacy"]
"""Today's protocol and the one before it, which began with a handshake."""


def arguments_of(task: Task, example: Example) -> dict[str, Any]:
    """Write an example's input as a tool's arguments."""

    def wire(part: Any) -> Any:
        if isinstance(part, tuple):
            return [wire(one) for one in part]
        return base64.b64encode((ROOT / part).read_bytes()).decode() if isinstance(part, Path) else part

    if isinstance(example.inputs, Mapping):
        return {name: wire(part) for name, part in example.inputs.items()}
    return {OWN_NAMES[fields_of(task.input)[0].atom]: wire(example.inputs)}


def with_client(site: Site, use: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
    async def run() -> Any:
        async with Client(f"{site.url}/mcp", mode=mode) as client:
            return await use(client)

    return asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.parametrize("mode", MODES)
def test_every_task_is_a_tool_with_its_schema(mode: str, site: Site, session_runtime: Runtime) -> None:
    tasks = session_runtime.showcase.tasks()
    listed = with_client(site, lambda client: client.list_tools(), mode).tools
    assert [tool.name for tool in listed] == [task.id for task in tasks]
    for tool, task in zip(listed, tasks, strict=True):
        assert tool.title == task.title
        assert tool.description == task.summary
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        for example in task.examples:
            more = json.loads(json.dumps(dict(example.parameters)))
            jsonschema.validate(arguments_of(task, example) | more, tool.input_schema)
        assert set(task.parameters.model_fields) <= set(tool.input_schema["properties"])


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_inputs_parameters_and_model_have_names_of_their_own(task: Task) -> None:
    inputs, required = named_inputs(task)
    names = [*inputs, *task.parameters.model_fields, "model"]
    assert len(names) == len(set(names))
    assert set(required) <= set(inputs)
    jsonschema.Draft202012Validator.check_schema(inputs_schema(task))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_tool_answers_its_example(task: Task, site: Site) -> None:
    given = arguments_of(task, task.examples[0]) | dict(task.examples[0].parameters)
    result = with_client(site, lambda client: client.call_tool(task.id, given))
    assert not result.is_error, result.content
    assert result.content[0].type == "text"
    assert result.structured_content["run_id"]
    assert "iVBORw0KGgo" not in result.content[0].text


def test_masks_come_as_pictures(site: Site) -> None:
    task = next(task for task in TASKS if task.id == "image-segmentation")
    given = arguments_of(task, task.examples[0])
    result = with_client(site, lambda client: client.call_tool(task.id, given))
    pictures = [part for part in result.content if part.type == "image"]
    assert len(pictures) == len(result.structured_content["answer"]) > 0
    assert all(base64.b64decode(part.data).startswith(b"\x89PNG") for part in pictures)


def test_files_in_an_answer_become_content_and_texts_that_look_so_do_not() -> None:
    files: list[Any] = []
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 60).decode()
    wav = base64.b64encode(b"RIFF....WAVEfmt " + b"\0" * 60).decode()
    answer = {"a": [png, {"b": wav}], "text": "UklGR is how a sound begins, " * 3, "short": "iVBORw0KGgo"}
    assert _without_files(answer, files) == answer | {"a": ["image 1", {"b": "audio 2"}]}
    assert [file.mime_type for file in files] == ["image/png", "audio/wav"]


@pytest.mark.parametrize("mode", MODES)
def test_what_is_wrong_is_told_in_the_result(mode: str, site: Site) -> None:
    async def use(client: Client) -> list[Any]:
        return [
            await client.call_tool("text-classification", {"text": "a", "top_k": 0}),
            await client.call_tool("text-classification", {"text": ""}),
            await client.call_tool("image-classification", {"image": "/etc/hostname"}),
            await client.call_tool("text-classification", {"text": "a", "model": "no/such"}),
            await client.call_tool("text-classification", {}),
        ]

    results = with_client(site, use, mode)
    assert all(result.is_error for result in results)
    words = [result.content[0].text for result in results]
    for text, word in zip(words, ("top_k", "no text", "base64", "no/such", "string"), strict=True):
        assert word in text


def test_an_unknown_tool_is_an_error_of_the_protocol(site: Site) -> None:
    with pytest.raises(BaseException) as refusal:  # noqa: PT011  # the SDK's task group wraps it
        with_client(site, lambda client: client.call_tool("no-such-tool", {}))
    assert (
        refusal.group_contains(MCPError)
        if isinstance(refusal.value, BaseExceptionGroup)
        else isinstance(refusal.value, MCPError)
    )


@pytest.mark.parametrize("mode", MODES)
def test_progress_is_told_while_a_model_loads(mode: str, tmp_path: Path) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    # The first model of a task is warmed at the start; the second is loaded when it is asked for.
    (tmp_path / "second").symlink_to(ROOT / "models" / "starters" / "sentiment")
    (tmp_path / "first").symlink_to(ROOT / "models" / "starters" / "sentiment")
    rows = [f'[[model]]\ntask = "text-classification"\npath = "{name}"\n' for name in ("first", "second")]
    (tmp_path / "catalog.toml").write_text("\n".join(rows))
    environment = {"PODIUM_CATALOG": str(tmp_path / "catalog.toml"), "OMP_NUM_THREADS": "1"}
    given = {"text": "Good.", "model": "second"}
    with served(tmp_path / "data", environment) as fresh:
        with_client(
            fresh,
            lambda client: client.call_tool("text-classification", given, progress_callback=progress),
            mode,
        )
    assert told
    assert "Loading second" in (told[0][2] or "")
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})


def test_the_door_stands_before_the_tools(site: Site) -> None:
    import httpx2

    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for headers, status in (
        ({"X-Forwarded-For": "203.0.113.7"}, 401),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
    ):
        answer = httpx2.post(f"{site.url}/mcp", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["hint"]

    async def with_key() -> Any:
        headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": "Bearer anna-of-the-tests"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{site.url}/mcp", http_client=http)) as client,
        ):
            return await client.list_tools()

    assert asyncio.run(with_key()).tools
