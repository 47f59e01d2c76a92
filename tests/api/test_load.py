"""Two hundred callers at once on a model that ships: each gets the answer to its own question."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bench.inputs import text_of
from bench.load import Connection, json_request
from bench.site import served
from core.settings import ROOT

CALLERS, REQUESTS, TEXTS = 200, 2000, 250
MODEL = "starters/sentiment"


@pytest.fixture(scope="module")
def expected() -> list[dict[str, float]]:
    """Return what the model says of each text, called directly: the score of each label."""
    import torch
    from transformers import pipeline

    pipe = pipeline("text-classification", str(ROOT / "models" / MODEL), device="cpu", dtype=torch.float32, top_k=None)
    return [{row["label"]: row["score"] for row in pipe([text_of(number)])[0]} for number in range(TEXTS)]


def test_none_is_lost_and_each_is_answered_correctly(tmp_path: Path, expected: list[dict[str, float]]) -> None:
    assert len({max(scores.values()) for scores in expected}) > 0.9 * TEXTS  # a mixed-up answer would be seen

    async def caller(port: int, numbers: Any, answers: dict[int, Any]) -> None:
        connection = Connection(port)
        for number in numbers:
            body = {"inputs": text_of(number % TEXTS), "parameters": {"top_k": 2}}
            status, answer = await connection.send(json_request(f"/api/models/{MODEL}", body))
            answers[number] = (status, json.loads(answer))
        connection.close()

    async def load(port: int) -> dict[int, Any]:
        numbers = iter(range(REQUESTS))
        answers: dict[int, Any] = {}
        await asyncio.gather(*(caller(port, numbers, answers) for _ in range(CALLERS)))
        return answers

    # All of them are one client to the showcase, and to one client the last eighth of the line is closed.
    environment = {
        "PODIUM_QUEUE_LIMIT": str(CALLERS * 8 // 7 + 1),
        "PODIUM_ANSWER_CACHE_MB": "0",
        "OMP_NUM_THREADS": "1",
    }
    with served(tmp_path, environment) as site:
        answers = asyncio.run(load(int(site.url.rpartition(":")[2])))
    assert sorted(answers) == list(range(REQUESTS))
    assert {status for status, _ in answers.values()} == {200}
    for number, (_, rows) in answers.items():
        found = {row["label"]: row["score"] for row in rows}
        assert found == pytest.approx(expected[number % TEXTS], abs=1e-5), text_of(number % TEXTS)
