"""Streamlit's own page and scripts on their way to the browser."""

from __future__ import annotations

import gzip
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from streamlit.file_util import get_static_dir

from core.tasks import get_task
from core.ui.first_page import FIRST_RUN, FirstPages
from core.ui.front_end import FrontEnd
from core.ui.icons import font, font_name
from core.ui.sheet import sheet_name, stylesheet
from tests.own_loop import in_own_loop

STREAMLIT = Path(get_static_dir())
INDEX = FirstPages(STREAMLIT).index
BROWSER = [(b"accept", b"text/html,*/*"), (b"accept-encoding", b"gzip")]


CONFIG = {"allowedOrigins": ["https://*.example.org"], "useExternalAuthToken": False, "note": "</script>"}
COOKIE = (b"set-cookie", b"_streamlit_xsrf=2|a|b|1; Path=/")


class Inner:
    """Stand for Streamlit's app: answer everything with one body, in pieces, and remember what was asked.

    What a browser asks before it connects is answered by itself, or refused if the server is not `well`.
    """

    def __init__(self, body: bytes, pieces: int = 1, *, well: bool = True) -> None:
        self.body, self.pieces, self.well, self.asked = body, pieces, well, []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope)
        if "/_stcore/" in scope["path"]:
            status, headers = (200, [COOKIE]) if self.well else (503, [])
            body = json.dumps(CONFIG).encode() if scope["path"].endswith("host-config") else b"ok"
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        headers = [
            (b"content-length", str(len(self.body)).encode()),
            (b"etag", b"old"),
            (b"cache-control", b"no-cache"),
        ]
        size = str(len(self.body)).encode()
        start = {"type": "http.response.start", "status": 200, "headers": [*headers, (b"content-length", size)]}
        await send(start)
        step = -(-len(self.body) // self.pieces) or 1
        parts = [self.body[at : at + step] for at in range(0, len(self.body), step)] or [b""]
        for part in parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": parts[-1]})


def get(
    app: FrontEnd, path: str, headers: Any = (), method: str = "GET", query: bytes = b""
) -> tuple[dict[bytes, bytes], bytes]:
    """Return the headers and the body of an answer."""
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read of a GET")

    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": list(headers)}
    in_own_loop(app(scope, receive, send))
    assert [message["type"] for message in said].count("http.response.start") == 1
    return dict(said[0]["headers"]), b"".join(message.get("body", b"") for message in said[1:])


@pytest.mark.parametrize("pieces", [1, 3])
def test_the_page_says_where_the_server_is_and_takes_in_what_is_drawn_first(pieces: int) -> None:
    headers, body = get(FrontEnd(Inner(INDEX.encode(), pieces)), "/text", BROWSER)
    page = body.decode()
    assert page.index("BACKEND_BASE_URL") < page.index('<script type="module"')
    assert page.index("podiumElements={") > page.index('<script type="module"')
    assert int(headers[b"content-length"]) == len(body)
    assert b"etag" not in headers  # it was that of Streamlit's file
    assert headers[b"cache-control"] == b"no-cache"


@pytest.mark.parametrize(
    ("path", "query", "element"),
    [
        ("/image", b"task=object-detection&object-detection.threshold=0.9", "FileUploader"),
        ("/below/image", b"task=object-detection", "FileUploader"),
        ("/image", b"", "BidiComponent"),  # the first task
        ("/image", b"task=no-such-task", "BidiComponent"),
        ("/image", b"task=%ff%00", "BidiComponent"),
        ("/models", b"task=object-detection", "Progress"),
    ],
)
def test_the_page_takes_in_what_the_task_draws_that_it_shows(path: str, query: bytes, element: str) -> None:
    tasks = {"image": [get_task("image-classification"), get_task("object-detection")]}
    app = FrontEnd(Inner(INDEX.encode()), tasks_of=lambda page: tasks.get(page, []))
    page = get(app, path, BROWSER, query=query)[1].decode()
    held = re.search(r"podiumElements=\{(.*?)\}", page)
    assert held
    assert f'"{element}.' in held[1]
    assert sum(f'"{one}.' in held[1] for one in ("FileUploader", "BidiComponent", "Progress")) == 1


@pytest.mark.parametrize("path", ["/", "/text", "/below/text"])
def test_the_page_brings_what_a_browser_would_ask_before_it_connects(path: str) -> None:
    inner = Inner(INDEX.encode())
    headers, body = get(FrontEnd(inner), path, [*BROWSER, (b"cookie", b"a=b")])
    page = body.decode()
    said = re.search(r"<script>if\(self===top\)window\.__streamlit\.HOST_CONFIG=(.*?)</script>", page)
    assert said
    assert json.loads(said[1]) == CONFIG
    assert page.index("BACKEND_BASE_URL") < said.start() < page.index(FIRST_RUN) < page.index('<script type="module"')
    assert headers[COOKIE[0]] == COOKIE[1]
    below = path.rpartition("/")[0]
    assert [asked["path"] for asked in inner.asked] == [path, f"{below}/_stcore/host-config", f"{below}/_stcore/health"]
    assert all((b"cookie", b"a=b") in asked["headers"] for asked in inner.asked)  # by which a visitor is known


def test_the_page_of_a_server_that_is_not_well_has_a_browser_ask_itself() -> None:
    headers, body = get(FrontEnd(Inner(INDEX.encode(), well=False)), "/text", BROWSER)
    assert b"BACKEND_BASE_URL" in body
    assert b"HOST_CONFIG={" not in body
    assert COOKIE[0] not in headers


@pytest.mark.parametrize("body", [b"<html>another page</html>", b"", INDEX.encode() + b"<!-- newer -->"])
def test_any_other_page_goes_through_as_it_is(body: bytes) -> None:
    headers, sent = get(FrontEnd(Inner(body, 2)), "/api/docs", BROWSER)
    assert sent == body
    assert headers[b"etag"] == b"old"


def test_a_script_comes_from_memory_and_packed_from_the_second_time_on() -> None:
    inner = Inner(b"")
    packer, first_is_sent = ThreadPoolExecutor(1), threading.Event()
    packer.submit(first_is_sent.wait, 60)
    app = FrontEnd(inner, packer=packer)
    path = next(f"/static/js/{file.name}" for file in (STREAMLIT / "static" / "js").glob("Selectbox.*.js"))
    data = (STREAMLIT / path[1:]).read_bytes()
    takes_gzip = [(b"accept-encoding", b"gzip, br")]
    headers, body = get(app, path, takes_gzip)
    assert body == data
    assert b"javascript" in headers[b"content-type"]
    assert b"immutable" in headers[b"cache-control"]
    first_is_sent.set()
    packer.shutdown()  # what was to be packed is packed
    headers, body = get(app, path, takes_gzip)
    assert headers[b"content-encoding"] == b"gzip"
    assert gzip.decompress(body) == data
    assert get(app, path)[1] == data
    assert not inner.asked


@pytest.mark.parametrize(
    ("path", "method"),
    [("/static/js/none.js", "GET"), ("/static/../Home.py", "GET"), ("/static/js", "GET"), ("/api/tasks", "POST")],
)
def test_what_is_not_streamlits_goes_on(path: str, method: str) -> None:
    inner = Inner(b"elsewhere")
    assert get(FrontEnd(inner), path, method=method)[1] == b"elsewhere"
    assert inner.asked[0]["path"] == path


def test_a_package_laid_out_in_another_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html><head></head>new</html>")
    inner = Inner((tmp_path / "index.html").read_bytes())
    body = get(FrontEnd(inner, tmp_path), "/", BROWSER)[1].decode()
    assert "new" in body
    assert "modulepreload" not in body
    assert "podium-scripts" not in body


def test_the_small_scripts_come_in_one_file() -> None:
    pages = FirstPages(STREAMLIT)
    (name,) = [file for file in pages.files if file.startswith("podium-scripts.")]
    inner = Inner(b"")
    headers, body = get(FrontEnd(inner), f"/static/{name}", [(b"accept-encoding", b"gzip")])
    assert gzip.decompress(body).decode() == pages.scripts
    assert headers[b"content-type"].startswith(b"text/javascript")
    assert b"immutable" in headers[b"cache-control"]
    assert not inner.asked


def test_the_icons_come_as_they_are_and_may_be_kept() -> None:
    inner = Inner(b"")
    headers, body = get(FrontEnd(inner), f"/static/{font_name()}", [(b"accept-encoding", b"gzip")])
    assert body == font()
    assert headers[b"content-type"] == b"font/woff2"
    assert b"immutable" in headers[b"cache-control"]
    assert b"content-encoding" not in headers
    assert not inner.asked


@pytest.mark.parametrize("below", ["", "/below"])
def test_the_style_sheet_comes_small_from_wherever_the_site_begins_and_may_be_kept(below: str) -> None:
    inner = Inner(b"")
    headers, body = get(FrontEnd(inner), f"{below}/static/{sheet_name()}", [(b"accept-encoding", b"gzip, br")])
    assert gzip.decompress(body).decode() == stylesheet()
    assert headers[b"content-type"].startswith(b"text/css")
    assert b"immutable" in headers[b"cache-control"]
    assert not inner.asked
