"""Batches, media by Accept, streams, a model by its id."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
from starlette.requests import Request
from starlette.testclient import TestClient

from core.api.delivery import delivered
from core.api.payload import read_payload
from core.errors import ShowcaseError
from core.runtime import Runtime
from core.tasks import get_task
from core.values import Audio, Image, Value
from tests.api.conftest import ELSEWHERE
from tests.api.protocol_shapes import STREAM_EVENT
from tests.api.test_rest import assert_is_error

TONE = Audio.from_array(np.sin(np.arange(8000, dtype=np.float32) / 8), 16_000)
PICTURE = Image.from_array(np.full((4, 6, 3), 200, np.uint8))


def sent(output: Value, accept: str = "*/*") -> Any:
    class Record:
        run_id, model_id, revision, queue_ms, run_ms, task_id = "0" * 32, "m", "r", 1.0, 2.0, "some-task"
        is_known = False

    class FinishedRun:
        record = Record
        tokens = None

    FinishedRun.output = output  # type: ignore[attr-defined]
    request = Request({"type": "http", "headers": [(b"accept", accept.encode())]})
    return delivered([FinishedRun], request, batch=False)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "audio/wav"),
        ("", "audio/wav"),
        ("audio/*", "audio/wav"),
        ("audio/flac", "audio/flac"),
        ("audio/wav;q=0.1, audio/flac;q=0.9", "audio/flac"),
        ("audio/wav;q=0, audio/flac", "audio/flac"),
        ("audio/mpeg", "audio/wav"),
        ("text/html, */*;q=0.1", "audio/wav"),
        ("audio/flac;q=loud", "audio/wav"),
    ],
)
def test_a_sound_is_sent_as_the_file_that_was_asked_for(accept: str, media_type: str) -> None:
    answer = sent(TONE, accept)
    assert answer.headers["content-type"] == media_type
    samples, rate = soundfile.read(io.BytesIO(answer.body), dtype="float32")
    assert rate == 16_000
    assert np.abs(samples - TONE.array()).max() < 1e-4


def test_a_picture_is_sent_as_png() -> None:
    answer = sent(PICTURE)
    assert answer.headers["content-type"] == "image/png"
    assert answer.body.startswith(b"\x89PNG")


def test_a_batch_is_answered_in_its_order(client: TestClient) -> None:
    texts = ["A delight.", "A dreadful bore.", "A delight."]
    answer = client.post("/tasks/text-classification", json={"inputs": texts, "parameters": {"top_k": 1}})
    alone = [
        client.post("/tasks/text-classification", json={"inputs": text, "parameters": {"top_k": 1}}).json()
        for text in texts
    ]
    assert [row[0]["label"] for row in answer.json()] == [row[0]["label"] for row in alone]
    np.testing.assert_allclose(
        [row[0]["score"] for row in answer.json()], [row[0]["score"] for row in alone], atol=1e-5
    )
    assert len(answer.headers["x-run-id"].split(",")) == 3


def test_a_batch_with_one_bad_input_is_refused_naming_it(client: TestClient, session_runtime: Runtime) -> None:
    answer = client.post("/tasks/text-classification", json={"inputs": ["Good.", "", "Bad."]})
    assert "inputs[1]" in assert_is_error(answer, 400, "bad_input")
    most = session_runtime.settings.queue_limit
    answer = client.post("/tasks/text-classification", json={"inputs": ["a"] * (most + 1)})
    assert str(most) in assert_is_error(answer, 413, "too_large")
    assert_is_error(client.post("/tasks/text-classification", json={"inputs": []}), 400, "bad_input")


def test_a_model_is_run_by_its_id_alone(client: TestClient) -> None:
    answer = client.post("/models/starters/sentiment", json={"inputs": "Good."})
    assert answer.status_code == 200
    assert answer.headers["x-model"].startswith("starters/sentiment@")
    assert_is_error(client.post("/models/no/such", json={"inputs": "a"}), 503, "model_unavailable")  # no Hub in reach
    wrong = client.post("/models/starters/sentiment?task=no-such", json={"inputs": "a"})
    assert_is_error(wrong, 404, "not_found")


def test_a_model_that_the_catalog_lacks_is_not_found_for_others(
    podium: Callable[..., Callable[..., TestClient]],
) -> None:
    client = podium(api="open")(ELSEWHERE)
    assert_is_error(client.post("/api/models/no/such", json={"inputs": "a"}), 404, "not_found")


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def test_generated_text_streams_as_events_of_the_protocol(client: TestClient) -> None:
    body = {"inputs": "ROMEO:", "parameters": {"max_new_tokens": 20, "do_sample": False}}
    whole = client.post("/tasks/text-generation", json=body).json()["generated_text"]
    streamed = client.post("/tasks/text-generation", json=body | {"stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    events = events_of(streamed.text)
    for event in events:
        jsonschema.validate(event, STREAM_EVENT)
    assert "".join(event["token"]["text"] for event in events) == whole == events[-1]["generated_text"]
    assert events[-1]["details"]["finish_reason"] == "length"
    assert events[-1]["details"]["generated_tokens"] == 20
    assert len(events) > 3


def test_text_ends_before_a_stop_string_streamed_or_not(client: TestClient) -> None:
    more = {"max_new_tokens": 60, "do_sample": False}
    whole = client.post("/tasks/text-generation", json={"inputs": "ROMEO:", "parameters": more}).json()
    stop = whole["generated_text"][20:24]
    expected = whole["generated_text"].partition(stop)[0]
    body = {"inputs": "ROMEO:", "parameters": more | {"stop": [stop], "details": True}}
    answer = client.post("/tasks/text-generation", json=body).json()
    assert answer["generated_text"] == expected
    assert answer["details"]["finish_reason"] == "stop_sequence"
    events = events_of(client.post("/tasks/text-generation", json=body | {"stream": True}).text)
    assert "".join(event["token"]["text"] for event in events) == expected
    assert events[-1]["details"]["finish_reason"] == "stop_sequence"


def test_a_stop_string_holds_for_a_batch_and_is_recorded_with_the_run(
    client: TestClient, session_runtime: Runtime
) -> None:
    more = {"max_new_tokens": 60, "do_sample": False}
    whole = client.post("/tasks/text-generation", json={"inputs": "ROMEO:", "parameters": more}).json()
    stop = whole["generated_text"][20:24]
    body = {"inputs": ["ROMEO:", "ROMEO:"], "parameters": more | {"stop": stop}}
    answer = client.post("/tasks/text-generation", json=body)
    expected = whole["generated_text"].partition(stop)[0]
    assert [one["generated_text"] for one in answer.json()] == [expected, expected]
    job = session_runtime.showcase.find_job(answer.headers["X-Run-Id"].partition(",")[0])
    assert job is not None
    assert job.result().parameters["stop"] == [stop]
    assert job.result().record.output == {"text": expected}


def test_the_same_seed_draws_the_same(client: TestClient) -> None:
    body = {"inputs": "ROMEO:", "parameters": {"max_new_tokens": 20, "seed": 7}}
    one, two = (client.post("/tasks/text-generation", json=body).json() for _ in range(2))
    body["parameters"]["seed"] = 8
    assert one == two != client.post("/tasks/text-generation", json=body).json()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"inputs": "a", "stream": "yes"}, 422, "true or false"),
        ({"inputs": ["a", "b"], "stream": True}, 422, "batch"),
        ({"inputs": "a", "parameters": {"stop": 3}}, 422, "stop"),
        ({"inputs": "a", "parameters": {"return_full_text": True}}, 422, "full_text"),
        ({"inputs": "a", "nonsense": 1}, 400, "nonsense"),
        ({"inputs": "a", "parameters": {"seed": -1}}, 422, "seed"),
    ],
)
def test_what_has_no_meaning_is_refused(body: Any, status: int, words: str, client: TestClient) -> None:
    code = {400: "bad_input", 422: "bad_parameters"}[status]
    assert words in assert_is_error(client.post("/tasks/text-generation", json=body), status, code)


def test_only_what_streams_streams(client: TestClient) -> None:
    answer = client.post("/tasks/text-classification", json={"inputs": "a", "stream": True})
    assert "does not stream" in assert_is_error(answer, 422, "bad_parameters")


def test_an_answer_without_a_text_does_not_stream_though_its_task_does() -> None:
    task = replace(get_task("text-generation"), output=Image)
    with pytest.raises(ShowcaseError, match="does not stream"):
        read_payload(task, b'{"inputs": "a", "stream": true}', "application/json")


def test_parameters_may_stand_beside_the_inputs() -> None:
    payload = read_payload(get_task("text-classification"), b'{"inputs": "a", "top_k": 2}', "application/json")
    assert payload.parameters == {"top_k": 2}


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"inputs": "a", "parameters": []}', b'"a"', b"null"])
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(ShowcaseError) as refusal:
        read_payload(get_task("text-classification"), body, "application/json")
    assert refusal.value.status in (400, 422)


def test_a_stream_that_is_refused_before_its_first_piece_says_why(client: TestClient) -> None:
    """Its ticket has ended before the job has: whoever waits for the job was told of its end too early."""
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    answer = client.post("/models/starters/shakespeare", json={"inputs": chat, "stream": True})
    assert "not taught to converse" in assert_is_error(answer, 400, "bad_input")
