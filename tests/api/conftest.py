"""Clients of the site's routes, in the test's own process and of a server in another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bench.site import Site, served
from core.adopting import Adopting
from core.api.server import Edge
from core.demos import find_demos
from core.engine.runtimes.surveyor import Surveyor
from core.hub import Hub
from core.judging import Judging
from core.runtime import Runtime
from tests.fake_engine import showcase_of

HERE = ("127.0.0.1", 50_000)
ELSEWHERE = ("203.0.113.7", 50_000)
"""An address of another machine."""


@pytest.fixture(scope="session")
def client(session_runtime: Runtime) -> Iterator[TestClient]:
    """Call the routes under /api as a program on this machine does."""
    app = Starlette(routes=Edge(session_runtime).routes)
    with TestClient(app, base_url="http://localhost/api", client=HERE, raise_server_exceptions=False) as made:
        yield made


def positive(texts: list[str], **_: Any) -> list[list[dict[str, Any]]]:
    """Stand in for a transformers pipeline: everything is lovely."""
    return [[{"label": "positive", "score": 0.75}] for _ in texts]


@pytest.fixture
def podium(tmp_path: Path) -> Iterator[Callable[..., Callable[..., TestClient]]]:
    """Make a site over a pipe of the test, with settings of its own; what is returned makes clients of it."""
    runtimes: list[Runtime] = []

    def build(pipe: Callable[..., Any] = positive, **settings: Any) -> Callable[..., TestClient]:
        showcase = showcase_of(tmp_path, pipe, **settings)
        adopting = Adopting(showcase, Hub(offline=True))
        demos = find_demos(tmp_path / "no-demos")
        surveyor = Surveyor(tmp_path / "runtimes")
        runtimes.append(Runtime(showcase.settings, showcase, Judging(showcase), adopting, b"salt", demos, surveyor))
        app = Starlette(routes=Edge(runtimes[0]).routes)

        def client_from(address: tuple[str, int] = HERE, host: str = "localhost", **headers: str) -> TestClient:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return TestClient(
                app, base_url=f"http://{host}", client=address, headers=named, raise_server_exceptions=False
            )

        return client_from

    yield build
    for made in runtimes:
        made.close()


@pytest.fixture(scope="session")
def site(session_runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the test's catalog with the README's command, in a process of its own."""
    environment = {
        "PODIUM_CATALOG": str(session_runtime.settings.catalog_path),
        "PODIUM_OWNER_KEY": "owner-of-the-tests",
        "PODIUM_API_KEYS": "anna=anna-of-the-tests 1000/minute",
        "OMP_NUM_THREADS": "1",
    }
    with served(tmp_path_factory.mktemp("site"), environment) as running:
        yield running
