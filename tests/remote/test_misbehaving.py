"""Whatever an endpoint does that it should not, a visitor gets one sentence with the fix, and others their answers."""

from __future__ import annotations

import json
import logging
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from bench.site import free_port
from core.engine import Partial
from core.errors import (
    BadInput,
    BadParameters,
    Busy,
    DeadlineExceeded,
    EndpointFailed,
    RunFailed,
    ShowcaseError,
    TooLarge,
)
from core.settings import Settings
from core.values import Labels, Text
from tests.remote.conftest import LABELS, Elsewhere, StandIn, card, start

SECRET = "hf_a-secret-of-the-tests"


def refusal_by(stand_in: StandIn, elsewhere: Elsewhere, **settings: Any) -> ShowcaseError:
    showcase = elsewhere([card(f"{stand_in.url}/model")], **settings)
    with pytest.raises(ShowcaseError) as refused:
        start(showcase).result()
    error = refused.value
    assert error.message.endswith((".", ")"))
    assert error.hint
    assert "Traceback" not in str(error)
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize(
    ("status", "document", "kind", "says"),
    [
        (401, {"error": "no"}, EndpointFailed, "wants a key"),
        (403, "<html>go away</html>", EndpointFailed, "wants a key"),
        (404, {"error": "Model not found"}, EndpointFailed, "no model at the address"),
        (302, "", EndpointFailed, "no model at the address"),
        (400, {"error": "inputs must\nbe short"}, BadInput, "inputs must be short"),
        (422, {"error": {"message": "temperature is wrong"}}, BadParameters, "temperature is wrong"),
        (422, {"detail": [{"msg": "Field required"}]}, BadParameters, "Field required"),
        (413, {"error": "batch too large", "error_type": "Validation"}, TooLarge, "batch too large"),
        (400, {"error": {"code": "too_large", "message": "It is long.", "hint": "Cut."}}, TooLarge, "It is long. Cut."),
        (429, {"error": "Model is overloaded"}, Busy, "too much to do"),
        (500, {"error": "CUDA error at /root/model.py"}, RunFailed, "could not answer this input"),
        (504, "gateway timeout", DeadlineExceeded, "its own time limit"),
        (418, "", EndpointFailed, "status 418"),
        (
            503,
            {"error": {"code": "does_not_fit", "message": "It is too large.", "hint": "No."}},
            EndpointFailed,
            "It is",
        ),
        (200, b"<html>hello</html>", EndpointFailed, "something else than the answer of text classification"),
        (200, b"", EndpointFailed, "something else"),
        (200, [], None, ""),
        (200, {"labels": []}, EndpointFailed, "something else"),
        (200, [{"label": "glad", "score": 7}], EndpointFailed, "something else"),
        (200, [{"label": "glad"}], EndpointFailed, "something else"),
        (200, b'[{"label": "glad", "score": NaN}]', EndpointFailed, "something else"),
        (200, b"[" * 100_000, EndpointFailed, "something else"),
    ],
)
def test_each_refusal_is_one_sentence(
    status: int, document: Any, kind: type[ShowcaseError] | None, says: str, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    stand_in.says(status, document)
    if kind is None:  # no labels are an answer
        assert start(elsewhere([card(stand_in.url)])).result().output == Labels(labels=())
        return
    error = refusal_by(stand_in, elsewhere)
    assert type(error) is kind
    assert says in str(error)
    assert "/root/" not in str(error)
    assert len(stand_in.sent) == 1


@pytest.mark.parametrize(
    ("headers", "document", "waits"),
    [
        ({"Retry_After": "7"}, {"error": "loading"}, [7, 7, 7]),
        ({}, {"error": "Model is currently loading", "estimated_time": 20.0}, [20, 20, 20]),
        ({}, {"error": "starting"}, [0.5, 1, 2]),
        ({"Retry_After": "Thu, 01 Jan 1970 00:00:00 GMT"}, {"error": "starting"}, [0, 0, 0]),
        ({"Retry_After": "soon"}, {"error": "starting"}, [0.5, 1, 2]),
    ],
)
@pytest.mark.parametrize("status", [502, 503])
def test_one_that_is_starting_is_asked_again(
    status: int,
    headers: dict[str, str],
    document: Any,
    waits: list[float],
    stand_in: StandIn,
    elsewhere: Elsewhere,
    pauses: list[float],
) -> None:
    for _ in waits:
        stand_in.says(status, document, **headers)
    stand_in.says(200, LABELS)
    run = start(elsewhere([card(stand_in.url)])).result()
    assert run.output.labels[0].label == "glad"
    assert pauses == waits


def test_one_that_starts_for_too_long_is_given_up_in_time(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    stand_in.says(503, {"error": "loading"}, Retry_After="200")
    error = refusal_by(stand_in, elsewhere)
    assert "still starting" in error.message
    assert isinstance(error, EndpointFailed)


def test_one_that_is_not_there_is_tried_a_few_times(elsewhere: Elsewhere, pauses: list[float]) -> None:
    showcase = elsewhere([card(f"http://127.0.0.1:{free_port()}/model")])
    with pytest.raises(EndpointFailed, match="cannot be reached"):
        start(showcase).result()
    assert pauses == [0.5, 1.0]


def test_one_that_is_not_there_keeps_nobody_from_looking(elsewhere: Elsewhere) -> None:
    far = card(f"http://127.0.0.1:{free_port()}/model")
    availability = elsewhere([far]).availability(far)
    assert (availability.state, availability.host) == ("elsewhere", far.endpoint.host if far.endpoint else "")
    assert availability.reason.startswith("Runs at 127.0.0.1:")


def test_how_long_a_busy_one_wants_to_rest_is_passed_on(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    stand_in.says(429, {"error": "busy"}, Retry_After="12")
    error = refusal_by(stand_in, elsewhere)
    assert isinstance(error, Busy)
    assert error.retry_after_s == 12


def test_a_key_goes_to_its_own_host_and_into_no_log(
    stand_in: StandIn, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host = stand_in.url.removeprefix("http://")
    stand_in.says(200, LABELS)
    start(elsewhere([card(stand_in.url)], keys=f"other.example={SECRET}x; {host} = {SECRET}")).result()
    assert stand_in.sent[0].headers["Authorization"] == f"Bearer {SECRET}"
    start(elsewhere([card(stand_in.url)], keys=f"other.example={SECRET}")).result()
    assert "Authorization" not in stand_in.sent[1].headers
    stand_in.answers.clear()
    stand_in.says(403, {"error": f"{SECRET} is not a key"})
    error = refusal_by(stand_in, elsewhere, keys=f"127.0.0.1={SECRET}")
    assert "refuses the key" in error.message
    assert "PODIUM_ENDPOINT_KEYS" in error.hint
    assert SECRET not in str(error) + caplog.text + repr(Settings(endpoint_keys=SECRET))


def test_a_key_is_not_taken_along_to_where_an_endpoint_points(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    stand_in.says(307, "", Location=f"{stand_in.url}/other")
    refusal_by(stand_in, elsewhere, keys=f"127.0.0.1={SECRET}")
    assert [sent.path for sent in stand_in.sent] == ["/model"]


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'[{"label"')
    handler.close_connection = True


def test_an_answer_that_breaks_off_is_asked_for_again(
    stand_in: StandIn, elsewhere: Elsewhere, pauses: list[float]
) -> None:
    stand_in.answers.append(cut_short)
    stand_in.says(200, LABELS)
    assert start(elsewhere([card(stand_in.url)])).result().output.labels[0].label == "glad"
    stand_in.answers[:] = [cut_short]
    assert "broke off" in refusal_by(stand_in, elsewhere).message
    assert len(pauses) == 3


def piece(text: str, **more: Any) -> str:
    return f"data: {json.dumps({'token': {'text': text, 'special': False}, **more}, ensure_ascii=False)}\n\n"


@pytest.mark.parametrize(
    ("events", "says", "asked"),
    [
        (piece("a") + 'data: {"error": "out of memory", "error_type": "generation"}\n\n', "out of memory", 1),
        (piece("a"), "where it ends", 1),
        ("data: {nonsense\n\n", "stream of events", 1),
        ("data: [1]\n\n", "stream of events", 1),
        ('data: {"token": "a"}\n\n', "pieces of a text", 1),
        ("data: [DONE]\n\n", "where it ends", 1),
    ],
)
def test_a_stream_that_goes_wrong_is_one_sentence(
    events: str, says: str, asked: int, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    stand_in.says(200, events.encode(), Content_Type="text/event-stream")
    showcase = elsewhere([card(stand_in.url, "text-generation")])
    with pytest.raises(ShowcaseError, match=says):
        start(showcase, task_id="text-generation", streaming=True).result()
    assert len(stand_in.sent) == asked


def test_a_text_that_was_seen_in_part_is_not_asked_for_again(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        data = piece("Once").encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", str(len(data) + 1))
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = True

    stand_in.answers.append(break_off)
    stand_in.says(200, (piece("Once more.", generated_text="Once more.")).encode(), Content_Type="text/event-stream")
    showcase = elsewhere([card(stand_in.url, "text-generation")])
    with pytest.raises(EndpointFailed, match="broke off"):
        start(showcase, task_id="text-generation", streaming=True).result()
    stand_in.answers.insert(0, break_off)
    assert start(showcase, task_id="text-generation").result().output == Text(text="Once more.")


def test_pieces_of_other_servers_make_the_same_text(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    """Text-generation-inference writes line separators as they are, and its end is a special token."""
    events = piece("One\u2028two") + piece(" \x85") + ": a comment\n\n"
    end = {"index": 3, "token": {"text": "</s>", "special": True}, "details": {"generated_tokens": 3}}
    events += "data:" + json.dumps(end | {"generated_text": "One\u2028two \x85"}, ensure_ascii=False) + "\r\n\r\n"
    stand_in.says(200, events.encode(), Content_Type="text/event-stream; charset=utf-8")
    seen: list[str] = []
    job = start(elsewhere([card(stand_in.url, "text-generation")]), task_id="text-generation", streaming=True)
    run = job.watch(lambda event: seen.append(event.value.text) if isinstance(event, Partial) else None)
    assert run.output == Text(text="One\u2028two \x85")
    assert run.tokens is not None
    assert run.tokens.answer == 3
    assert run.record.revision == stand_in.url
