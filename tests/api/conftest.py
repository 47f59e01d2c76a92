"""A client of the site's routes, in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from core.api.rest import rest_app
from core.runtime import Runtime


@pytest.fixture(scope="session")
def client(session_runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(rest_app(session_runtime), raise_server_exceptions=False) as made:
        yield made
