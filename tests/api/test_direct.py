"""Routes that are called directly: what FastAPI would have done is still done."""

from __future__ import annotations

import gzip
from typing import Any

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from core.api.direct import First
from core.api.server import PACKED_FROM_BYTES, Packed

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


def test_the_first_routes_are_answered_before_the_application_and_the_rest_by_it() -> None:
    async def first(_: Any) -> PlainTextResponse:
        return PlainTextResponse("first")

    async def other(_: Any) -> PlainTextResponse:
        return PlainTextResponse("other")

    routes = [Mount("/api", routes=[Route("/run", first)]), Route("/metrics", first, methods=["GET"])]
    behind = Starlette(routes=[Route("/{path:path}", other, methods=["GET", "POST"])])
    client = TestClient(First(behind, routes))
    assert [client.get(path).text for path in ("/api/run", "/metrics", "/", "/apis")] == ["first"] * 2 + ["other"] * 2
    assert client.post("/metrics").text == "other"


def test_a_long_answer_is_packed_for_who_can_unpack_it() -> None:
    long, short = "good " * PACKED_FROM_BYTES, "good"
    routes = [
        Route(f"/{name}", lambda _, text=text: PlainTextResponse(text)) for name, text in (("a", long), ("b", short))
    ]
    client = TestClient(Packed(Starlette(routes=routes)))
    with client.stream("GET", "/a", headers={"Accept-Encoding": "gzip, br"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(b"".join(answer.iter_raw())).decode() == long
    assert client.get("/a", headers={"Accept-Encoding": "gzip"}).text == long
    for path, takes in (("/a", "identity"), ("/b", "gzip")):
        plain = client.get(path, headers={"Accept-Encoding": takes})
        assert "Content-Encoding" not in plain.headers
        assert plain.text in (long, short)
