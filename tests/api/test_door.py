"""Who may come in, how often, with how much and how slowly; every refusal says the fix."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.api.callers import PROXIED, _networks, client_address
from core.api.keys import find_key, given_key, read_keys
from core.settings import Settings
from tests.api.conftest import ELSEWHERE, HERE, positive
from tests.api.test_rest import assert_is_error

KEY, OTHER_KEY, OWNER_KEY = "key-of-anna-12345", "key-of-bob-123456", "key-of-the-owner"
KEYS = f"anna={KEY} 2/minute; bob={OTHER_KEY}"

Podium = Callable[..., Callable[..., TestClient]]


def ask(client: TestClient, **options: Any) -> Any:
    return client.post("/api/tasks/text-classification", json={"inputs": "a"}, **options)


def test_a_call_from_this_machine_is_open_and_from_another_needs_a_key(podium: Podium) -> None:
    client_from = podium(api_keys=KEYS)
    assert ask(client_from()).status_code == 200
    words = assert_is_error(ask(client_from(ELSEWHERE)), 401, "unauthorized")
    assert "PODIUM_API_KEYS" in words
    assert "PODIUM_API=open" in words
    assert ask(client_from(ELSEWHERE, Authorization=f"Bearer {KEY}")).status_code == 200
    assert ask(client_from(ELSEWHERE, x_api_key=OTHER_KEY)).status_code == 200
    refused = ask(client_from(ELSEWHERE, Authorization="Bearer wrong"))
    assert "not known" in assert_is_error(refused, 401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"])
def test_a_call_through_a_proxy_on_this_machine_is_not_from_this_machine(podium: Podium, header: str) -> None:
    assert_is_error(ask(podium()(HERE), headers={header: "127.0.0.1"}), 401, "unauthorized")


def test_an_open_api_serves_everybody_under_the_limits(podium: Podium) -> None:
    client_from = podium(api="open", api_per_minute=2)
    assert [ask(client_from(ELSEWHERE)).status_code for _ in range(3)] == [200, 200, 429]
    assert [ask(client_from(("203.0.113.8", 1))).status_code for _ in range(2)] == [200, 200]
    refused = ask(client_from(ELSEWHERE))
    assert "2 calls a minute" in assert_is_error(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert [ask(client_from()).status_code for _ in range(5)] == [200] * 5


def test_each_key_has_its_own_limit_wherever_it_is_used(podium: Podium) -> None:
    client_from = podium(api_keys=KEYS, api_per_minute=3)
    anna = [ask(client_from((f"203.0.113.{n}", 1), Authorization=f"Bearer {KEY}")).status_code for n in range(3)]
    bob = [ask(client_from(ELSEWHERE, Authorization=f"Bearer {OTHER_KEY}")).status_code for _ in range(4)]
    assert anna == [200, 200, 429]
    assert bob == [200, 200, 200, 429]


def test_a_batch_counts_as_many_calls_as_it_has_inputs(podium: Podium) -> None:
    client = podium(api="open", api_per_minute=5)(ELSEWHERE)
    assert client.post("/api/tasks/text-classification", json={"inputs": ["a"] * 4}).status_code == 200
    assert_is_error(client.post("/api/tasks/text-classification", json={"inputs": ["a"] * 2}), 429, "rate_limited")


def test_what_says_nothing_about_anybody_is_open_to_all(podium: Podium) -> None:
    client = podium(api_per_minute=1)(ELSEWHERE)
    assert [client.get("/api/health").status_code for _ in range(3)] == [200] * 3
    assert client.get("/api/tasks").status_code == 401
    assert client.get("/metrics").status_code == 401


def test_a_page_of_another_site_is_refused_and_so_is_another_name_for_this_machine(podium: Podium) -> None:
    client_from = podium(api="open", cors="https://friend.example")
    same = ask(client_from(ELSEWHERE, host="podium.example", Origin="http://podium.example"))
    assert same.status_code == 200
    other = ask(client_from(Origin="https://evil.example"))
    assert "PODIUM_CORS" in assert_is_error(other, 403, "forbidden")
    assert "access-control-allow-origin" not in other.headers
    rebound = ask(client_from(host="evil.example", Origin="http://evil.example"))
    assert "localhost" in assert_is_error(rebound, 403, "forbidden")
    friend = ask(client_from(Origin="https://friend.example"))
    assert friend.status_code == 200
    assert friend.headers["access-control-allow-origin"] == "https://friend.example"
    assert "Origin" in friend.headers["vary"]


def test_a_browser_asks_before_and_only_named_sites_get_leave(podium: Podium) -> None:
    client_from = podium(cors="https://friend.example")
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    path = "/api/tasks/text-classification"
    leave = client_from(ELSEWHERE).options(path, headers={"Origin": "https://friend.example", **asked})
    assert leave.status_code == 204
    assert leave.headers["access-control-allow-origin"] == "https://friend.example"
    assert "Content-Type" in leave.headers["access-control-allow-headers"]
    refused = client_from(ELSEWHERE).options(path, headers={"Origin": "https://evil.example", **asked})
    assert_is_error(refused, 403, "forbidden")


def test_a_body_that_says_it_is_too_large_is_refused_unread(podium: Podium) -> None:
    client = podium(max_upload_bytes=1000)()
    answer = client.post(
        "/api/tasks/text-classification",
        content=b"",
        headers={"Content-Length": "1001", "Content-Type": "application/json"},
    )
    assert "0.001 MB" in assert_is_error(answer, 413, "too_large")


def test_a_sender_that_stops_halfway_is_not_waited_for(podium: Podium, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.api.door.PART_WITHIN_S", 0.05)
    app = podium()().app
    sent: list[Any] = []
    parts = [{"type": "http.request", "body": b'{"inputs": ', "more_body": True}]

    async def receive() -> Any:
        if parts:
            return parts.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/api/tasks/text-classification", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": HERE, "server": ("localhost", 80), "scheme": "http", "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 10))
    assert sent[0]["status"] == 408
    assert b"too_slow" in sent[1]["body"]


def test_so_many_calls_may_be_under_way_at_once(podium: Podium) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(texts: list[str], **_: Any) -> Any:
        entered.set()
        assert leave.wait(30)
        return positive(texts)

    client_from = podium(slow, api="open", api_at_once=1)
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(ask(client_from(ELSEWHERE))))
    first.start()
    assert entered.wait(30)
    refused = ask(client_from(ELSEWHERE))
    leave.set()
    first.join(30)
    assert "under way" in assert_is_error(refused, 429, "rate_limited")
    assert answers[0].status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "client"),
    [
        ("203.0.113.7", "", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "", "203.0.113.7"),  # what it writes of itself is not believed
        ("10.0.0.2", "198.51.100.1", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.2", "1.2.3.4, 198.51.100.1, 10.0.0.3", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.2", "[2001:db8::1]:443", "10.0.0.0/8", "2001:db8::1"),
        ("10.0.0.2", "198.51.100.1:4711", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.2", "", "10.0.0.0/8", "10.0.0.2"),
        # uvicorn puts what a proxy on this machine wrote in the peer's place; without trust it says nothing
        ("198.51.100.1", "198.51.100.1", "", PROXIED),
        ("198.51.100.1", "1.2.3.4, 198.51.100.1", "", PROXIED),
        ("198.51.100.1", "1.2.3.4, 198.51.100.1", "127.0.0.1", "198.51.100.1"),
        ("203.0.113.7", "203.0.113.7, 1.2.3.4", "127.0.0.1", "203.0.113.7"),  # a visitor of its own port, lying
        ("127.0.0.1", "127.0.0.1", "", PROXIED),
    ],
)  # fmt: skip
def test_a_client_behind_proxies_is_who_a_trusted_one_says(
    peer: str, forwarded: str, proxies: str, client: str
) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert client_address(peer, headers, _networks(proxies)) == client


def test_a_spoofed_address_does_not_evade_the_limit(podium: Podium) -> None:
    client_from = podium(api="open", api_per_minute=2)
    statuses = [ask(client_from(ELSEWHERE, X_Forwarded_For=f"198.51.100.{n}")).status_code for n in range(4)]
    assert statuses == [200, 200, 429, 429]


def test_keys_are_read_with_their_names_and_limits() -> None:
    settings = Settings(api_keys=f" anna={KEY} 60/minute 5000/day ;\n bob={OTHER_KEY}", owner_key=OWNER_KEY)
    anna, bob, owner = read_keys(settings)
    assert (anna.name, anna.per_minute, anna.per_day) == ("anna", 60, 5000)
    assert (bob.per_minute, bob.per_day) == (settings.api_per_minute, settings.api_per_day)
    assert owner.is_owner
    assert find_key((anna, bob, owner), OTHER_KEY) is bob
    assert find_key((anna, bob, owner), "") is None
    assert find_key((anna, bob, owner), "ü") is None
    assert given_key({"authorization": f"bearer {KEY}"}) == KEY
    assert given_key({"authorization": "Basic abc"}) == ""


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (KEY, "no name"),
        ("anna=short", "at least 16"),
        (f"anna={KEY} often", "60/minute"),
        (f"anna={KEY}; anna={OTHER_KEY}", "twice"),
        (f"anna={KEY}; bob={KEY}", "twice"),
    ],
)
def test_a_key_that_cannot_be_read_stops_the_start_without_being_shown(written: str, words: str) -> None:
    with pytest.raises(ValueError, match="PODIUM_API_KEYS") as refusal:
        read_keys(Settings(api_keys=written))
    assert words in str(refusal.value)
    assert KEY not in str(refusal.value)


def test_no_key_is_ever_written_down(podium: Podium, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client_from = podium(api_keys=KEYS, owner_key=OWNER_KEY)
    ask(client_from(ELSEWHERE, Authorization=f"Bearer {KEY}"))
    ask(client_from(ELSEWHERE, Authorization="Bearer wrong-key-of-somebody"))
    settings = Settings(api_keys=KEYS, owner_key=OWNER_KEY)
    written = caplog.text + repr(settings) + repr(read_keys(settings))
    assert not any(secret in written for secret in (KEY, OTHER_KEY, OWNER_KEY, "wrong-key-of-somebody"))


@pytest.mark.usefixtures("one_lane")
def test_a_client_that_hangs_up_takes_its_request_along(podium: Podium) -> None:
    entered, leave = threading.Event(), threading.Event()
    asked: list[str] = []

    def slow(texts: list[str], **_: Any) -> Any:
        asked.extend(texts)
        entered.set()
        assert leave.wait(30)
        return positive(texts)

    app = podium(slow)().app

    async def hang_up() -> None:
        first = asyncio.create_task(_post(app, b'{"inputs": "runs"}', asyncio.Event()))
        await asyncio.to_thread(entered.wait, 30)
        gone = asyncio.Event()
        second = asyncio.create_task(_post(app, b'{"inputs": "nobody waits"}', gone))
        await asyncio.sleep(0.1)
        gone.set()
        assert await asyncio.wait_for(second, 10) == 499
        leave.set()
        assert await asyncio.wait_for(first, 10) == 200

    asyncio.run(hang_up())
    assert asked == ["runs"]


async def _post(app: Any, body: bytes, gone: asyncio.Event) -> int:
    """Post a body as an ASGI server would and return the status; the client hangs up when `gone` is set."""
    statuses: list[int] = []
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if parts:
            return parts.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "method": "POST", "path": "/api/tasks/text-classification", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": HERE, "server": ("localhost", 80), "scheme": "http", "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    await app(scope, receive, send)
    return statuses[0]
