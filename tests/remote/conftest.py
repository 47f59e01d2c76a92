"""Showcases whose models run elsewhere, and a server that answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.catalog import Availabilities, Catalog, Endpoint, ModelCard
from core.feedback.store import FeedbackStore
from core.hub import Hub
from core.job import Job
from core.media import Limits
from core.remote import Caller, Endpoints, PlacedEngine, RemoteEngine, read_endpoint_keys
from core.settings import Settings
from core.showcase import Showcase
from core.values import Text
from tests.fake_engine import showcase_of

Elsewhere = Callable[..., Showcase]


@pytest.fixture
def pauses() -> list[float]:
    """Hold the seconds that were waited before asking again; nobody really waits."""
    return []


@pytest.fixture
def elsewhere(tmp_path: Path, pauses: list[float]) -> Iterator[Elsewhere]:
    """Make a showcase of cards that have endpoints; the rest runs on a stand-in here."""
    made: list[Showcase] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)

    def build(cards: Sequence[ModelCard], keys: str = "", **settings: Any) -> Showcase:
        local = showcase_of(tmp_path / "here", lambda texts, **_: [[{"label": "here", "score": 1.0}] for _ in texts])
        held = Settings(data_folder=tmp_path, endpoint_keys=keys, **settings)
        caller = Caller(read_endpoint_keys(keys), sleep=sleep)
        endpoints = Endpoints(cards, caller=caller, limits=Limits.of(held))
        engine = PlacedEngine(here=local.engine, elsewhere=RemoteEngine([endpoints], queue_limit=held.queue_limit))
        local.store.close()
        showcase = Showcase(
            settings=held,
            catalog=Catalog([*cards, *local.catalog.cards]),
            engine=engine,
            availabilities=Availabilities(hub=Hub(offline=True), budget_bytes=engine.budget_bytes),
            store=FeedbackStore(held.database_url),
        )
        made.append(showcase)
        return showcase

    (tmp_path / "here").mkdir()
    yield build
    for showcase in made:
        showcase.close()


def card(address: str, task_id: str = "text-classification", protocol: Any = "inference", **more: Any) -> ModelCard:
    """Return the card of a model at an address."""
    given = {"model_id": "far/model", "title": "Far", **more}
    return ModelCard(task_id=task_id, endpoint=Endpoint(address, protocol), **given)


LABELS = [{"label": "glad", "score": 0.75}, {"label": "sad", "score": 0.25}]


def start(showcase: Showcase, text: str = "a film", task_id: str = "text-classification", **more: Any) -> Job:
    given: dict[str, Any] = {"client": "c", "source": "page", "model_id": "far/model", **more}
    return showcase.start(task_id, Text(text=text), given.pop("parameters", {}), **given)


@dataclass
class Sent:
    """Hold what a request brought."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


@dataclass
class StandIn:
    """Answer requests one after the other as the test says; the last answer stays.

    Args:
        answers: what is answered; a function is called with the handler, and does the answering.
    """

    url: str
    answers: list[Answer | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def says(self, status: int, document: Any, **headers: str) -> None:
        """Answer so after what was said before."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers.append((status, {"Content-Type": "application/json"} | named, body))


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Serve on this machine whatever a test says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with made.lock:
                made.sent.append(Sent(self.path, dict(self.headers), json.loads(body)))
                answer = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            if callable(answer):
                answer(self)
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that went away: tests send them away."""

    server = Server(("127.0.0.1", 0), Handler)
    made = StandIn(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
