"""What an id or a folder turns out to be, from the name that somebody typed to an answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.adopting import Adopting
from core.catalog import Availabilities, Catalog
from core.engine import Engine
from core.engine.loader import TransformersLoader
from core.errors import BadInput, ModelUnavailable, ShowcaseError, UnknownName
from core.feedback.store import FeedbackStore
from core.hub import Hub
from core.settings import ROOT, Settings
from core.showcase import Showcase
from core.tasks import TASKS
from core.values import Labels, Text
from tests.hub.hub_server import HubServer, Repo

TASK = "text-classification"
MODEL = "studio/mood"


def showcase_with(hub: Hub, folder: Path, budget_bytes: int = 1_000_000_000) -> Showcase:
    catalog = Catalog(Catalog.read(ROOT / "models" / "catalog.toml").cards, folder / "catalog.toml")
    settings = Settings(data_folder=folder)
    engine = Engine(
        loader=TransformersLoader(hub=hub, catalog=catalog, tasks=TASKS), budget_bytes=budget_bytes, queue_limit=8
    )
    return Showcase(
        settings=settings,
        catalog=catalog,
        engine=engine,
        availabilities=Availabilities(hub=hub, budget_bytes=budget_bytes),
        store=FeedbackStore(settings.database_url),
    )


@pytest.fixture
def showcase(hub: Hub, tmp_path: Path) -> Iterator[Showcase]:
    made = showcase_with(hub, tmp_path)
    yield made
    made.close()


@pytest.fixture
def adopting(showcase: Showcase, hub: Hub) -> Adopting:
    return Adopting(showcase, hub)


@pytest.fixture
def folder(tmp_path: Path, tiny_folder: Callable[[str], Path]) -> Path:
    return Path(shutil.copytree(tiny_folder(TASK), tmp_path / "my mood"))


@pytest.fixture
def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edited(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    return {**files, "config.json": json.dumps({**json.loads(files["config.json"]), **changes}).encode()}


def refusal(ask: Callable[[], object]) -> ShowcaseError:
    with pytest.raises(ShowcaseError) as caught:
        ask()
    assert "\n" not in str(caught.value)
    assert "/tmp" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        MODEL,
        f"  '{MODEL}' ",
        f"https://huggingface.co/{MODEL}",
        f"https://huggingface.co/{MODEL}/tree/main?x=1",
        f"hf.co/{MODEL}",
    ],
)
def test_a_model_of_the_hub_is_recognised_by_its_configuration_alone(
    server: HubServer, adopting: Adopting, files: dict[str, bytes], name: str
) -> None:
    server.repos[MODEL] = Repo(files)
    said: list[str] = []
    found = adopting.look(name, folders=False, say=said.append)
    assert (found.model_id, found.title, found.folder) == (MODEL, "mood", None)
    assert found.tasks[0].id == TASK
    assert found.size_bytes == len(files["model.safetensors"])
    assert said == ["Asking the Hub", "Reading its configuration", "Finding out what it does"]
    assert server.asked("GET", "model.safetensors") == []


def test_an_opened_model_answers_and_is_shared(
    server: HubServer, adopting: Adopting, showcase: Showcase, files: dict[str, bytes]
) -> None:
    server.repos[MODEL] = Repo(files)
    cards = [adopting.open(adopting.look(MODEL, folders=False), TASK) for _visitor in range(2)]
    assert cards[0] is cards[1]
    for card in cards:
        job = showcase.start(
            TASK, Text(text="good film"), {}, client="c", source="page", model_id=card.model_id, visiting=True
        )
        assert isinstance(job.result().output, Labels)
    assert [status.key.model_id for status in showcase.engine.models()] == [MODEL]


def test_what_is_on_this_machine_needs_no_hub(
    server: HubServer, hub: Hub, make_hub: Callable[..., Hub], showcase: Showcase, files: dict[str, bytes]
) -> None:
    server.repos[MODEL] = Repo(files)
    hub.download(MODEL)
    server.requests.clear()
    offline = make_hub("http://127.0.0.1:9", offline=True)
    assert Adopting(showcase, offline).look(MODEL, folders=False).tasks[0].id == TASK
    assert server.requests == []


def test_the_hubs_task_goes_first(server: HubServer, adopting: Adopting, files: dict[str, bytes]) -> None:
    server.repos[MODEL] = Repo(files, pipeline_tag=TASK)
    assert adopting.look(MODEL, folders=False).tasks[0].id == TASK


def test_a_model_of_the_catalog_is_the_catalogs(server: HubServer, adopting: Adopting, files: dict[str, bytes]) -> None:
    known = "cardiffnlp/twitter-roberta-base-sentiment-latest"
    server.repos[known] = Repo(files)
    assert adopting.open(adopting.look(known, folders=False), TASK).note.startswith("English posts")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"architectures": ["BertForNextSentencePrediction"]}, "does none of the tasks here"),
        ({"auto_map": {"AutoModel": "evil.Evil"}}, "code of its own"),
        ({"model_type": "quux"}, "of the kind 'quux', which transformers"),
    ],
)
def test_a_configuration_that_will_not_do_is_one_sentence(
    server: HubServer, adopting: Adopting, files: dict[str, bytes], changes: dict[str, Any], says: str
) -> None:
    server.repos[MODEL] = Repo(edited(files, **changes))
    error = refusal(lambda: adopting.look(MODEL, folders=False))
    assert says in error.message
    assert error.hint
    assert server.asked("GET", "model.safetensors") == []


@pytest.mark.parametrize(
    ("missing", "instead", "says"),
    [
        (("tokenizer.json", "vocab.txt"), {}, "has no tokenizer"),
        (("model.safetensors",), {"pytorch_model.bin": b"pickle"}, "can run code"),
        (("config.json",), {}, "no config.json"),
    ],
)
def test_files_that_are_missing_are_named(
    server: HubServer,
    adopting: Adopting,
    files: dict[str, bytes],
    missing: tuple[str, ...],
    instead: dict[str, bytes],
    says: str,
) -> None:
    left = {name: data for name, data in files.items() if name not in missing}
    server.repos[MODEL] = Repo({**left, **instead})
    assert says in refusal(lambda: adopting.look(MODEL, folders=False)).message


def test_what_the_hub_does_not_give_is_one_sentence(
    server: HubServer, adopting: Adopting, files: dict[str, bytes]
) -> None:
    assert "no model 'studio/none'" in refusal(lambda: adopting.look("studio/none", folders=False)).message
    server.repos[MODEL] = Repo(files, gated=True)
    error = refusal(lambda: adopting.look(MODEL, folders=False))
    assert "is gated" in error.message
    assert "hf auth login" in error.hint


def test_offline_is_one_sentence(showcase: Showcase, make_hub: Callable[..., Hub]) -> None:
    offline = Adopting(showcase, make_hub("http://127.0.0.1:9", offline=True))
    assert "switched off" in refusal(lambda: offline.look(MODEL, folders=False)).message


@pytest.mark.parametrize("name", ["", "   ", "x" * 2000, "a b", "a/b/c", "../..", "\x00", "file:///etc"])
def test_what_is_no_name_is_refused_without_asking(server: HubServer, adopting: Adopting, name: str) -> None:
    with pytest.raises((BadInput, UnknownName)):
        adopting.look(name, folders=False)
    assert server.requests == []


def test_what_does_not_fit_is_refused_before_it_is_fetched(
    server: HubServer, hub: Hub, tmp_path: Path, files: dict[str, bytes]
) -> None:
    server.repos[MODEL] = Repo(files)
    small = showcase_with(hub, tmp_path, budget_bytes=1000)
    adopting = Adopting(small, hub)
    found = adopting.look(MODEL, folders=False)
    assert "PODIUM_MEMORY_GB" in str(refusal(lambda: adopting.open(found, TASK)))
    small.close()


def test_a_folder_is_opened_and_its_place_told_to_nobody(adopting: Adopting, showcase: Showcase, folder: Path) -> None:
    found = adopting.look(str(folder), folders=True)
    card = adopting.open(found, TASK)
    assert card.folder == folder.resolve()
    assert card.title == "my mood"
    assert str(folder.parent) not in card.model_id
    run = showcase.start(TASK, Text(text="good"), {}, client="c", source="page", model_id=card.model_id, visiting=True)
    assert isinstance(run.result().output, Labels)


def test_a_link_to_a_folder_is_the_folder(adopting: Adopting, folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert adopting.look(f"{link}/../link", folders=True).model_id == adopting.look(str(folder), folders=True).model_id


@pytest.mark.parametrize("place", ["/etc", "~/x", "./x", "..", "file:///etc", r"\\server\share", r"C:\models"])
def test_from_elsewhere_no_folder_is_so_much_as_looked_at(
    adopting: Adopting, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("looked")

    monkeypatch.setattr(Path, "resolve", fail)
    monkeypatch.setattr(Path, "is_dir", fail)
    error = refusal(lambda: adopting.look(place, folders=False))
    assert "only on the machine that serves" in error.message


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "is damaged"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "can run code"),
        (lambda f: (f / "model.safetensors").write_bytes(b"cut"), "is damaged"),
        (
            lambda f: [(f / name).unlink() for name in ("tokenizer.json", "vocab.txt") if (f / name).exists()],
            "tokenizer",
        ),
        (lambda f: shutil.rmtree(f), "no such folder"),
    ],
)
def test_a_folder_that_will_not_do_is_one_sentence(
    adopting: Adopting, folder: Path, damage: Callable[[Path], object], says: str
) -> None:
    damage(folder)
    assert says in refusal(lambda: adopting.look(str(folder), folders=True)).message


@pytest.mark.parametrize("name", ["/no\x00where", "~nobody-of-that-name/x", "/dev/null"])
def test_what_is_no_folder_is_refused(adopting: Adopting, name: str) -> None:
    assert "no such folder" in refusal(lambda: adopting.look(name, folders=True)).message


def test_a_model_is_not_opened_for_what_it_does_not_do(adopting: Adopting, folder: Path) -> None:
    found = adopting.look(str(folder), folders=True)
    error = refusal(lambda: adopting.open(found, "image-classification"))
    assert "no model for image classification" in error.message
    assert TASK in error.hint


def test_a_request_opens_a_model_of_the_hub_and_no_folder(
    server: HubServer, adopting: Adopting, files: dict[str, bytes], folder: Path
) -> None:
    server.repos[MODEL] = Repo(files)
    card = adopting.admit(TASK, MODEL)
    server.requests.clear()
    assert adopting.admit(TASK, MODEL) is card
    assert server.requests == []
    with pytest.raises(BadInput, match="only on the machine"):
        adopting.admit(TASK, str(folder))
    with pytest.raises(ModelUnavailable, match="no model for token classification"):
        adopting.admit("token-classification", MODEL)
    opened = adopting.open(adopting.look(str(folder), folders=True), TASK)
    assert adopting.admit(TASK, opened.model_id) is opened
