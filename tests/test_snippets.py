"""The calls that the pages write out: each says what is on the page, whatever stands in it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from typing import Any

import pytest

from core.snippets import SNIPPETS, Call, File, curl_snippet, javascript_snippet, mcp_snippet, python_snippet
from core.tasks import get_task

HERE = "http://localhost:8501"
HOSTILE = 'it\'s "quoted" $(id) `id` $HOME \\n END\nEND\n</script> FILE_0 \u2028'
PICTURE = File("picture one.png", "image/png")

CALLS = {
    "text": Call(get_task("text-classification"), HERE, "", HOSTILE, {"top_k": 2}),
    "picture": Call(get_task("image-classification"), HERE, "starters/handwritten-digits", PICTURE),
    "both": Call(
        get_task("visual-question-answering"), HERE, "", {"image": PICTURE, "question": HOSTILE}, needs_key=True
    ),
    "several": Call(get_task("image-feature-extraction"), HERE, "", {"images": [PICTURE, PICTURE]}),
    "words": Call(get_task("zero-shot-classification"), HERE, "", HOSTILE, {"candidate_labels": ["a", HOSTILE]}),
}


@pytest.mark.parametrize("name", CALLS)
def test_python_is_python(name: str) -> None:
    snippet = python_snippet(CALLS[name])
    ast.parse(snippet)
    assert CALLS[name].url in snippet
    assert ("InferenceClient" in snippet) == (name in ("text", "picture", "words"))
    assert ("PODIUM_API_KEY" in snippet) == CALLS[name].needs_key


def sent_by_curl(call: Call, tmp_path: Any) -> list[str]:
    """Run a snippet with a curl that writes down what it is told to send."""
    (tmp_path / "picture one.png").write_bytes(b"bytes")
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > arguments\ncat > sent\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": "/nowhere", "PODIUM_API_KEY": "secret"}
    subprocess.run(
        ["sh", "-c", curl_snippet(call)], cwd=tmp_path, env=environment, check=True, stdin=subprocess.DEVNULL
    )
    return (tmp_path / "arguments").read_text().splitlines()


@pytest.mark.parametrize("name", ["text", "both", "several", "words"])
def test_a_shell_sends_exactly_what_is_on_the_page(name: str, tmp_path: Any) -> None:
    call = CALLS[name]
    arguments = sent_by_curl(call, tmp_path)
    assert arguments[0] == call.url
    assert ("Authorization: Bearer secret" in arguments) == call.needs_key
    sent = json.loads((tmp_path / "sent").read_text())
    wanted = json.loads(json.dumps(call.body, default=lambda _: "Ynl0ZXM="))
    assert sent == wanted


def test_one_file_is_sent_as_it_is(tmp_path: Any) -> None:
    arguments = sent_by_curl(CALLS["picture"], tmp_path)
    assert arguments[0] == f"{HERE}/api/tasks/image-classification?model=starters/handwritten-digits"
    assert arguments[-2:] == ["--data-binary", "@picture one.png"]
    assert "Content-Type: image/png" in arguments


@pytest.mark.parametrize("name", CALLS)
def test_javascript_is_javascript(name: str, tmp_path: Any) -> None:
    node = shutil.which("node")
    snippet = javascript_snippet(CALLS[name])
    assert json.dumps(CALLS[name].url) in snippet
    if node is None:
        pytest.skip("needs Node to check the syntax")
    (tmp_path / "snippet.mjs").write_text(snippet)
    subprocess.run([node, "--check", "snippet.mjs"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("name", CALLS)
def test_a_tool_call_names_its_arguments(name: str) -> None:
    call = CALLS[name]
    told = json.loads(mcp_snippet(call))["params"]
    assert told["name"] == call.task.id
    assert set(call.parameters) <= set(told["arguments"])
    assert ("model" in told["arguments"]) == bool(call.model_id)


def test_there_are_four_languages() -> None:
    assert list(SNIPPETS) == ["Python", "curl", "JavaScript", "MCP"]
