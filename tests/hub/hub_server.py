"""A stand-in for the Hub: the parts of its HTTP protocol that fetching a model uses, on this machine.

Owns the server and the ways in which it can misbehave. The client in front of it is huggingface_hub.
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repo:
    """Hold one repository at one commit, known as main and by the start of the commit."""

    files: Mapping[str, bytes]
    commit: str = COMMIT
    gated: bool = False
    parameters: Mapping[str, int] | None = None
    pipeline_tag: str | None = None

    def knows(self, revision: str) -> bool:
        return revision == "main" or (len(revision) >= 7 and self.commit.startswith(revision))


@dataclass
class Cut:
    """End the connection after so many bytes of a file's body, so many times."""

    after_bytes: int
    times: int
    reset: bool = False


@dataclass
class HubServer:
    """Serve repositories. `status` answers everything with an error; `requests` is what was asked."""

    repos: dict[str, Repo] = field(default_factory=dict)
    cuts: dict[str, Cut] = field(default_factory=dict)
    status: int | None = None
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def asked(self, method: str, part: str) -> list[str | None]:
        """Return the Range header of each request of that method whose path has `part` in it."""
        return [ranges for verb, path, ranges in self.requests if verb == method and part in path]


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, path, self.headers.get("Range")))
        if self.hub.status is not None:
            return self._send(self.hub.status, b"", with_body)
        if path == "/":
            return self._send(200, b"hub", with_body)
        if path.startswith("/api/models/"):
            model_id, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            return self._model_info(model_id, revision or "main")
        model_id, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        return self._file(model_id, revision, name, with_body)

    def _found(self, model_id: str, revision: str) -> Repo | None:
        repo = self.hub.repos.get(model_id)
        if repo is None:
            self._refuse(404, "RepoNotFound")
            return None
        if not repo.knows(revision):
            self._refuse(404, "RevisionNotFound")
            return None
        return repo

    def _model_info(self, model_id: str, revision: str) -> None:
        repo = self._found(model_id, revision)
        if repo is None:
            return
        siblings = [{"rfilename": name, "size": len(data), "blobId": _etag(data)} for name, data in repo.files.items()]
        info: dict[str, Any] = {"_id": "1", "id": model_id, "sha": repo.commit, "siblings": siblings, "tags": []}
        if repo.pipeline_tag is not None:
            info["pipeline_tag"] = repo.pipeline_tag
        if repo.parameters is not None:
            info["safetensors"] = {"parameters": dict(repo.parameters), "total": sum(repo.parameters.values())}
        self._send(200, json.dumps(info).encode(), True, {"Content-Type": "application/json"})

    def _file(self, model_id: str, revision: str, name: str, with_body: bool) -> None:
        repo = self._found(model_id, revision)
        if repo is None:
            return
        if repo.gated or name not in repo.files:
            self._refuse(*((403, "GatedRepo") if repo.gated else (404, "EntryNotFound")))
            return
        data = repo.files[name]
        headers = {"ETag": f'"{_etag(data)}"', "X-Repo-Commit": repo.commit, "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range")
        if wanted is None:
            self._send(200, data, with_body, headers, self.hub.cuts.get(name))
            return
        start = int(wanted.removeprefix("bytes=").partition("-")[0])
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206, data[start:], with_body, headers, self.hub.cuts.get(name))

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"", True, {"X-Error-Code": code, "X-Error-Message": code})

    def _send(
        self,
        status: int,
        body: bytes,
        with_body: bool,
        headers: Mapping[str, str] | None = None,
        cut: Cut | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not with_body:
            return
        if cut is None or cut.times == 0:
            self.wfile.write(body)
            return
        cut.times -= 1
        self.wfile.write(body[: cut.after_bytes])
        self.wfile.flush()
        self.close_connection = True
        if cut.reset:  # a linger of no time makes the close a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def _etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
