"""Files named by their address: read from the hosts that the owner names, and from nowhere else."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.api import fetching
from core.api.fetching import Fetcher, is_public
from core.api.server import Edge
from core.errors import BadInput, ShowcaseError, TooLarge, TooSlow
from core.runtime import Runtime
from core.settings import ROOT, Settings
from core.tasks import get_task
from core.values import Image, Value
from tests.api.conftest import HERE
from tests.api.tls_server import NAME, FileServer, tls_server
from tests.fake_engine import showcase_of

PICTURE = get_task("image-classification")
PUBLIC = "93.184.215.14"
FILE = next((ROOT / "models" / "starters" / "handwritten-digits" / "examples").glob("*.png")).read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileServer]:
    with tls_server(tmp_path_factory.mktemp("tls")) as running:
        running.serve("/a.png", FILE)
        yield running


def fetcher_of(server: FileServer, *found: str, hosts: str = NAME, limit_bytes: int = 1_000_000) -> Fetcher:
    async def resolve(_: str) -> list[str]:
        return list(found or (PUBLIC,))

    settings = Settings(fetch_hosts=hosts, max_upload_bytes=limit_bytes)
    return Fetcher(settings, resolve, server.transport)


def fetched(fetcher: Fetcher, given: Any, task: Any = PICTURE) -> Any:
    async def all_of_it() -> Any:
        return await fetcher.request().files_in(task, given)

    return asyncio.run(all_of_it())


def test_a_file_is_read_from_the_address_that_was_checked(server: FileServer) -> None:
    server.places.clear()
    assert fetched(fetcher_of(server), f"https://{NAME}/a.png") == FILE
    assert server.places == [f"https://{PUBLIC}:443"]
    assert server.asked[-1] == (NAME, "/a.png")


def test_every_field_that_takes_a_file_may_name_it_and_no_text_does(server: FileServer) -> None:
    address = f"https://{NAME}/a.png"
    given = {"image": address, "question": address}
    asked = fetched(fetcher_of(server), given, get_task("visual-question-answering"))
    assert asked == {"image": FILE, "question": address}
    assert fetched(fetcher_of(server), address, get_task("text-classification")) == address
    listed = fetched(fetcher_of(server), {"images": [address, "aGVsbG8="]}, _task_of_many())
    assert listed["images"] == [FILE, "aGVsbG8="]


def _task_of_many() -> Any:
    class Pictures(Value):
        images: tuple[Image, ...]

    return replace(PICTURE, input=Pictures)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://other.example.org/a.png", "other.example.org"),
        (f"https://{NAME}.evil.example/a.png", "evil.example"),
        (f"https://{NAME}@evil.example/a.png", "evil.example"),
        (f"http://{NAME}/a.png", "over https"),
        (f"ftp://{NAME}/a.png", "over https"),
        (f"https://{NAME}:8443/a.png", "own port"),
        (f"https://{NAME}:port/a.png", "no address"),
        (f"https://somebody:secret@{NAME}/a.png", "password"),
        ("file:///etc/hostname", "PODIUM_FETCH_HOSTS"),
        ("https://127.0.0.1/a.png", "127.0.0.1"),
        ("https://2130706433/a.png", "2130706433"),
        ("https://[::1]/a.png", "::1"),
    ],
)
def test_other_addresses_are_refused_before_anything_is_looked_up(address: str, words: str, server: FileServer) -> None:
    server.places.clear()
    with pytest.raises(BadInput, match=words):
        fetched(fetcher_of(server), address)
    assert not server.places


@pytest.mark.parametrize(
    "found",
    [
        ("127.0.0.1",),
        ("10.1.2.3",),
        ("192.168.0.10",),
        ("172.20.1.1",),
        ("169.254.169.254",),
        ("100.64.0.1",),
        ("0.0.0.0",),
        ("224.0.0.1",),
        ("255.255.255.255",),
        ("::1",),
        ("::",),
        ("fe80::1",),
        ("fe80::1%eth0",),
        ("fd00::1",),
        ("ff02::1",),
        ("::ffff:127.0.0.1",),
        ("::ffff:10.0.0.1",),
        ("::127.0.0.1",),
        ("64:ff9b::a00:1",),
        ("2002:a00:1::1",),
        ("2001:0:4136:e378::1",),
        ("not an address",),
        (PUBLIC, "10.1.2.3"),
        ("10.1.2.3", PUBLIC),
    ],
)
def test_a_name_with_one_address_that_is_not_public_is_refused(found: tuple[str, ...], server: FileServer) -> None:
    server.places.clear()
    with pytest.raises(BadInput, match="not a public address"):
        fetched(fetcher_of(server, *found), f"https://{NAME}/a.png")
    assert not server.places


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07::1", f"::ffff:{PUBLIC}"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "localhost"])
def test_a_loopback_address_written_otherwise_is_refused_by_the_real_resolver(host: str) -> None:
    """Even where the owner names it."""
    with pytest.raises(BadInput, match=r"not a public address|no host"):
        fetched(Fetcher(Settings(fetch_hosts=host)), f"https://{host}/a.png")


@pytest.mark.parametrize("to", ["https://127.0.0.1/", f"https://{NAME}/a.png", "/a.png"])
def test_nothing_is_redirected(to: str, server: FileServer) -> None:
    server.serve("/moved", b"", 302, Location=to)
    server.places.clear()
    with pytest.raises(BadInput, match="not followed"):
        fetched(fetcher_of(server), f"https://{NAME}/moved")
    assert len(server.places) == 1


def test_a_server_with_a_certificate_of_another_name_is_not_believed(server: FileServer) -> None:
    asked = len(server.asked)
    with pytest.raises(BadInput, match=r"(?i)certificate"):
        fetched(fetcher_of(server, hosts="other.example.org"), "https://other.example.org/a.png")
    assert len(server.asked) == asked


def test_an_answer_that_is_no_file_is_refused(server: FileServer) -> None:
    server.serve("/gone", b"none", 404)
    with pytest.raises(BadInput, match="404"):
        fetched(fetcher_of(server), f"https://{NAME}/gone")


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 10_000)
    except OSError:
        pass


def packed(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", "6")
    handler.end_headers()
    handler.wfile.write(b"packed")


def test_a_file_over_the_limit_is_refused_as_announced_and_while_it_is_read(server: FileServer) -> None:
    server.serve("/big", b"x" * 2000)
    with pytest.raises(TooLarge, match=r"0\.1 MB"):
        fetched(fetcher_of(server, limit_bytes=1000), f"https://{NAME}/big")
    server.files["/endless"] = endless
    with pytest.raises(TooLarge, match="1 MB"):
        fetched(fetcher_of(server), f"https://{NAME}/endless")


def test_the_files_of_one_request_share_the_limit(server: FileServer) -> None:
    server.serve("/half", b"x" * 600)
    fetcher = fetcher_of(server, limit_bytes=1000)

    async def both(one: Any, other: Any) -> None:
        await one.files_in(PICTURE, f"https://{NAME}/half")
        await other.files_in(PICTURE, f"https://{NAME}/half")

    asyncio.run(both(fetcher.request(), fetcher.request()))
    same = fetcher.request()
    with pytest.raises(TooLarge):
        asyncio.run(both(same, same))


def test_nothing_is_unpacked(server: FileServer) -> None:
    server.files["/packed"] = packed
    assert fetched(fetcher_of(server), f"https://{NAME}/packed") == b"packed"


def test_a_slow_server_is_given_up(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"x")
        let_go.wait(10)

    server.files["/slow"] = slow
    monkeypatch.setattr(fetching, "FETCHED_WITHIN_S", 0.3)
    with pytest.raises(TooSlow, match=r"0\.3 s"):
        fetched(fetcher_of(server), f"https://{NAME}/slow")
    let_go.set()


def test_a_name_nobody_knows_says_so(server: FileServer) -> None:
    async def resolve(_: str) -> list[str]:
        raise OSError("unknown")

    with pytest.raises(BadInput, match="no host"):
        fetched(Fetcher(Settings(fetch_hosts=NAME), resolve, server.transport), f"https://{NAME}/a.png")


@pytest.mark.parametrize("setting", ["https://files.example.org", "*.example.org", "files.example.org/a", "[::1]"])
def test_a_setting_that_names_no_host_stops_the_start(setting: str) -> None:
    with pytest.raises(ValueError, match="PODIUM_FETCH_HOSTS"):
        Fetcher(Settings(fetch_hosts=setting))


def test_over_the_api_an_address_is_refused_naming_the_setting_or_read(
    session_runtime: Runtime, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_: str) -> list[str]:
        return [PUBLIC]

    monkeypatch.setattr(fetching, "_addresses_of", resolve)
    monkeypatch.setattr(fetching, "_over_tls", server.transport)
    of = replace(session_runtime, settings=replace(session_runtime.settings, fetch_hosts=NAME))
    client = TestClient(Starlette(routes=Edge(of).routes), base_url="http://localhost", client=HERE)
    answer = client.post("/api/tasks/image-classification", json={"inputs": f"https://{NAME}/a.png"})
    assert answer.status_code == 200, answer.text
    sent = client.post("/api/tasks/image-classification", json={"inputs": base64.b64encode(FILE).decode()})
    assert sent.json() == answer.json() != []
    refusal = client.post("/api/tasks/image-classification", json={"inputs": [f"https://{NAME}/a.png", "http://x/"]})
    assert refusal.status_code == 400
    assert "inputs[1]: " in refusal.json()["error"]["message"]
    assert "PODIUM_FETCH_HOSTS" in refusal.json()["error"]["message"]


def test_by_default_no_address_is_read(client: TestClient) -> None:
    answer = client.post("/tasks/image-classification", json={"inputs": "https://example.org/a.png"})
    assert answer.status_code == 400
    assert "PODIUM_FETCH_HOSTS" in answer.json()["error"]["message"]


def test_a_page_never_reads_an_address(tmp_path: Path) -> None:
    showcase = showcase_of(tmp_path, lambda _: [], fetch_hosts=NAME)
    with pytest.raises(ShowcaseError, match="base64"):
        showcase.read_input(PICTURE, f"https://{NAME}/a.png")
    showcase.close()
