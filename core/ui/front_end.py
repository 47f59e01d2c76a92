"""Streamlit's own page, scripts and styles, as a browser waits for them: from memory, and named early.

Owns the way of what lies in Streamlit's package to the browser, and our style sheet's beside it. Streamlit opens each
of a hundred files anew for every visitor and sends them unpacked; most of them are small, and come in one file
(`core.ui.small_scripts`); a third the browser finds out about only when it draws the first page; on any page but the
first it looks for the server in a place where it is not, and waits before it looks elsewhere; and before it connects it
asks what could be said with the page: a way there and back, which on a phone is a tenth of a second.

What is not one of these files goes on to Streamlit untouched, and so does everything if a later Streamlit lays them
out in another way: pages then come as they did before, later.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

from streamlit.file_util import get_static_dir

from core.ui.sheet import name_by_content, sheet_name, stylesheet
from core.ui.small_scripts import IMPORT, PROBE, in_one_file, small_scripts

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Header = tuple[bytes, bytes]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DRAWN_FIRST: Final = ("Button", "ButtonGroup", "Html", "Selectbox", "Slider", "TextArea")
"""The elements that a task's page has before anything is asked: Streamlit fetches each when it first draws one."""

OUR_FONT: Final = "./app/static/fonts/bricolage-grotesque-latin-opsz-normal.woff2"
SYMBOLS: Final = "MaterialSymbols-Rounded.*.woff2"
"""The font of the icons, in Streamlit's package."""

BESIDE_THE_PAGE: Final = "<script>window.__streamlit={BACKEND_BASE_URL:new URL('.',location.href).href}</script>"
"""Says that the server is where the page's own scripts come from, which are named relative to it."""

CONNECT: Final = '<script type="module"'
"""Where in Streamlit's page the script begins that connects to the server."""

HOST_CONFIG: Final = "_stcore/host-config"
HEALTH: Final = "_stcore/health"
"""What a browser asks before it connects: who may talk to the page from around it, and whether the server is well.
The second answer brings the cookie by which an upload is known to be the page's, and a visitor to have been here."""

ANSWERED: Final = "<script>if(self===top)window.__streamlit.HOST_CONFIG={}</script>"
"""Gives the first answer with the page; the browser then connects at once and asks meanwhile.

Not in a frame: a site around it may answer for the server there, and have the page wait for its tokens.
"""

FOLLOW_LINKS: Final = """<script>
addEventListener("click", event => {
  const link = event.target.closest?.(".pd-wings a");
  if (!link || event.button || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.href !== location.href) history.pushState(null, "", link.href);
  dispatchEvent(new PopStateEvent("popstate"));
});
</script>"""
"""Changes the page as `Back` does, within the session. Without it a link loads the other page anew, in a new one."""

PACKED: Final = (".js", ".css", ".json", ".svg")
"""What is worth packing; fonts are packed in themselves."""

OF_THE_FILE: Final = (b"content-length", b"etag", b"last-modified")
"""What Streamlit says of its page's file, and no longer holds of the page that is sent."""

KEPT_S: Final = 365 * 24 * 3600
"""Seconds that a browser may keep a file whose name has its digest in it, as Streamlit itself allows."""

_SCRIPT: Final = re.compile(r'"\./static/js/([\w.\-~]+\.js)"')
_PRELOAD: Final = re.compile(r'\s*<link\s[^>]*href="\./static/js/([\w.\-~]+\.js)"[^>]*>')
_FONT_OF_STREAMLIT: Final = re.compile(r'<link\s+rel="preload"\s+href="\./static/media/SourceSans[^>]*>')


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
    """

    def __init__(self, app: App, folder: Path | None = None, packer: Executor | None = None) -> None:
        self._app = app
        self._folder = folder or Path(get_static_dir())
        files = (path for path in (self._folder / "static").rglob("*") if path.is_file())
        self._paths = {f"/{path.relative_to(self._folder).as_posix()}": path for path in files}
        self._assets: dict[str, Asset] = {}
        self._packer = packer or ThreadPoolExecutor(1, thread_name_prefix="pack assets")
        self._index = (self._folder / "index.html").read_bytes()
        page, scripts = page_of(self._index.decode(), self._folder)
        self._page = page.encode()
        self._own = {
            sheet_name(): _packed(stylesheet(), "text/css; charset=utf-8"),
            _scripts_name(scripts): _packed(scripts, "text/javascript; charset=utf-8"),
        }

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
                    body[:] = self._page.replace(CONNECT.encode(), config + CONNECT.encode(), 1)
                    kept = [pair for pair in first["headers"] if pair[0] not in OF_THE_FILE]
                    first["headers"] = [*kept, *cookies, (b"content-length", str(len(body)).encode())]
                await send(first)
            await send({**message, "body": bytes(body)})
            body.clear()

        return send_page

    async def _asked_first(self, scope: Scope, receive: Receive) -> tuple[bytes, list[Header]]:
        """Return what the page says of the server, and its cookies; nothing where that is not said as ever."""
        told, _ = await self._answer(scope, receive, HOST_CONFIG)
        well, headers = await self._answer(scope, receive, HEALTH)
        try:
            config = json.loads(told)
        except ValueError:
            config = None
        if not well or not isinstance(config, dict):
            return b"", []
        # Written anew, for nothing in it may end the script that it stands in.
        said = ANSWERED.format(json.dumps(config).replace("<", "\\u003c"))
        return said.encode(), [pair for pair in headers if pair[0] == b"set-cookie"]

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


def page_of(index: str, folder: Path) -> tuple[str, str]:
    """Return Streamlit's page, and the script that holds its small ones.

    The page names the server, the style sheet, what is drawn first, and no font that is not drawn.
    """
    fonts = [OUR_FONT, *(f"./static/media/{path.name}" for path in (folder / "static" / "media").glob(SYMBOLS))]
    early = [f'<link rel="preload" as="font" crossorigin href="{font}">' for font in fonts]
    entries = _SCRIPT.findall(_PRELOAD.sub("", index))
    named, drawn = _SCRIPT.findall(index), first_scripts(index, folder)
    scripts = folder / "static" / "js"
    small = small_scripts(scripts, [name for name in _with_imports(scripts, [*named, *drawn]) if name not in entries])
    late = [f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in drawn if name not in small]
    index = _PRELOAD.sub(lambda link: "" if link[1] in small else link[0], index)
    index = _FONT_OF_STREAMLIT.sub("".join(early), index, count=1)
    index = index.replace(CONNECT, BESIDE_THE_PAGE + FOLLOW_LINKS + CONNECT, 1)
    # After the styles that Streamlit adds to the head: of two rules of the same weight ours holds.
    body, end, rest = index.rpartition("</body>")
    sheet = f'<link rel="stylesheet" href="./static/{sheet_name()}">'
    index = f"{body}{sheet}{end}{rest}" if end else f"{index}{sheet}"
    index = index.replace("</head>", "".join(late) + "</head>", 1)
    held = in_one_file(small)
    if small:
        index = index.replace("<head>", f'<head>{PROBE}<script src="./static/{_scripts_name(held)}"></script>', 1)
    return index, held


def first_scripts(index: str, folder: Path) -> list[str]:
    """Return the scripts of the elements that are drawn first, with all that they import, but for the page's own."""
    scripts = folder / "static" / "js"
    elements = [path.name for element in DRAWN_FIRST for path in sorted(scripts.glob(f"{element}.*.js"))]
    return _with_imports(scripts, elements, index)


def _with_imports(scripts: Path, names: Iterable[str], beside: str = "") -> list[str]:
    """Return scripts with all that they import, in the order that they are come to, but for what `beside` names."""
    found: list[str] = []

    def add(names: Iterable[str]) -> None:
        for name in names:
            if name not in found and name not in beside and (scripts / name).exists():
                found.append(name)
                add(other for _, other in IMPORT.findall((scripts / name).read_text(encoding="utf-8")))

    add(names)
    return found


def _scripts_name(text: str) -> str:
    return name_by_content("podium-scripts", text, "js")


def _packed(text: str, media_type: str) -> Asset:
    return Asset(text.encode(), media_type, gzip.compress(text.encode()))


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
