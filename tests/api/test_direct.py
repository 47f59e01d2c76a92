"""Routes that are called directly: what FastAPI would have done is still done."""

from __future__ import annotations

from starlette.testclient import TestClient

SENTENCE = {"inputs": "A fine film."}
TASK, MODEL = "/tasks/text-classification", "/models/starters/sentiment"


def test_the_query_is_read_where_it_is_declared(client: TestClient) -> None:
    named = client.post(f"{TASK}?model=starters/sentiment&other=1", json=SENTENCE)
    assert named.headers["X-Model"].startswith("starters/sentiment@")
    assert client.post(f"{TASK}?model=no/such", json=SENTENCE).status_code == 503
    assert client.post(f"{MODEL}?task=text-classification", json=SENTENCE).json() == named.json()
    assert client.post(f"{MODEL}?task=no-such-task", json=SENTENCE).status_code == 404


def test_another_method_is_refused_with_those_there_are(client: TestClient) -> None:
    for path in (TASK, MODEL):
        refused = client.put(path, json=SENTENCE)
        assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
        assert refused.json()["error"]["hint"]
