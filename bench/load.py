"""A closed-loop load: clients that each send their next request when the last one is answered.

Owns the clients, the connections and the figures. Speaks HTTP/1.1 over asyncio streams by hand, since a client
library takes more time per request than the servers that are measured here.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Request = tuple[str, Mapping[str, str], bytes]
"""Path, headers and body of a POST; an empty body is a GET."""


@dataclass(frozen=True)
class Figures:
    """Hold what a load gave: answers a second, latencies in ms, and how many answers were wrong or missing."""

    clients: int
    per_second: float
    p50_ms: float
    p95_ms: float
    errors: int

    def row(self, name: str) -> str:
        """Return a line of a table."""
        return (
            f"| {name} | {self.clients} | {self.per_second:.1f} | {self.p50_ms:.0f} | {self.p95_ms:.0f} "
            f"| {self.errors} |"
        )


class Connection:
    """Hold one kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request) -> tuple[int, bytes]:
        """Send a request; return status and body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        path, headers, body = request
        head = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += [f"Content-Length: {len(body)}", "", ""]
        writer.write("\r\n".join(head).encode() + body)
        status, answer, keeps = await _read_answer(reader)
        if not keeps:
            writer.close()
            self._streams = None
        return status, answer

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


Ask = Callable[[Connection, int], Awaitable[bool]]
"""Asks one thing, by its number, over a connection; returns whether the answer was right."""


def measure(port: int, ask: Ask, *, clients: int, seconds: float, warm_up_s: float = 1.0) -> Figures:
    """Load a server and return the figures of what was answered after the warm-up."""
    return asyncio.run(_measure(port, ask, clients, seconds, warm_up_s))


async def _measure(port: int, ask: Ask, clients: int, seconds: float, warm_up_s: float) -> Figures:
    numbers = iter(range(10**9))
    begin = time.perf_counter() + warm_up_s
    end = begin + seconds
    latencies_ms: list[float] = []
    errors = 0

    async def client() -> None:
        nonlocal errors
        connection = Connection(port)
        while (started := time.perf_counter()) < end:
            try:
                right = await ask(connection, next(numbers))
            except (OSError, ValueError, asyncio.IncompleteReadError):
                right = False
                connection.close()
                connection = Connection(port)
            now = time.perf_counter()
            if begin <= now <= end:  # when it was sent does not count, or slow answers would be left out at both ends
                latencies_ms.append(1000 * (now - started))
                errors += not right
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    latencies_ms.sort()
    quantile = statistics.quantiles(latencies_ms, n=100) if len(latencies_ms) > 1 else [float("nan")] * 99
    return Figures(clients, len(latencies_ms) / seconds, quantile[49], quantile[94], errors)


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Return status, body and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    keeps = headers.get("connection", "").lower() != "close"
    if "content-length" in headers:
        return status, await reader.readexactly(int(headers["content-length"])), keeps
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readline()
        return status, b"".join(parts), keeps
    return status, await reader.read(), False


def events_of(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the events of a server-sent stream: name and data."""
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.splitlines())
        if fields:
            yield fields.get("event", ""), fields.get("data", "")


def json_request(path: str, document: object) -> Request:
    """Return a POST of JSON."""
    return path, {"Content-Type": "application/json"}, json.dumps(document).encode()


def table(rows: Sequence[str]) -> str:
    """Return the figures as a Markdown table."""
    return "\n".join(["| server | clients | answers/s | p50 ms | p95 ms | errors |", "| --- " * 6 + "|", *rows])
