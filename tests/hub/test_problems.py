"""Every way in which the Hub says no becomes one sentence and something to do about it."""

from __future__ import annotations

import errno
from collections.abc import Callable

import huggingface_hub
import pytest

from core.errors import ModelUnavailable
from core.hub import Hub
from core.hub.problems import translated
from core.hub.reach import REMEMBERED_S
from tests.hub.hub_server import HubServer, Repo

MODEL = "studio/mood"
FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"weights"}


def refusal(ask: Callable[[], object]) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        ask()
    message = str(caught.value)
    assert "Traceback" not in message
    assert "127.0.0.1" not in message
    assert "/tmp" not in message
    assert caught.value.hint
    return caught.value


def test_a_model_that_is_not_there(hub: Hub) -> None:
    error = refusal(lambda: hub.download(MODEL))
    assert "no model 'studio/mood'" in error.message


def test_a_revision_that_is_not_there(server: HubServer, hub: Hub) -> None:
    server.repos[MODEL] = Repo(FILES)
    assert "no revision 'v9'" in refusal(lambda: hub.download(MODEL, "v9")).message


def test_a_gated_model_says_where_to_accept_its_terms(server: HubServer, hub: Hub) -> None:
    server.repos[MODEL] = Repo(FILES, gated=True)
    error = refusal(lambda: hub.download(MODEL))
    assert "is gated" in error.message
    assert "https://huggingface.co/studio/mood" in error.hint
    assert "hf auth login" in error.hint


@pytest.mark.parametrize(
    ("status", "says"), [(401, "token"), (403, "let this machine"), (429, "too many"), (500, "500"), (503, "503")]
)
def test_a_hub_that_answers_with_an_error(server: HubServer, hub: Hub, status: int, says: str) -> None:
    assert hub.reachable()
    server.status = status
    assert says in refusal(lambda: hub.download(MODEL)).message


def test_a_hub_that_went_away(server: HubServer, hub: Hub) -> None:
    assert hub.reachable()
    server.__exit__()
    huggingface_hub.close_session()  # and with it the connection that was kept open
    try:
        assert "connection to the Hub was lost" in refusal(lambda: hub.files(MODEL)).message
    finally:
        server.__enter__()


def test_an_answer_that_is_no_hub_s(server: HubServer, hub: Hub) -> None:
    server.status = 200  # as a hotel's log-in page would
    assert "could not be fetched" in refusal(lambda: hub.files(MODEL)).message


@pytest.mark.parametrize(("offline", "says"), [(True, "switched off"), (False, "cannot be reached")])
def test_no_hub(make_hub: Callable[..., Hub], offline: bool, says: str) -> None:
    hub = make_hub("http://127.0.0.1:9", offline=offline)
    error = refusal(lambda: hub.download(MODEL))
    assert says in error.message
    assert "already on it" in error.hint


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"tokenizer.json": b"{}", "model.safetensors": b""}, "no config.json"),
        ({"config.json": b"{}", "pytorch_model.bin": b"pickle"}, "can run code"),
        ({"config.json": b"{}", "tf_model.h5": b"keras"}, "can run code"),
        ({"config.json": b"{}"}, "no weights"),
        ({"config.json": b"{}", "model.safetensors.index.json": b"{}"}, "no weights"),
        ({"config.json": b"{}", "onnx/model.safetensors": b""}, "no weights"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_for_its_list_of_files(
    server: HubServer, hub: Hub, files: dict[str, bytes], says: str
) -> None:
    server.repos[MODEL] = Repo(files)
    assert says in refusal(lambda: hub.download(MODEL)).message
    assert server.asked("GET", "/resolve/") == []


def test_a_refusal_is_shown_for_a_minute_and_never_relied_on(server: HubServer, make_hub: Callable[..., Hub]) -> None:
    now = [0.0]
    hub = make_hub(server.endpoint, clock=lambda: now[0])
    error = refusal(lambda: hub.files(MODEL))
    assert hub.refusal(MODEL) is error
    now[0] = REMEMBERED_S
    assert hub.refusal(MODEL) is None
    now[0] = 0.0
    server.repos[MODEL] = Repo(FILES)
    hub.files(MODEL)
    assert hub.refusal(MODEL) is None


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "disk filled up"), (errno.EROFS, "cannot be written"), (errno.EIO, "whole")]
)
def test_a_disk_that_fails(number: int, says: str) -> None:
    error = translated(OSError(number, "/home/somebody/.cache"), MODEL, None)
    assert says in error.message
    assert "somebody" not in str(error)
