"""Fetching from the Hub, with the real client in front of a stand-in server: well, badly and not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Cancelled, ModelUnavailable, UnknownName
from core.hub import Hub
from tests.hub.hub_server import COMMIT, Cut, HubServer, Repo

MODEL = "studio/mood"
CHUNK = 10 * 1024 * 1024  # huggingface_hub reads in pieces of this size
WEIGHTS = bytes(range(256)) * (12 * 1024 * 4)  # 12 MB: more than a piece
FILES = {
    "README.md": b"# Mood",
    "config.json": json.dumps({"model_type": "bert"}).encode(),
    "tokenizer.json": b"{}",
    "model.safetensors": b"weights" * 1000,
    "pytorch_model.bin": b"pickle",
    "modeling_mood.py": b"raise SystemExit",
    "onnx/model.onnx": b"onnx",
}
WANTED = {"config.json", "tokenizer.json", "model.safetensors"}


@pytest.fixture
def repo(server: HubServer) -> Repo:
    repo = Repo(FILES)
    server.repos[MODEL] = repo
    return repo


def heavy(server: HubServer) -> None:
    server.repos[MODEL] = Repo({**FILES, "model.safetensors": WEIGHTS})


def test_a_download_brings_what_is_needed_and_nothing_that_runs(repo: Repo, hub: Hub) -> None:
    folder, commit = hub.download(MODEL)
    assert commit == COMMIT
    assert folder.name == COMMIT
    assert {path.name for path in folder.iterdir()} == WANTED
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]


@pytest.mark.parametrize("revision", [None, "main", COMMIT[:7], COMMIT])
def test_what_was_fetched_is_found_again_without_the_hub(
    repo: Repo, hub: Hub, make_hub: Callable[..., Hub], revision: str | None
) -> None:
    assert hub.cached_snapshot(MODEL, revision) is None
    folder, _ = hub.download(MODEL, revision)
    offline = make_hub("http://127.0.0.1:9", offline=True)
    assert offline.cached_snapshot(MODEL, revision) == folder
    assert offline.cached_snapshot(MODEL, COMMIT) == folder
    assert offline.cached_snapshot(MODEL, "f" * 40) is None


def test_a_second_download_fetches_no_file(repo: Repo, server: HubServer, hub: Hub) -> None:
    hub.download(MODEL)
    server.requests.clear()
    hub.download(MODEL)
    assert server.asked("GET", "/resolve/") == []


def test_progress_counts_every_byte(server: HubServer, hub: Hub) -> None:
    heavy(server)
    heard: list[tuple[int, int]] = []
    hub.download(MODEL, progress=lambda done, total: heard.append((done, total)))
    total = len(FILES["config.json"]) + len(FILES["tokenizer.json"]) + len(WEIGHTS)
    assert heard[0] == (0, total)
    assert heard[-1] == (total, total)
    assert {end for _, end in heard} == {total}
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert any(0 < done - (total - len(WEIGHTS)) < len(WEIGHTS) for done, _ in heard)  # amid the weights


def test_a_connection_cut_midway_goes_on_where_it_was(server: HubServer, hub: Hub) -> None:
    heavy(server)
    server.cuts["model.safetensors"] = Cut(after_bytes=CHUNK + 1000, times=1)
    heard: list[int] = []
    folder, _ = hub.download(MODEL, progress=lambda done, _total: heard.append(done))
    assert server.asked("GET", "model.safetensors") == [None, f"bytes={CHUNK}-"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert heard[-1] == max(heard)


def test_a_connection_reset_midway_begins_again(server: HubServer, hub: Hub) -> None:
    heavy(server)
    server.cuts["model.safetensors"] = Cut(after_bytes=CHUNK + 1000, times=2, reset=True)
    heard: list[tuple[int, int]] = []
    folder, _ = hub.download(MODEL, progress=lambda done, total: heard.append((done, total)))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert max(done for done, _ in heard) == heard[-1][0] == heard[-1][1]


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_cut_for_ever_is_given_up(server: HubServer, hub: Hub, reset: bool) -> None:
    heavy(server)
    server.cuts["model.safetensors"] = Cut(after_bytes=0, times=1000, reset=reset)
    with pytest.raises(ModelUnavailable, match="connection to the Hub was lost"):
        hub.download(MODEL)
    assert len(server.asked("GET", "model.safetensors")) <= 6
    assert hub.cached_snapshot(MODEL) is None
    del server.cuts["model.safetensors"]
    server.requests.clear()
    hub.download(MODEL)  # the failure is not remembered, and what had arrived is
    assert server.asked("GET", "config.json") == []
    assert hub.cached_snapshot(MODEL) is not None


def test_the_one_who_hears_progress_can_stop_it(server: HubServer, hub: Hub) -> None:
    heavy(server)

    def stop(done: int, _total: int) -> None:
        if done > CHUNK:
            raise Cancelled("Taken back.")

    with pytest.raises(Cancelled):
        hub.download(MODEL, progress=stop)
    assert hub.cached_snapshot(MODEL) is None


def test_files_says_what_it_would_take_without_fetching_it(server: HubServer, hub: Hub) -> None:
    server.repos[MODEL] = Repo(FILES, parameters={"F32": 7})
    repository = hub.files(MODEL, COMMIT[:8])
    assert repository.commit == COMMIT
    assert {file.name for file in repository.files} == WANTED
    assert repository.files[-1].name == "model.safetensors"
    assert repository.weights_bytes == 7000
    assert repository.parameters == (("F32", 7),)
    assert server.asked("GET", "/resolve/") == []


def test_config_fetches_the_configuration_alone(repo: Repo, server: HubServer, hub: Hub) -> None:
    assert hub.config(MODEL) == {"model_type": "bert"}
    assert len(server.asked("GET", "/resolve/")) == 1
    hub.download(MODEL)
    server.requests.clear()
    assert hub.config(MODEL) == {"model_type": "bert"}
    assert server.requests == []


@pytest.mark.parametrize("config", [b"{", b"[]", b"\xff"])
def test_a_configuration_that_is_not_json_is_refused(server: HubServer, hub: Hub, config: bytes) -> None:
    server.repos[MODEL] = Repo({**FILES, "config.json": config})
    with pytest.raises(ModelUnavailable, match=r"config\.json of 'studio/mood' is damaged"):
        hub.config(MODEL)


@pytest.mark.parametrize("model_id", ["..", "a/../b", "a/b/c", "", "a//b", "http://x", "a--b", "a b", "x" * 97])
def test_what_cannot_be_an_id_is_not_asked_for(server: HubServer, hub: Hub, model_id: str) -> None:
    for ask in (hub.files, hub.cached_snapshot):
        with pytest.raises(UnknownName, match="is not a model id"):
            ask(model_id)
    with pytest.raises(UnknownName, match="is not a revision"):
        hub.cached_snapshot(MODEL, "../../etc")
    assert server.requests == []


def test_a_disk_that_is_too_small_is_noticed_before_a_byte(
    repo: Repo, server: HubServer, make_hub: Callable[..., Hub]
) -> None:
    hub = make_hub(server.endpoint, free_bytes=lambda _folder: 6000)
    with pytest.raises(ModelUnavailable, match="GB of disk"):
        hub.download(MODEL)
    assert server.asked("GET", "/resolve/") == []


def test_the_environment_says_where_and_whether(tmp_path: Path) -> None:
    hub = Hub.from_env({"HF_ENDPOINT": "http://hub.test/", "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"})
    assert (hub.endpoint, hub.cache_folder, hub.is_off) == ("http://hub.test", tmp_path / "hub", True)
    assert Hub.from_env({"HF_HUB_CACHE": str(tmp_path)}).cache_folder == tmp_path
    assert Hub.from_env({}).is_off is False
