"""The REST routes: answers in the protocol's shapes, errors in one shape."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from core.runtime import Runtime
from core.settings import ROOT
from core.tasks import TASKS, get_task
from core.tasks.spec import Task
from core.values import Audio, Image
from tests.api.protocol_shapes import OUTPUTS


def body_of(task: Task) -> dict[str, Any]:
    """Make a JSON body of a task's first example."""
    example = task.examples[0]
    return {"inputs": sent(example.inputs), "parameters": dict(example.parameters)}


def sent(part: object) -> Any:
    """Return a part of an example as a request sends it: files in base64."""
    if isinstance(part, Path):
        return base64.b64encode((ROOT / part).read_bytes()).decode()
    if isinstance(part, Mapping):
        return {name: sent(inside) for name, inside in part.items()}
    return [sent(inside) for inside in part] if isinstance(part, tuple) else part


def assert_is_error(answer: Any, status: int, code: str) -> str:
    """Every error has the one shape; return its sentences."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "run_id"}
    assert error["code"] == code
    assert error["message"].endswith(".")
    assert "Traceback" not in answer.text
    assert str(ROOT) not in answer.text
    return f"{error['message']} {error['hint']}"


def test_the_process_lives(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "ok"


def test_tasks_are_listed_as_declared(client: TestClient) -> None:
    rows = {row["id"]: row for row in client.get("/tasks").json()}
    assert [task_id for task_id in rows if not task_id.startswith("demo-")] == [task.id for task in TASKS]
    assert rows["text-generation"]["parameters"]["properties"]["temperature"]["maximum"] == 2.0
    assert rows["object-detection"]["models"][-1]


def test_models_are_listed_with_their_state_and_reason(client: TestClient) -> None:
    rows = client.get("/models").json()
    assert {row["state"] for row in rows} <= {"loaded", "here", "elsewhere", "downloadable", "unavailable"}
    assert all(row["reason"] for row in rows if row["state"] == "unavailable")
    assert any(row["id"].startswith("starters/") and row["state"] in ("here", "loaded") for row in rows)


@pytest.mark.parametrize("task", [pytest.param(task, id=task.id) for task in TASKS])
def test_an_answer_has_the_shape_of_the_protocol(task: Task, client: TestClient, session_runtime: Runtime) -> None:
    shape = OUTPUTS[task.id]
    accept = shape.get("contentMediaType", "application/json")
    answer = client.post(f"/tasks/{task.id}", json=body_of(task), headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    if "contentMediaType" in shape:
        assert answer.headers["content-type"] == shape["contentMediaType"]
        assert f"image/{PIL.Image.open(io.BytesIO(answer.content)).format}".lower() == shape["contentMediaType"]
    else:
        jsonschema.validate(answer.json(), shape)
    assert answer.headers["x-model"].startswith(f"{session_runtime.showcase.first_model(task).model_id}@")


@pytest.mark.parametrize("task", [pytest.param(task, id=task.id) for task in TASKS if task.input in (Image, Audio)])
def test_raw_bytes_get_the_same_answer_as_base64(task: Task, client: TestClient) -> None:
    path = ROOT / task.examples[0].inputs
    raw = client.post(
        f"/tasks/{task.id}", content=path.read_bytes(), headers={"Content-Type": "application/octet-stream"}
    )
    assert raw.status_code == 200, raw.text
    assert raw.content == client.post(f"/tasks/{task.id}", json=body_of(task)).content


def test_a_call_is_recorded_like_a_run_on_a_page(client: TestClient, session_runtime: Runtime) -> None:
    answer = client.post("/tasks/text-classification", json={"inputs": "Good.", "parameters": {"top_k": 1}})
    run = session_runtime.showcase.find_run(answer.headers["x-run-id"])
    assert run is not None
    assert run.record.source == "api"
    assert run.record.parameters == {"top_k": 1}
    assert len(answer.json()) == 1


def test_a_model_can_be_named(client: TestClient) -> None:
    named = client.post("/tasks/text-classification?model=starters/sentiment", json={"inputs": "Good."})
    assert named.headers["x-model"].startswith("starters/sentiment@")


@pytest.mark.parametrize(
    ("path", "request_arguments", "status", "code", "words"),
    [
        ("text-classification", {"content": b"", "headers": {"Content-Type": "application/json"}}, 400, "bad_input", "empty"),
        ("text-classification", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "bad_input", "JSON"),
        ("text-classification", {"content": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}, 400, "bad_input", "JSON"),
        ("text-classification", {"json": ["a"]}, 400, "bad_input", "inputs"),
        ("text-classification", {"json": {"inputs": 5}}, 400, "bad_input", "inputs"),
        ("text-classification", {"json": {"inputs": ""}}, 400, "bad_input", "no text"),
        ("text-classification", {"json": {"inputs": "x" * 100_000}}, 413, "too_large", "20"),
        ("text-classification", {"json": {"inputs": "a", "parameters": 3}}, 422, "bad_parameters", "object"),
        ("text-classification", {"json": {"inputs": "a", "parameters": {"top_k": 0}}}, 422, "bad_parameters", "top_k"),
        ("text-classification", {"json": {"inputs": "a", "parameters": {"nope": 1}}}, 422, "bad_parameters", "top_k"),
        ("text-classification", {"content": b"text", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported_media", "JSON"),
        ("no-such-task", {"json": {"inputs": "a"}}, 404, "not_found", "text-classification"),
        ("text-classification?model=no/such", {"json": {"inputs": "a"}}, 503, "model_unavailable", "HF_HUB_OFFLINE"),
        ("image-classification", {"json": {"inputs": "http://127.0.0.1/x.png"}}, 400, "bad_input", "base64"),
        ("image-classification", {"json": {"inputs": "/etc/hostname"}}, 400, "bad_input", "base64"),
        ("image-classification", {"content": b"RIFF....WAVEfmt ", "headers": {"Content-Type": "image/png"}}, 415, "unsupported_media", ""),
        ("audio-classification", {"content": b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "headers": {"Content-Type": "audio/wav"}}, 415, "unsupported_media", "PNG"),
    ],
)  # fmt: skip
def test_bad_input_gets_the_one_error_shape_and_the_fix(
    path: str, request_arguments: dict[str, Any], status: int, code: str, words: str, client: TestClient
) -> None:
    assert words in assert_is_error(client.post(f"/tasks/{path}", **request_arguments), status, code)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=20),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    task_id=st.sampled_from([task.id for task in TASKS if task.stream is None]),
    body=JSON | st.fixed_dictionaries({"inputs": JSON}, optional={"parameters": JSON, "options": JSON, "stream": JSON}),
)
def test_whatever_is_sent_is_answered_or_refused_and_never_breaks(task_id: str, body: Any, client: TestClient) -> None:
    answer = client.post(f"/tasks/{task_id}", json=body)
    assert answer.status_code in (200, 400, 413, 415, 422), answer.text
    if answer.status_code != 200:
        assert set(answer.json()["error"]) == {"code", "message", "hint", "run_id"}


def test_a_model_that_cannot_run_says_why(client: TestClient) -> None:
    card = session_card(client)
    answer = client.post(f"/tasks/text-classification?model={card}", json={"inputs": "a"})
    assert "HF_HUB_OFFLINE" in assert_is_error(answer, 503, "model_unavailable")


def session_card(client: TestClient) -> str:
    rows = client.get("/models").json()
    return next(row["id"] for row in rows if row["task"] == "text-classification" and row["state"] == "unavailable")


def test_a_body_over_the_limit_is_refused_while_it_is_read(client: TestClient, session_runtime: Runtime) -> None:
    limit = session_runtime.settings.max_upload_bytes
    sent = 0

    def endless() -> Any:
        nonlocal sent
        while sent < 10 * limit:
            sent += 1_000_000
            yield b"\0" * 1_000_000

    answer = client.post("/tasks/image-classification", content=endless(), headers={"Content-Type": "image/png"})
    assert "20 MB" in assert_is_error(answer, 413, "too_large")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/tasks/x", 405)])
def test_the_frameworks_own_refusals_have_our_shape(method: str, path: str, status: int, client: TestClient) -> None:
    answer = client.request(method, path)
    assert_is_error(answer, status, "not_found" if status == 404 else "bad_request")


def test_a_bug_is_an_id_and_no_traceback(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("secret path /etc/podium")

    monkeypatch.setattr("core.api.delivery.written", break_down)
    answer = client.post("/tasks/text-classification", json={"inputs": "a"})
    assert "secret" not in answer.text
    assert "problem" in assert_is_error(answer, 500, "internal")


def test_every_output_type_has_a_json_form() -> None:
    from core.protocol import ANSWERS

    assert {task.output for task in TASKS} <= set(ANSWERS)
    assert get_task("text-classification").output in ANSWERS


def test_an_address_with_a_line_break_is_refused_in_our_words(client: TestClient) -> None:
    assert_is_error(client.post("/models/a%0Ab", json={"inputs": "a"}), 404, "not_found")
