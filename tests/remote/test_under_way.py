"""Many requests to one endpoint: how many are under way, who waits, and how they end early."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from core.errors import Busy, Cancelled, DeadlineExceeded, ModelUnavailable
from core.remote.engine import AT_ONCE
from tests.remote.conftest import LABELS, Elsewhere, StandIn, card, start


class Gate:
    """Hold answers back until the test lets them through."""

    def __init__(self) -> None:
        self.opened, self.lock, self.arrived = threading.Event(), threading.Condition(), 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path != "/quick":
            with self.lock:
                self.arrived += 1
                self.lock.notify_all()
            self.opened.wait()
        data = json.dumps(LABELS).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def wait_for(self, count: int) -> None:
        with self.lock:
            assert self.lock.wait_for(lambda: self.arrived >= count, 60)


def test_a_slow_one_holds_nobody_up_and_no_more_than_so_many_are_under_way(
    stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    gate = Gate()
    stand_in.answers.append(gate)
    showcase = elsewhere(
        [card(f"{stand_in.url}/slow"), card(f"{stand_in.url}/quick", model_id="far/quick")],
        queue_limit=16,
    )
    jobs = [start(showcase, f"film {number}") for number in range(AT_ONCE)]
    gate.wait_for(AT_ONCE)
    more = [start(showcase, f"film {number}", client=str(number)) for number in range(16)]
    with pytest.raises(Busy, match="no place for more"):
        start(showcase)
    (status,) = showcase.engine.models()
    assert (status.in_use, status.waiting) == (AT_ONCE, 16)
    assert start(showcase, model_id="far/quick").result().output.labels[0].label == "glad"
    assert gate.arrived == AT_ONCE
    gate.opened.set()
    assert all(job.result().output.labels[0].label == "glad" for job in jobs + more)


def test_a_request_that_is_taken_back_makes_room(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    gate = Gate()
    stand_in.answers.append(gate)
    showcase = elsewhere([card(stand_in.url)])
    jobs = [start(showcase, f"film {number}") for number in range(AT_ONCE + 1)]
    gate.wait_for(AT_ONCE)
    jobs[0].cancel()
    with pytest.raises(Cancelled):
        jobs[0].result()
    gate.wait_for(AT_ONCE + 1)  # the one that waited was sent, though nothing was answered
    gate.opened.set()
    assert [job.result().output.labels[0].label for job in jobs[1:]] == ["glad"] * AT_ONCE


def test_an_answer_that_does_not_come_ends_with_the_deadline(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    gate = Gate()
    stand_in.answers.append(gate)
    showcase = elsewhere([card(stand_in.url)], deadline_s=0.5)
    with pytest.raises(DeadlineExceeded):
        start(showcase).result()
    gate.opened.set()


def test_closing_refuses_what_is_under_way(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    gate = Gate()
    stand_in.answers.append(gate)
    showcase = elsewhere([card(stand_in.url)])
    job = start(showcase)
    gate.wait_for(1)
    showcase.engine.close(grace_s=0.0)
    with pytest.raises(ModelUnavailable, match="closing down"):
        job.result()
    with pytest.raises(ModelUnavailable, match="closing down"):
        start(showcase)
    gate.opened.set()


def test_what_has_no_endpoint_runs_here(stand_in: StandIn, elsewhere: Elsewhere) -> None:
    showcase = elsewhere([card(stand_in.url)])
    run = start(showcase, model_id="model").result()
    assert run.output.labels[0].label == "here"
    assert not stand_in.sent
    assert [status.state for status in showcase.engine.models()] == ["loaded"]
