"""Home, Models and Feedback."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.catalog import Endpoint, ModelCard
from core.runtime import Runtime
from core.tasks import TASKS, get_task
from core.values import Text
from tests.pages.conftest import Visit


def words(app: AppTest) -> str:
    shown = [str(element.value) for kind in (app.markdown, app.caption, app.text) for element in kind]
    return " ".join([*shown, *(element.proto.body for element in app.get("html"))])


def test_home_has_a_card_for_every_task(visit: Visit) -> None:
    app = visit()
    shown = words(app)
    for task in TASKS:
        assert task.summary in shown


def test_the_models_page_lists_the_catalog_and_what_is_loaded(visit: Visit, session_runtime: Runtime) -> None:
    showcase = session_runtime.showcase
    showcase.run("text-classification", Text(text="Good."), {}, client="c", source="page")
    app = visit("models")
    shown = words(app)
    for card in showcase.catalog.cards:
        assert card.model_id in shown
    assert any(button.label == "Unload" for button in app.button)


def test_a_model_can_be_pinned_and_unloaded_by_its_owner(visit: Visit, session_runtime: Runtime) -> None:
    showcase = session_runtime.showcase
    showcase.run("text-classification", Text(text="Good."), {}, client="c", source="page")
    card = showcase.first_model(get_task("text-classification"))
    app = visit("models")
    key = "text-classification_starters/sentiment"
    app.button(key=f"pin_{key}").click().run()
    assert showcase.status(card).pinned
    app.button(key=f"pin_{key}").click().run()
    assert not showcase.status(card).pinned
    app.button(key=f"unload_{key}").click().run()
    assert not app.exception
    assert showcase.status(card) is None


def test_the_feedback_page_counts_and_lists(visit: Visit, session_runtime: Runtime) -> None:
    run = session_runtime.showcase.run("text-classification", Text(text="Good."), {}, client="c", source="page")
    session_runtime.judging.judge(run, judge="somebody", rating=0.0, comment="<script>alert(1)</script>", tags=["odd"])
    app = visit("feedback")
    assert "starters/sentiment" in set(app.dataframe[0].value["Model"])
    texts = [text.value for text in app.text]
    assert "odd · <script>alert(1)</script>" in texts
    app.selectbox(key="filter_verdict").set_value("right").run()
    assert not app.exception
    assert "odd · <script>alert(1)</script>" not in [text.value for text in app.text]


def test_what_people_wrote_is_the_owners(
    visit: Visit, session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = session_runtime.showcase.run("text-classification", Text(text="Good."), {}, client="c", source="page")
    session_runtime.judging.judge(run, judge="somebody", rating=1.0, comment="for the owner only")
    object.__setattr__(session_runtime.settings, "owner_key", "open sesame")
    try:
        app = visit("feedback")
        assert "for the owner only" not in [text.value for text in app.text]
        app.text_input(key="owner_key").set_value("wrong").run()
        assert "for the owner only" not in [text.value for text in app.text]
        app.text_input(key="owner_key").set_value("open sesame").run()
        assert "for the owner only" in [text.value for text in app.text]
    finally:
        object.__setattr__(session_runtime.settings, "owner_key", "")


@pytest.mark.parametrize("page", ["feedback", "models"])
def test_a_database_that_is_down_takes_no_page_down(
    page: str, visit: Visit, session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.feedback.store import FeedbackStore

    monkeypatch.setattr(session_runtime.showcase, "store", FeedbackStore("postgresql://nobody@127.0.0.1:1/none"))
    app = visit(page)
    assert not app.exception


def test_a_model_that_runs_elsewhere_says_where(
    visit: Visit, session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    showcase = session_runtime.showcase
    assert "Everything here runs on this machine." in words(visit())
    far = ModelCard(
        task_id="summarization",
        model_id="far/summaries",
        title="Far",
        endpoint=Endpoint("https://far.example/api/tasks/summarization"),
    )
    monkeypatch.setattr(showcase.catalog, "cards", (far, *showcase.catalog.cards))
    home = words(visit())
    assert "Everything here runs on this machine." not in home
    assert "Far · runs at far.example" in home
    showcase.run("text-classification", Text(text="Good."), {}, client="c", source="page")
    asked = replace(showcase.engine.models()[0], state="elsewhere", device="far.example", runs=3)
    monkeypatch.setattr(showcase.engine, "models", lambda: [asked])
    models = words(visit("models"))
    assert "runs at far.example · 3 runs" in models
    assert "Nothing is loaded yet." in models
    boxes = visit("text", task="summarization").selectbox
    assert any("Far · runs at far.example" in box.options for box in boxes)
