"""Naming a model beside the catalog in a request: only where that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.api.rest import rest_app
from core.runtime import Runtime

TASK = "text-classification"
BODY = {"inputs": "A good film."}


@pytest.fixture
def opened(session_runtime: Runtime, tiny_folder: Callable[[str], Path]) -> str:
    adopting = session_runtime.adopting
    return adopting.open(adopting.look(str(tiny_folder(TASK)), folders=True), TASK).model_id


@pytest.fixture
def allowing(session_runtime: Runtime) -> Iterator[Callable[[str], None]]:
    before = session_runtime.settings.allow_any_model
    yield lambda value: object.__setattr__(session_runtime.settings, "allow_any_model", value)
    object.__setattr__(session_runtime.settings, "allow_any_model", before)


def status_of(runtime: Runtime, model: str, *, address: str = "127.0.0.1", **headers: str) -> tuple[int, Any]:
    with TestClient(rest_app(runtime), base_url="http://localhost:8501", client=(address, 50000)) as client:
        answer = client.post(f"/tasks/{TASK}", params={"model": model}, json=BODY, headers=headers)
        return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("setting", "request_", "status"),
    [
        ("auto", {}, 200),
        ("auto", {"address": "192.0.2.7"}, 404),
        ("auto", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("auto", {"Origin": "https://evil.test"}, 404),
        ("auto", {"Host": "evil.test"}, 404),
        ("no", {}, 404),
        ("yes", {"address": "192.0.2.7"}, 200),
    ],
)
def test_an_opened_model_answers_those_who_may(
    session_runtime: Runtime,
    opened: str,
    allowing: Callable[[str], None],
    setting: str,
    request_: dict[str, str],
    status: int,
) -> None:
    allowing(setting)
    assert status_of(session_runtime, opened, **request_)[0] == status


def test_a_model_that_is_not_open_is_looked_up_only_for_those_who_may(session_runtime: Runtime) -> None:
    status, body = status_of(session_runtime, "studio/unknown")
    assert (status, body["error"]["code"]) == (503, "model_unavailable")
    assert "HF_HUB_OFFLINE" in body["error"]["message"]
    status, body = status_of(session_runtime, "studio/unknown", address="192.0.2.7")
    assert (status, body["error"]["code"]) == (404, "not_found")


def test_no_request_names_a_folder(session_runtime: Runtime, tiny_folder: Callable[[str], Path]) -> None:
    status, body = status_of(session_runtime, str(tiny_folder(TASK)))
    assert (status, body["error"]["code"]) == (400, "bad_input")
