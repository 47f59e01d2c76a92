"""Streamlit's own page, scripts and styles on their way to a browser: from memory, and packed.

Owns the way of what lies in Streamlit's package to the browser, and of our own files beside it.
Streamlit opens each of a hundred files anew for every visitor and sends them unpacked; and before a browser connects it
asks what could be said with the page (`core.ui.first_page`): a way there and back, which on a phone is a tenth of a
second.

What is not one of these files goes on to Streamlit untouched, and so does everything if a later Streamlit lays them
out in another way: pages then come as they did before, later.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from streamlit.file_util import get_static_dir

from core.tasks.spec import Task
from core.ui.first_page import FirstPages

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Header = tuple[bytes, bytes]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST_CONFIG: Final = "_stcore/host-config"
HEALTH: Final = "_stcore/health"
"""What a browser asks before it connects: who may talk to the page from around it, and whether the server is well.
The second answer brings the cookie by which an upload is known to be the page's, and a visitor to have been here."""

PACKED: Final = (".js", ".css", ".json", ".svg")
"""What is worth packing; fonts are packed in themselves."""

OF_THE_FILE: Final = (b"content-length", b"etag", b"last-modified")
"""What Streamlit says of its page's file, and no longer holds of the page that is sent."""

KEPT_S: Final = 365 * 24 * 3600
"""Seconds that a browser may keep a file whose name has its digest in it, as Streamlit itself allows."""


@dataclass
class Asset:
    """Hold a file: its bytes, and packed once somebody has asked for it."""

    data: bytes
    media_type: str
    packed: bytes | None = None


class FrontEnd:
    """Answer for Streamlit's files, around the app that answers for everything else.

    Args:
        folder: where Streamlit's files are, if not in its package.
        packer: what packs them, if not a thread of its own, so that no visitor waits for it.
        tasks_of: the tasks of a page, by its name in the address; the first of them is shown where none is named.
    """

    def __init__(
        self,
        app: App,
        folder: Path | None = None,
        packer: Executor | None = None,
        tasks_of: Callable[[str], Sequence[Task]] = lambda _: (),
    ) -> None:
        self._app, self._tasks_of = app, tasks_of
        self._folder = folder or Path(get_static_dir())
        files = (path for path in (self._folder / "static").rglob("*") if path.is_file())
        self._paths = {f"/{path.relative_to(self._folder).as_posix()}": path for path in files}
        self._assets: dict[str, Asset] = {}
        self._packer = packer or ThreadPoolExecutor(1, thread_name_prefix="pack assets")
        self._pages = FirstPages(self._folder)
        self._index = self._pages.index.encode()
        self._own = {name: _own_asset(name, content) for name, content in self._pages.files.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
        elif scope["path"] in self._paths:
            await _send_asset(self._asset(scope["path"]), scope, send)
        elif scope["path"].rpartition("/static/")[2] in self._own:  # wherever the site begins
            await _send_asset(self._own[scope["path"].rpartition("/static/")[2]], scope, send)
        elif any(name == b"accept" and value.startswith(b"text/html") for name, value in scope["headers"]):
            plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            asked = {**scope, "headers": plain}
            await self._app(asked, receive, self._with_page(asked, receive, send))
        else:
            await self._app(scope, receive, send)

    def _asset(self, path: str) -> Asset:
        asset = self._assets.get(path)
        if asset is None:
            kind = guess_type(path)[0] or "application/octet-stream"
            asset = self._assets[path] = Asset(self._paths[path].read_bytes(), kind)
            if path.endswith(PACKED):
                self._packer.submit(_pack, asset)
        return asset

    def _with_page(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Return what sends Streamlit's page as we want it, and anything else as it is."""
        start: list[Message] = []
        body = bytearray()

        async def send_page(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body") and len(body) <= len(self._index):
                return
            if start:
                first = start.pop()
                if bytes(body) == self._index:
                    config, cookies = await self._asked_first(scope, receive)
                    body[:] = self._page(scope, config).encode()
                    kept = [pair for pair in first["headers"] if pair[0] not in OF_THE_FILE]
                    first["headers"] = [*kept, *cookies, (b"content-length", str(len(body)).encode())]
                await send(first)
            await send({**message, "body": bytes(body)})
            body.clear()

        return send_page

    def _page(self, scope: Scope, config: object) -> str:
        name = scope["path"].rpartition("/")[2]
        wanted = parse_qs(scope["query_string"].decode("latin-1")).get("task", [""])[0]
        tasks = self._tasks_of(name)
        first = tasks[0] if tasks else None
        return self._pages.page(name, config, task=next((task for task in tasks if task.id == wanted), first))

    async def _asked_first(self, scope: Scope, receive: Receive) -> tuple[object, list[Header]]:
        """Return what the server says of itself, and its cookies; nothing where that is not said as ever."""
        told, _ = await self._answer(scope, receive, HOST_CONFIG)
        well, headers = await self._answer(scope, receive, HEALTH)
        try:
            config = json.loads(told)
        except ValueError:
            config = None
        if not well or not isinstance(config, dict):
            return None, []
        return config, [pair for pair in headers if pair[0] == b"set-cookie"]

    async def _answer(self, scope: Scope, receive: Receive, name: str) -> tuple[bytes, list[Header]]:
        """Ask the app itself what a browser would ask beside the page of `scope`; return no body if it refuses."""
        path = f"{scope['path'].rpartition('/')[0]}/{name}"
        said: list[Message] = []

        async def collect(message: Message) -> None:
            said.append(message)

        await self._app({**scope, "path": path, "raw_path": path.encode(), "query_string": b""}, receive, collect)
        start, *parts = said
        if start["status"] != 200:
            return b"", []
        return b"".join(part.get("body", b"") for part in parts), list(start["headers"])


def _own_asset(name: str, content: str | bytes) -> Asset:
    kind = guess_type(name)[0] or "application/octet-stream"
    if isinstance(content, bytes):
        return Asset(content, kind)
    return Asset(content.encode(), f"{kind}; charset=utf-8", gzip.compress(content.encode()))


async def _send_asset(asset: Asset, scope: Scope, send: Send) -> None:
    headers = [
        (b"content-type", asset.media_type.encode()),
        (b"cache-control", f"public, immutable, max-age={KEPT_S}".encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"Accept-Encoding"),
    ]
    body = asset.data
    if asset.packed is not None and _takes_gzip(scope["headers"]):
        body = asset.packed
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _pack(asset: Asset) -> None:
    asset.packed = gzip.compress(asset.data, 6)


def _takes_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in headers)
