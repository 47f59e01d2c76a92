"""Demos over the API, on the route that every task has."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.demos import find_demos
from core.settings import ROOT
from core.tasks.spec import Task

SHIPPED = [pytest.param(demo.task, id=demo.task.id) for demo in find_demos(ROOT / "demos").found]


@pytest.mark.parametrize("task", SHIPPED)
def test_a_demo_answers_on_the_route_that_every_task_has(task: Task, client: TestClient) -> None:
    inputs = task.examples[0].inputs
    data = base64.b64encode(inputs.read_bytes()).decode() if isinstance(inputs, Path) else inputs
    answer = client.post(f"/tasks/{task.id}", json={"inputs": data})
    assert answer.status_code == 200, answer.text
    assert all(set(part) - {"title"} == {"type", "answer"} for part in answer.json())
    model_id = answer.headers["x-model"].partition("@")[0]
    assert model_id.startswith("demos/")
    (row,) = [row for row in client.get("/tasks").json() if row["id"] == task.id]
    assert row["models"] == [model_id]
    assert row["parameters"]["additionalProperties"] is False
    assert {row["task"]: row["state"] for row in client.get("/models").json()}[task.id] == "loaded"


def test_what_a_demo_refuses_has_the_one_error_shape(client: TestClient) -> None:
    answer = client.post("/tasks/demo-sentence-by-sentence", json={"inputs": "One. " * 61})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "There are 61 sentences; the limit is 60."
    wrong = client.post("/tasks/demo-sentence-by-sentence", json={"inputs": "One.", "parameters": {"at_least": 2}})
    assert wrong.status_code == 422
    assert "at_least" in wrong.json()["error"]["message"]
