"""Judgements over the API: what a program says, and what the owner reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import ELSEWHERE
from tests.api.test_rest import assert_is_error

OWNER = {"Authorization": "Bearer key-of-the-owner"}

Podium = Callable[..., Callable[..., TestClient]]


@pytest.fixture
def client(podium: Podium) -> TestClient:
    return podium(owner_key="key-of-the-owner")()


def run(client: TestClient) -> str:
    return client.post("/api/tasks/text-classification", json={"inputs": "a"}).headers["x-run-id"]


def test_a_judgement_is_kept_replaced_and_read_by_the_owner(client: TestClient) -> None:
    run_id = run(client)
    first = client.post(f"/api/runs/{run_id}/judgement", json={"rating": 0, "tags": ["funny"], "comment": "No."})
    assert first.status_code == 200, first.text
    correction = {"labels": [{"label": "negative", "score": 1.0}]}
    second = client.post(
        f"/api/runs/{run_id}/judgement", json={"rating": 0.25, "scale": "stars", "correction": correction}
    )
    assert second.json()["replaces"] == first.json()["id"]
    (row,) = client.get("/api/judgements", headers=OWNER).json()
    assert (row["run_id"], row["rating"]) == (run_id, 0.25)
    assert row["correction"]["labels"] == correction["labels"]
    assert (row["task"], row["output_type"]) == ("text-classification", "Labels")
    assert row["output"]["labels"][0]["label"] == "positive"
    assert client.get("/api/judgements?task=text-generation", headers=OWNER).json() == []


def test_only_the_owner_reads_judgements_on_this_machine_too(client: TestClient, podium: Podium) -> None:
    assert_is_error(client.get("/api/judgements"), 403, "forbidden")
    assert_is_error(client.get("/api/judgements", headers={"x-api-key": "wrong"}), 403, "forbidden")


def test_without_an_owner_key_nobody_reads_them(podium: Podium) -> None:
    assert "PODIUM_OWNER_KEY" in assert_is_error(podium()().get("/api/judgements"), 403, "forbidden")


def test_the_owners_key_opens_the_door_from_elsewhere(podium: Podium) -> None:
    client = podium(owner_key="key-of-the-owner", api_per_minute=1)(ELSEWHERE, **OWNER)
    assert [client.get("/api/judgements").status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("said", "status", "code", "words"),
    [
        ({}, 400, "bad_input", "says nothing"),
        ({"rating": 2}, 422, "bad_parameters", "rating"),
        ({"rating": "good"}, 422, "bad_parameters", "rating"),
        ({"note": "x"}, 422, "bad_parameters", "note"),
        ({"correction": {"text": "no"}}, 400, "bad_input", "Labels"),
        ({"comment": "x" * 3000}, 413, "too_large", "2000"),
        ([], 422, "bad_parameters", ""),
    ],
)
def test_a_judgement_that_cannot_be_kept_says_why(
    said: Any, status: int, code: str, words: str, client: TestClient
) -> None:
    answer = client.post(f"/api/runs/{run(client)}/judgement", json=said)
    assert words in assert_is_error(answer, status, code)


def test_a_run_that_nobody_knows_is_not_found(client: TestClient) -> None:
    for run_id in ("0" * 32, "..%2f..", "x"):
        answer = client.post(f"/api/runs/{run_id}/judgement", json={"rating": 1})
        assert answer.status_code == 404, answer.text
