"""What the tests of the Hub share: a stand-in server and a client that may talk to it."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.file_download
import pytest

from core.hub import Hub
from tests.hub.hub_server import HubServer


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the real client talk to this machine, in a session of its own, without its pauses."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    pauseless = types.SimpleNamespace(sleep=lambda _seconds: None)
    monkeypatch.setattr(huggingface_hub.file_download, "time", pauseless)
    yield
    huggingface_hub.close_session()


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture
def make_hub(tmp_path: Path) -> Callable[..., Hub]:
    def make(endpoint: str, **options: Any) -> Hub:
        return Hub(endpoint=endpoint, cache_folder=tmp_path / "hub", **{"offline": False, **options})

    return make


@pytest.fixture
def hub(server: HubServer, make_hub: Callable[..., Hub]) -> Hub:
    return make_hub(server.endpoint)
