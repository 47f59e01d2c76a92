"""Whether the Hub answers: found out within two seconds, remembered for a minute, never a wait on a page."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from core.hub import Hub
from core.hub.reach import REMEMBERED_S, WAIT_S, Reach
from tests.hub.hub_server import HubServer

PATIENCE_S = 30.0


class Clock:
    """Stand still until told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Probe:
    """Answer what it is told to, when it is let go; count how often it was asked."""

    def __init__(self) -> None:
        self.answer = True
        self.asked = 0
        self.go = threading.Event()

    def __call__(self) -> bool:
        self.asked += 1
        if not self.go.wait(PATIENCE_S):
            raise TimeoutError
        return self.answer


@pytest.fixture
def probe() -> Iterator[Probe]:
    probe = Probe()
    yield probe
    probe.go.set()


def settled(reach: Reach, probe: Probe) -> bool:
    probe.go.set()
    return reach.find_out()


@pytest.mark.parametrize("answer", [True, False])
def test_an_answer_is_good_for_a_minute(probe: Probe, answer: bool) -> None:
    clock = Clock()
    reach = Reach(probe, clock)
    probe.answer = answer
    assert settled(reach, probe) is answer
    probe.answer = not answer
    clock.now = REMEMBERED_S - 0.1
    assert reach.find_out() is answer
    assert probe.asked == 1
    clock.now = REMEMBERED_S
    assert reach.find_out() is not answer
    assert probe.asked == 2


def test_looking_never_waits_and_asks_once(probe: Probe) -> None:
    reach = Reach(probe, Clock())
    assert [reach.now() for _ in range(3)] == [None, None, None]  # the probe is held up all the while
    assert settled(reach, probe) is True
    assert reach.now() is True
    assert probe.asked == 1


def test_nobody_waits_longer_than_allowed_and_a_late_answer_counts(probe: Probe) -> None:
    reach = Reach(probe, Clock(), wait_s=0.01)
    began = time.monotonic()
    assert reach.find_out() is False  # the probe is held up, as by a lookup that no socket's timeout ends
    assert time.monotonic() - began < PATIENCE_S / 2
    probe.go.set()
    for thread in threading.enumerate():
        if thread.name == "reach":
            thread.join(PATIENCE_S)
    assert reach.now() is True


def test_what_is_old_is_shown_while_it_is_asked_again(probe: Probe) -> None:
    clock = Clock()
    reach = Reach(probe, clock)
    assert settled(reach, probe) is True
    probe.go.clear()
    probe.answer = False
    clock.now = REMEMBERED_S
    assert reach.now() is True
    assert settled(reach, probe) is False


def test_a_probe_that_raises_means_no(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_type))

    def fail() -> bool:
        raise RuntimeError

    assert Reach(fail, Clock()).find_out() is False
    for thread in threading.enumerate():
        if thread.name == "reach":
            thread.join(PATIENCE_S)
    assert raised == [RuntimeError]  # a bug is not swallowed


@pytest.fixture
def silent_endpoint() -> Iterator[str]:
    """Take connections and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def closed_endpoint() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_hub_that_never_answers_is_found_out_within_two_seconds(
    silent_endpoint: str, make_hub: Callable[..., Hub]
) -> None:
    hub = make_hub(silent_endpoint)
    assert hub.reachable_now() is None
    began = time.monotonic()
    assert hub.reachable() is False
    assert time.monotonic() - began < WAIT_S + 0.5
    began = time.monotonic()
    assert hub.reachable() is False
    assert hub.reachable_now() is False
    assert time.monotonic() - began < 0.1


def test_a_closed_door_is_no_hub(make_hub: Callable[..., Hub]) -> None:
    assert make_hub(closed_endpoint()).reachable() is False


@pytest.mark.parametrize(("status", "reachable"), [(None, True), (401, True), (404, True), (503, False)])
def test_any_answer_but_a_failure_is_a_hub(
    server: HubServer, make_hub: Callable[..., Hub], status: int | None, reachable: bool
) -> None:
    server.status = status
    assert make_hub(server.endpoint).reachable() is reachable


def test_switched_off_is_never_asked(server: HubServer, make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(server.endpoint, offline=True)
    assert hub.reachable() is False
    assert hub.reachable_now() is False
    assert server.requests == []
