"""The catalog file: what it may say, what is refused, and which of its models can run now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalog import Availabilities, Availability, Catalog, CatalogError, ModelCard
from core.errors import DoesNotFit, ModelUnavailable, UnknownName
from core.hub import Hub
from core.settings import Settings
from core.tasks import TASKS

TASK_IDS = ("text-classification", "image-classification")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROW = '[[model]]\nid = "studio/mood"\ntask = "text-classification"\n'
GB = 1_000_000_000


def read(tmp_path: Path, content: str) -> Catalog:
    path = tmp_path / "catalog.toml"
    path.write_text(content, encoding="utf-8")
    return Catalog.read(path, TASK_IDS)


def test_a_row_becomes_a_card(tmp_path: Path) -> None:
    catalog = read(
        tmp_path,
        ROW + 'title = "Mood"\nnote = "Glad or sad"\nrevision = "714eb0f"\nrequires = ["timm"]\nsize_mb = 1.5\n'
        'dtype = "bfloat16"\n[[model]]\npath = "starters/mood"\ntask = "text-classification"\n',
    )
    hub, local = catalog.models("text-classification")
    assert hub == ModelCard(
        task_id="text-classification",
        model_id="studio/mood",
        title="Mood",
        note="Glad or sad",
        revision="714eb0f",
        requires=("timm",),
        dtype="bfloat16",
        size_bytes=1_500_000,
    )
    assert (local.model_id, local.title, local.folder) == ("starters/mood", "mood", tmp_path / "starters" / "mood")
    assert (hub.is_starter, local.is_starter) == (False, True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[[model", "is not TOML"),
        ("model = 3", r"begin each one with \[\[model\]\]"),
        ("models = []", r"begin each one with \[\[model\]\]"),
        ('[[model]]\ntask = "text-classification"\n', r"row 1 \(no id\): give it either an id"),
        (ROW + 'path = "x"\n', "either an id"),
        (ROW.replace("text-", "taste-"), r"task is 'taste-classification'; it may be text-classification, image-"),
        ('[[model]]\nid = "studio/mood"\n', "task is None"),
        (ROW + "colour = 3\n", "'colour' is not a field; the fields are id, path, task"),
        (ROW + "title = 3\n", "'title' is of the wrong type"),
        (ROW + "size_mb = true\n", "'size_mb' is of the wrong type"),
        (ROW + 'dtype = "int8"\n', "dtype is 'int8'; it may be float32"),
        (ROW + "requires = [3]\n", "requires is a list of names"),
        (ROW + ROW, r"row 2 \(studio/mood\): text-classification has this model already"),
        ('[[model]]\npath = "x"\nrevision = "main"\ntask = "text-classification"\n', "a folder has no revision"),
    ],
)
def test_a_bad_row_is_one_sentence_with_file_row_and_fix(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "catalog.toml"))
    assert "\n" not in str(caught.value)


def test_a_catalog_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="PODIUM_CATALOG"):
        Catalog.read(tmp_path / "none.toml", TASK_IDS)


def test_a_miss_lists_what_there_is(tmp_path: Path) -> None:
    catalog = read(tmp_path, ROW)
    assert catalog.find("text-classification", "studio/other") is None
    assert catalog.get("text-classification", "studio/mood").model_id == "studio/mood"
    with pytest.raises(UnknownName, match="It has: studio/mood"):
        catalog.get("text-classification", "studio/other")
    with pytest.raises(UnknownName, match="It has models for: text-classification"):
        catalog.models("image-classification")


def test_the_catalog_that_ships_gives_every_task_hub_models_and_any_starter_last() -> None:
    catalog = Catalog.read(Settings().catalog_path)
    assert set(catalog.task_ids) == {task.id for task in TASKS}
    for task_id in catalog.task_ids:
        cards = catalog.models(task_id)
        others = [card for card in cards if not card.is_starter]
        assert len(others) >= 2
        assert cards[: len(others)] == tuple(others)
        assert all(card.note and card.title for card in cards)
        assert all(card.size_bytes for card in others)
    assert catalog.get("text-classification", "distilbert/distilbert-base-uncased-finetuned-sst-2-english").revision


class StandInHub(Hub):
    """Know whether the Hub answers without asking it; the cache is a real folder."""

    def __init__(self, cache_folder: Path, reachable: bool | None) -> None:
        super().__init__(cache_folder=cache_folder, offline=False)
        self._answer = reachable
        self.refused: ModelUnavailable | None = None

    def reachable_now(self) -> bool | None:
        return self._answer

    def refusal(self, model_id: str) -> ModelUnavailable | None:
        return self.refused


def checkpoint(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names or ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).write_bytes(b"{}")
    return folder


def cached(cache_folder: Path, model_id: str) -> Path:
    repository = cache_folder / f"models--{model_id.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return checkpoint(repository / "snapshots" / COMMIT)


HUB_CARD = ModelCard(task_id="text-classification", model_id="studio/mood", title="Mood", size_bytes=GB)


@pytest.fixture
def availability(tmp_path: Path) -> Callable[..., Availability]:
    def tell(
        card: ModelCard, *, reachable: bool | None = True, budget: int = 4 * GB, loaded: bool = False
    ) -> Availability:
        hub = StandInHub(tmp_path / "hub", reachable)
        return Availabilities(hub=hub, budget_bytes=budget).of(card, loaded=loaded)

    return tell


@pytest.mark.parametrize(
    ("reachable", "state"), [(True, "downloadable"), (None, "downloadable"), (False, "unavailable")]
)
def test_a_hub_model_is_as_far_as_the_hub(
    availability: Callable[..., Availability], reachable: bool | None, state: str
) -> None:
    found = availability(HUB_CARD, reachable=reachable)
    assert found.state == state
    assert found.size_bytes == GB
    if state == "unavailable":
        assert "cannot be reached" in found.reason
        assert "Connect this machine" in found.reason


@pytest.mark.parametrize("reachable", [True, None, False])
def test_a_cached_model_is_here_whatever_the_hub_says(
    tmp_path: Path, availability: Callable[..., Availability], reachable: bool | None
) -> None:
    cached(tmp_path / "hub", "studio/mood")
    assert availability(HUB_CARD, reachable=reachable) == Availability("here", "On this machine: loads in a moment.", 2)


def test_half_a_model_is_not_here(tmp_path: Path, availability: Callable[..., Availability]) -> None:
    (cached(tmp_path / "hub", "studio/mood") / "model.safetensors").unlink()
    assert availability(HUB_CARD).state == "downloadable"


def test_loaded_is_loaded_whatever_else(availability: Callable[..., Availability]) -> None:
    assert availability(HUB_CARD, reachable=False, budget=0, loaded=True).state == "loaded"


def local(folder: Path) -> ModelCard:
    return ModelCard(task_id="text-classification", model_id="starters/mood", title="Mood starter", folder=folder)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["config.json", "tokenizer.json", "model.safetensors"], None),
        (["config.json", "tokenizer.json", "pytorch_model.bin"], "can run code"),
        (["config.json", "tokenizer.json"], "no weights"),
        (["tokenizer.json", "model.safetensors"], "has no config.json"),
        (["config.json", "model.safetensors"], "has no tokenizer or processor"),
    ],
)
def test_a_folder_is_here_if_it_is_whole(
    tmp_path: Path, availability: Callable[..., Availability], names: list[str], says: str | None
) -> None:
    found = availability(local(checkpoint(tmp_path / "mood", *names)), reachable=False)
    if says is None:
        assert found.state == "here"
    else:
        assert found.state == "unavailable"
        assert says in found.reason
    assert str(tmp_path) not in found.reason


def test_a_folder_that_is_missing_says_so(tmp_path: Path, availability: Callable[..., Availability]) -> None:
    found = availability(local(tmp_path / "none"))
    assert found.state == "unavailable"
    assert "starters/mood, is missing" in found.reason
    assert str(tmp_path) not in found.reason


def test_a_package_that_is_missing_is_named_with_its_command(tmp_path: Path) -> None:
    card = ModelCard(task_id="object-detection", model_id="a/b", title="DETR", requires=("json", "no-such-package"))
    availabilities = Availabilities(hub=StandInHub(tmp_path, True), budget_bytes=GB)
    found = availabilities.of(card, loaded=False)
    assert found.state == "unavailable"
    assert "pip install no-such-package" in found.reason
    with pytest.raises(ModelUnavailable, match="pip install no-such-package"):
        availabilities.require(card, loaded=False)
    availabilities.require(card, loaded=True)


def test_what_cannot_fit_at_any_precision_is_refused(tmp_path: Path) -> None:
    hub = StandInHub(tmp_path, True)
    for budget, fits in ((GB // 2, True), (GB // 2 - 1, False)):
        availabilities = Availabilities(hub=hub, budget_bytes=budget)
        assert (availabilities.of(HUB_CARD, loaded=False).state == "downloadable") is fits
        if not fits:
            with pytest.raises(DoesNotFit, match="PODIUM_MEMORY_GB"):
                availabilities.require(HUB_CARD, loaded=False)


def test_what_the_hub_just_refused_is_shown(tmp_path: Path) -> None:
    hub = StandInHub(tmp_path, True)
    hub.refused = ModelUnavailable("'studio/mood' is gated.", hint="Log in.")
    found = Availabilities(hub=hub, budget_bytes=4 * GB).of(HUB_CARD, loaded=False)
    assert (found.state, found.reason) == ("unavailable", "'studio/mood' is gated. Log in.")


def test_an_id_that_cannot_be_one_is_unavailable(tmp_path: Path) -> None:
    card = ModelCard(task_id="text-classification", model_id="../etc", title="x")
    found = Availabilities(hub=StandInHub(tmp_path, True), budget_bytes=GB).of(card, loaded=False)
    assert found.state == "unavailable"


def test_looking_does_not_wait_for_the_network(tmp_path: Path) -> None:
    held_up = threading.Event()
    hub = Hub(endpoint="http://hub.test", cache_folder=tmp_path, offline=False)
    hub._reach._probe = lambda: held_up.wait(30.0)
    try:
        assert Availabilities(hub=hub, budget_bytes=4 * GB).of(HUB_CARD, loaded=False).state == "downloadable"
    finally:
        held_up.set()


@pytest.mark.parametrize(
    ("reachable", "is_cached", "is_whole", "first"),
    [
        (True, False, True, "starters/mood"),  # what answers at once goes before what has to be fetched
        (True, True, True, "studio/mood"),
        (False, True, False, "studio/mood"),
        (False, False, True, "starters/mood"),
        (True, False, False, "studio/mood"),
        (False, False, False, None),
    ],
)
def test_a_task_starts_with_the_first_model_that_answers_at_once(
    tmp_path: Path, reachable: bool, is_cached: bool, is_whole: bool, first: str | None
) -> None:
    starter = local(checkpoint(tmp_path / "mood") if is_whole else tmp_path / "none")
    if is_cached:
        cached(tmp_path / "hub", "studio/mood")
    availabilities = Availabilities(hub=StandInHub(tmp_path / "hub", reachable), budget_bytes=4 * GB)
    chosen = availabilities.first_runnable((HUB_CARD, starter), lambda card: False)
    assert (chosen.model_id if chosen else None) == first


@pytest.mark.parametrize(
    ("model_id", "converses"),
    [
        ("HuggingFaceTB/SmolLM2-135M-Instruct", True),
        ("google/gemma-3-1b-it", True),
        ("studio/small-chat", True),
        ("openai-community/gpt2", False),
        ("studio/italian", False),
    ],
)
def test_whether_a_model_converses_is_guessed_from_its_name_until_it_is_here(
    model_id: str, converses: bool, tmp_path: Path
) -> None:
    availabilities = Availabilities(hub=StandInHub(tmp_path, True), budget_bytes=GB)
    assert availabilities.converses(ModelCard(task_id="text-generation", model_id=model_id, title="T")) == converses
