"""The description of the API: valid, complete, and readable with no other machine."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from core.runtime import Runtime
from core.tasks.spec import Example, Task
from core.values import Text


@pytest.fixture(scope="module")
def described(client: TestClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def test_it_is_valid_openapi(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()
    assert described["openapi"].startswith("3.1")


def test_every_task_has_a_route_whose_examples_fit_its_schema(
    described: dict[str, Any], session_runtime: Runtime
) -> None:
    for task in session_runtime.showcase.tasks():
        operation = described["paths"][f"/api/tasks/{task.id}"]["post"]
        body = operation["requestBody"]["content"]["application/json"]
        assert len(body["examples"]) == len(task.examples)
        for example in body["examples"].values():
            jsonschema.validate(example["value"], body["schema"])
        assert {"200", "400", "401", "413", "422", "429", "503", "504"} <= set(operation["responses"])


def test_every_route_that_answers_is_described(described: dict[str, Any]) -> None:
    assert {
        "/api/health",
        "/api/ready",
        "/api/models",
        "/api/models/{model_id}",
        "/api/runs/{run_id}/judgement",
        "/api/judgements",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/models",
    } <= set(described["paths"])


def test_an_example_can_be_sent_as_it_stands(described: dict[str, Any], client: TestClient) -> None:
    for name in ("text-classification", "image-classification", "audio-classification"):
        body = described["paths"][f"/api/tasks/{name}"]["post"]["requestBody"]["content"]["application/json"]
        answer = client.post(f"/tasks/{name}", json=next(iter(body["examples"].values()))["value"])
        assert answer.status_code == 200, answer.text


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]


def test_the_page_for_people_asks_no_other_machine(client: TestClient, session_runtime: Runtime) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    seen = Seen()
    seen.feed(answer.text)
    assert not {"script", "img", "link", "iframe"} & set(seen.tags)
    assert all(address.startswith(("#", "/api/")) for address in seen.addresses)
    for task in session_runtime.showcase.tasks():
        assert task.summary.partition("'")[0] in answer.text
        assert f"curl http://localhost/api/tasks/{task.id}" in answer.text
    assert "url(" not in answer.text
    assert not re.search(r"@import", answer.text)


def test_what_a_task_says_of_itself_is_text_on_the_page(session_runtime: Runtime) -> None:
    from dataclasses import replace

    from core.api.handbook import page
    from core.api.openapi import _refusals, _task

    real = session_runtime.showcase.task("text-classification")
    hostile = "<script>alert(1)</script>'"
    task: Task = replace(real, title=hostile, summary=hostile, examples=(Example(hostile, hostile),), input=Text)
    operation = _task(task, {}) | {"summary": hostile}
    operation["responses"] |= _refusals()
    document = {"info": {"title": hostile, "description": hostile}, "paths": {"/api/tasks/x": {"post": operation}}}
    assert "<script" not in page(document, f"http://{hostile}")
