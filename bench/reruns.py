"""Visitors of a page without a browser: how long a rerun takes that does nothing, over raw websockets.

Owns Streamlit's protocol as its front end speaks it: a `BackMsg` asks for a rerun, `ForwardMsg`s answer until one says
that the script has finished. Speaks websocket by hand, for the reason that `bench.load` speaks HTTP by hand.
"""

from __future__ import annotations

import asyncio
import base64
import os
import statistics
import struct
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.checkpoints import text
from bench.load import Connection, json_request
from bench.site import served

VISITORS: Final = (1, 25, 100)
MOST_MODELS: Final = 8
PATH, QUERY = "text", "task=text-classification"

LONGEST_END: Final = 200
"""Bytes of the message that ends a run at most; longer ones need not be read."""


@dataclass
class Visitor:
    """Hold one page that is open: its connection, and what the server said that it is."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    path: str
    query: str
    page_script_hash: str = ""
    fragment_ids: list[str] = field(default_factory=list)

    @classmethod
    async def arrive(cls, port: int, path: str, query: str) -> Visitor:
        """Open a page and wait until it stands."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        head = [
            "GET /_stcore/stream HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: streamlit",
        ]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer[:20]:
            raise ConnectionError(answer[:100])
        visitor = cls(reader, writer, path, query)
        await visitor.rerun(learn=True)
        return visitor

    async def rerun(self, fragment_id: str = "", *, learn: bool = False) -> float:
        """Ask for a rerun of the page, or of one fragment of it; return ms until the server has finished it."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self.path, self.page_script_hash
        state.fragment_id = fragment_id
        state.context_info.url = f"http://127.0.0.1/{self.path}?{self.query}"
        started = time.perf_counter()
        self.writer.write(_masked(message.SerializeToString()))
        while True:
            data = await self._frame()
            if not learn and len(data) > LONGEST_END:
                continue
            said = ForwardMsg.FromString(data)
            kind = said.WhichOneof("type")
            if kind == "script_finished":
                return 1000 * (time.perf_counter() - started)
            if learn and kind == "navigation":
                self.page_script_hash = said.navigation.page_script_hash
            if learn and said.delta.fragment_id and said.delta.fragment_id not in self.fragment_ids:
                self.fragment_ids.append(said.delta.fragment_id)

    def leave(self) -> None:
        """Close the page."""
        self.writer.close()

    async def _frame(self) -> bytes:
        """Return the next message; a ping is skipped, since the server waits longer for its answer than we stay."""
        while True:
            head = await self.reader.readexactly(2)
            length = head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", await self.reader.readexactly(8))
            data = await self.reader.readexactly(length)
            if head[0] & 0x0F == 2:
                return data


def _masked(data: bytes) -> bytes:
    """Return a client's frame. Its mask is zero: it hides nothing, and the data need not be copied through it."""
    length = len(data)
    size = bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + struct.pack(">H", length)
    return b"\x82" + size + b"\0\0\0\0" + data


async def reruns_ms(port: int, visitors: int, seconds: float, *, fragment: bool) -> list[float]:
    """Have so many visitors rerun a task's page, each as soon as the last rerun is done; return ms of each.

    Args:
        fragment: rerun what a press of `Run` reruns; else the whole page.
    """
    pages = [await Visitor.arrive(port, PATH, QUERY) for _ in range(visitors)]
    took: list[float] = []
    warm = time.perf_counter() + 1.0
    end = warm + seconds

    async def visit(page: Visitor) -> None:
        fragment_id = page.fragment_ids[0] if fragment else ""
        while (now := time.perf_counter()) < end:
            ms = await page.rerun(fragment_id)
            if now >= warm:
                took.append(ms)

    await asyncio.gather(*(visit(page) for page in pages))
    for page in pages:
        page.leave()
    return took


async def load_model(port: int, model: int) -> None:
    """Have one of the models loaded, by asking it something.

    Raises: ValueError if it does not answer.
    """
    connection = Connection(port)
    path = f"/api/tasks/text-classification?model=model-{model}"
    status, body = await connection.send(json_request(path, {"inputs": "Loaded now."}))
    connection.close()
    if status != 200:
        raise ValueError(body[:300])


def catalog_of(folder: Path, models: int) -> Path:
    """Write as many models, alike but each with weights of its own, and a catalog of them."""
    rows = []
    for number in range(models):
        text(folder / f"model-{number}")
        rows.append(f'[[model]]\npath = "model-{number}"\ntask = "text-classification"\n')
    catalog = folder / "catalog.toml"
    catalog.write_text("\n".join(rows))
    return catalog


def row(name: str, took: list[float]) -> str:
    """Return a line of the table: p50, p95 and the longest, in ms."""
    quantiles = statistics.quantiles(took, n=20)
    return f"| {name} | {quantiles[9]:.1f} | {quantiles[18]:.1f} | {max(took):.0f} |"


def main(seconds: float = 4.0) -> None:
    """Measure reruns of many visitors, then of one while more and more models are loaded; print both tables."""
    print("| a rerun that does nothing | p50, ms | p95, ms | longest, ms |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nothing = folder / "nothing.toml"
        nothing.write_text('[[model]]\nid = "nobody/nothing"\ntask = "text-classification"\n')
        with served(folder / "data", {"PODIUM_CATALOG": str(nothing)}) as site:
            took = asyncio.run(reruns_ms(site.port, 1, seconds, fragment=True))
            print(row("1 visitor, no model loaded and no torch", took), flush=True)
        with served(folder / "data", {"PODIUM_CATALOG": str(catalog_of(folder, MOST_MODELS))}) as site:
            port = site.port
            for models in range(MOST_MODELS):
                asyncio.run(load_model(port, models))
                took = asyncio.run(reruns_ms(port, 1, seconds, fragment=True))
                print(row(f"1 visitor, {models + 1} models loaded", took), flush=True)
            for fragment, what in ((True, "what `Run` reruns"), (False, "the whole page")):
                for visitors in VISITORS:
                    took = asyncio.run(reruns_ms(port, visitors, seconds, fragment=fragment))
                    print(row(f"{visitors} visitors, {what}", took), flush=True)


if __name__ == "__main__":
    main()
