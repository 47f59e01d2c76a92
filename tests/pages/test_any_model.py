"""The models page: any checkpoint by its id or folder, and the catalog's list."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.constants
import pytest
from streamlit.testing.v1 import AppTest

from core.catalog import Catalog
from core.hub.reach import Reach
from core.runtime import Runtime
from tests.hub.hub_server import HubServer, Repo
from tests.pages.conftest import Visit
from tests.pages.test_other_pages import words
from tests.pages.test_task_pages import press_run, run_of

TASK = "text-classification"
MODEL = "studio/mood"


@pytest.fixture
def server(
    session_runtime: Runtime, tmp_path: Path, tiny_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubServer]:
    """Give the site's one Hub a stand-in to talk to."""
    hub = session_runtime.adopting._hub
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    with HubServer() as running:
        monkeypatch.setattr(hub, "_endpoint", running.endpoint)
        monkeypatch.setattr(hub, "_offline", False)
        monkeypatch.setattr(hub, "_cache_folder", tmp_path / "hub")
        monkeypatch.setattr(hub, "_reach", Reach(hub._answers))
        running.repos[MODEL] = Repo({path.name: path.read_bytes() for path in tiny_folder(TASK).iterdir()})
        yield running
    huggingface_hub.close_session()


@pytest.fixture
def folder(tmp_path: Path, tiny_folder: Callable[[str], Path]) -> Path:
    return Path(shutil.copytree(tiny_folder(TASK), tmp_path / "my *mood*"))


@pytest.fixture
def set_setting(session_runtime: Runtime) -> Iterator[Callable[[str, Any], None]]:
    before = dict(vars(session_runtime.settings))
    yield lambda name, value: object.__setattr__(session_runtime.settings, name, value)
    for name, value in before.items():
        object.__setattr__(session_runtime.settings, name, value)


def look_up(app: AppTest, name: str) -> AppTest:
    app.text_input(key="any_model_name").set_value(name)
    app.button(key="look_up").click().run()
    assert not app.exception, app.exception
    return app


def choose(app: AppTest, task_id: str = TASK) -> AppTest:
    """Say which task is meant, where there is a choice."""
    if any(radio.key == "any_model_task" for radio in app.radio):
        app.radio(key="any_model_task").set_value(task_id).run()
        app.button(key="open_found").click().run()
    assert not app.exception, app.exception
    return app


def opened(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption if "opened for this visit" in caption.value)


def test_a_model_of_the_hub_is_opened_and_runs_from_the_url(
    server: HubServer, visit: Visit, session_runtime: Runtime
) -> None:
    app = choose(look_up(visit("models"), MODEL))
    assert not app.error
    assert MODEL in opened(app)
    page = visit("text", task=TASK, model=MODEL)
    assert page.selectbox(key=f"{TASK}.model").value == MODEL
    assert "Opened for this visit." in words(page)
    assert run_of(press_run(page), session_runtime).record.model_id == MODEL
    session_runtime.showcase.engine.unload(
        session_runtime.showcase._key(session_runtime.showcase.catalog.find(TASK, MODEL))
    )


def test_a_folder_is_opened_kept_and_taken_out_again(visit: Visit, session_runtime: Runtime, folder: Path) -> None:
    path = session_runtime.settings.catalog_path
    before = path.read_bytes()
    app = choose(look_up(visit("models"), str(folder)))
    model_id = session_runtime.showcase.catalog.folder_id(folder)
    key = f"{TASK}_{model_id}"
    assert str(folder.parent) not in words(app)
    app.button(key=f"keep_{key}").click().run()
    assert not app.exception
    assert not app.error
    assert opened(app) == ""
    assert path.read_bytes().startswith(before)
    (kept,) = [card for card in Catalog.read(path).cards if card.added]
    assert (kept.model_id, kept.folder) == (model_id, folder)
    assert model_id in words(app)
    app.button(key=f"out_{key}").click().run()
    assert not app.exception
    assert path.read_bytes() == before
    assert model_id.rpartition("-")[2] in opened(app)


def test_a_catalog_that_cannot_be_written_says_so(
    visit: Visit, session_runtime: Runtime, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = choose(look_up(visit("models"), str(folder)))
    monkeypatch.setattr("os.access", lambda *_: False)
    app.button(key=f"keep_{TASK}_{session_runtime.showcase.catalog.folder_id(folder)}").click().run()
    (error,) = app.error
    assert "PODIUM" in error.value
    assert "cannot be written" in error.value


def test_where_several_tasks_are_possible_one_is_asked_for(
    visit: Visit, server: HubServer, session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = session_runtime.showcase.tasks()[:2]
    monkeypatch.setattr("core.adopting.fitting_tasks", lambda *_, **__: tuple(tasks))
    app = look_up(visit("models"), MODEL)
    (radio,) = [radio for radio in app.radio if radio.key == "any_model_task"]
    assert radio.options == [task.title for task in tasks]
    radio.set_value(tasks[1].id).run()
    app.button(key="open_found").click().run()
    assert tasks[1].title in opened(app)
    assert not [radio for radio in app.radio if radio.key == "any_model_task"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "no model id yet"),
        ("studio/none", "has no model"),
        ("/no/such/place", "no such folder"),
        ("a b", "not a model id"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(server: HubServer, visit: Visit, name: str, says: str) -> None:
    app = look_up(visit("models"), name)
    (error,) = app.error
    assert says in error.value
    assert opened(app) == ""


def test_another_visitor_does_not_see_it_but_may_follow_a_link(server: HubServer, visit: Visit) -> None:
    choose(look_up(visit("models"), MODEL))
    assert MODEL not in opened(visit("models"))
    plain = visit("text", task=TASK)
    assert "mood" not in " ".join(plain.selectbox(key=f"{TASK}.model").options)
    linked = visit("text", task=TASK, model=MODEL)
    assert linked.selectbox(key=f"{TASK}.model").value == MODEL


def test_from_elsewhere_only_what_is_allowed(
    server: HubServer,
    visit: Visit,
    session_runtime: Runtime,
    folder: Path,
    set_setting: Callable[[str, Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = choose(look_up(visit("models"), str(folder)))
    assert opened(own)
    model_id = session_runtime.showcase.catalog.folder_id(folder)
    choose(look_up(visit("models"), MODEL))
    monkeypatch.setattr("core.ui.state.visits_from_this_machine", lambda: False)
    for setting, may in (("auto", False), ("no", False), ("yes", True)):
        set_setting("allow_any_model", setting)
        app = visit("models")
        assert any(button.key == "look_up" for button in app.button) is may
        chosen = visit("text", task=TASK, model=MODEL).selectbox(key=f"{TASK}.model").value
        assert (chosen == MODEL) is may
        assert visit("text", task=TASK, model=model_id).selectbox(key=f"{TASK}.model").value != model_id
    (error,) = look_up(app, str(folder)).error
    assert "only on the machine that serves" in error.value
    app = choose(look_up(app, MODEL))
    assert MODEL in opened(app)
    assert not any(str(button.key).startswith("keep_") for button in app.button)


def test_a_link_to_a_model_that_is_not_open_offers_to_open_it(
    server: HubServer, visit: Visit, session_runtime: Runtime
) -> None:
    other = "studio/other"
    server.repos[other] = server.repos[MODEL]
    app = visit("text", task=TASK, model=other)
    assert app.selectbox(key=f"{TASK}.model").value == "starters/sentiment"
    app.button(key=f"{TASK}.open").click().run()
    assert not app.exception
    assert app.selectbox(key=f"{TASK}.model").value == other


def test_the_list_is_filtered_by_words_modality_and_state(visit: Visit) -> None:
    # As the catalog lists them: what other tests have loaded stands above, by its id alone.
    sentiment, spoken = "starters/sentiment · English", "starters/spoken-digits · English"
    app = visit("models")
    assert sentiment in words(app)
    app.text_input(key="catalog_words").set_value("speech digits").run()
    assert sentiment not in words(app)
    app.text_input(key="catalog_words").set_value("").run()
    app.button_group(key="catalog_modality").set_value("audio").run()
    shown = words(app)
    assert sentiment not in shown
    assert spoken in shown
    app.button_group(key="catalog_states").set_value(["unavailable"]).run()
    assert spoken not in words(app)
    app.text_input(key="catalog_words").set_value("nothing is like this").run()
    assert "No model of the catalog is like that." in words(app)


def test_being_offline_is_said_once(visit: Visit, session_runtime: Runtime) -> None:
    app = visit("models")
    states = [session_runtime.showcase.availability(card) for card in session_runtime.showcase.catalog.cards]
    offline = [state for state in states if "HF_HUB_OFFLINE" in state.reason]
    assert len(offline) > 10
    (warning,) = [warning.value for warning in app.warning if "HF" in warning.value]
    assert warning.startswith(f"{len(offline)} models cannot run now")
    assert "HF_HUB_OFFLINE" not in words(app)
