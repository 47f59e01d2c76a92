"""From a model id to an answer: a tiny real checkpoint fetched from the stand-in Hub and loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.engine.key import ModelKey
from core.engine.loader import TransformersLoader
from core.errors import ModelUnavailable
from core.hub import Hub
from core.tasks import TASKS, get_task
from core.values import Labels, Text
from tests import tiny
from tests.hub.hub_server import COMMIT, HubServer, Repo

KEY = ModelKey("text-classification", "studio/mood", None, "float32", "cpu")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    folder = tiny.build(KEY.task_id, tmp_path / "source")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def load(hub: Hub, heard: list[tuple[int, int | None]]) -> str:
    loader = TransformersLoader(hub=hub, catalog=Catalog([]), tasks=TASKS)
    loaded = loader.load(KEY, lambda done, total: heard.append((done, total)))
    task = get_task(KEY.task_id)
    (answer,) = task.answers(loaded.pipe, [Text(text="good film")], task.checked_parameters({}))
    assert isinstance(answer, Labels)
    return loaded.revision


def test_a_model_of_the_hub_is_fetched_once_and_named_by_its_commit(
    server: HubServer, hub: Hub, make_hub: Callable[..., Hub], files: dict[str, bytes]
) -> None:
    server.repos[KEY.model_id] = Repo(files)
    heard: list[tuple[int, int | None]] = []
    assert load(hub, heard) == COMMIT
    assert heard[-1] == (sum(map(len, files.values())),) * 2
    heard.clear()
    assert load(make_hub("http://127.0.0.1:9", offline=True), heard) == COMMIT
    assert heard == []


def test_its_memory_is_known_before_a_byte_of_it(server: HubServer, hub: Hub, files: dict[str, bytes]) -> None:
    loader = TransformersLoader(hub=hub, catalog=Catalog([]), tasks=TASKS)
    server.repos[KEY.model_id] = Repo(files, parameters={"F32": 1000})
    assert loader.estimate_bytes(KEY) == 4000
    server.repos[KEY.model_id] = Repo(files)
    assert loader.estimate_bytes(KEY) == len(files["model.safetensors"])
    assert server.asked("GET", "/resolve/") == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"architectures": ["BertForQuestionAnswering"]}, "is a BertForQuestionAnswering"),
        ({"auto_map": {"AutoConfig": "evil.Evil"}}, "code of its own"),
    ],
)
def test_what_cannot_be_used_is_refused_before_its_weights_are_fetched(
    server: HubServer, hub: Hub, files: dict[str, bytes], changes: dict[str, object], says: str
) -> None:
    config = json.dumps({**json.loads(files["config.json"]), **changes}).encode()
    server.repos[KEY.model_id] = Repo({**files, "config.json": config})
    with pytest.raises(ModelUnavailable, match=says):
        load(hub, [])
    assert server.asked("GET", "model.safetensors") == []
