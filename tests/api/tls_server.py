"""A server that speaks TLS as `files.example.org`, for tests of what fetches from it."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "files.example.org"


@dataclass
class FileServer:
    """Hold a running server, and what was asked of it."""

    port: int
    certificate: Path
    files: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def serve(self, path: str, data: bytes, status: int = 200, **headers: str) -> None:
        """Answer a path with a file."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in ({"Content-Length": str(len(data))} | headers).items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(data)

        self.files[path] = answer

    def transport(self) -> httpx2.AsyncBaseTransport:
        """Return what goes to this server instead of the address it is sent to, and notes that address."""
        return Detour(self)


class Detour(httpx2.AsyncBaseTransport):
    """Lead every connection to the stand-in; certificates are checked as they would be."""

    def __init__(self, server: FileServer) -> None:
        self._server = server
        trusted = ssl.create_default_context(cafile=str(server.certificate))
        self._over = httpx2.AsyncHTTPTransport(verify=trusted)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it."""
        self._server.places.append(f"{request.url.scheme}://{request.url.host}:{request.url.port or 443}")
        request.url = request.url.copy_with(host="127.0.0.1", port=self._server.port)
        return await self._over.handle_async_request(request)

    async def aclose(self) -> None:
        """Hang up."""
        await self._over.aclose()


@contextmanager
def tls_server(folder: Path) -> Iterator[FileServer]:
    """Serve until the block ends."""
    key_path, certificate_path = _certificate(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.asked.append((self.headers["Host"], self.path))
            running.files[self.path](self)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Say nothing of clients that hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_path, key_path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    running = FileServer(server.server_address[1], certificate_path)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate for the name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_path, certificate_path = folder / "key.pem", folder / "certificate.pem"
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_path, certificate_path
