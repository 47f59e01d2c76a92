"""Every task's page, from its first example to a judged answer."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.runtime import Runtime
from core.tasks import TASKS
from core.tasks.spec import Task
from core.values import Text
from tests.pages.conftest import Visit

BY_ID = [pytest.param(task, id=task.id) for task in TASKS]


def run_button(app: AppTest) -> object:
    return next(button for button in app.button if button.label == "Run")


def press_run(app: AppTest) -> AppTest:
    run_button(app).click().run()  # type: ignore[attr-defined]
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    return app


def run_of(app: AppTest, runtime: Runtime) -> object:
    (run_id,) = [app.query_params["run"]] if isinstance(app.query_params["run"], str) else app.query_params["run"]
    return runtime.showcase.find_run(run_id)


@pytest.mark.parametrize("task", BY_ID)
def test_the_first_example_is_ready_and_runs(task: Task, visit: Visit, session_runtime: Runtime) -> None:
    app = press_run(visit(task.modality, task=task.id))
    run = run_of(app, session_runtime)
    assert run.record.task_id == task.id
    assert run.record.model_id == session_runtime.showcase.first_model(task).model_id
    assert isinstance(run.output, task.output)


@pytest.mark.parametrize("task", BY_ID)
def test_run_is_a_forms_button_which_tells_the_server_before_it_is_drawn(task: Task, visit: Visit) -> None:
    button = run_button(visit(task.modality, task=task.id))
    assert button.proto.is_form_submitter  # type: ignore[attr-defined]
    assert button.proto.form_id  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", BY_ID)
def test_an_answer_can_be_judged_and_the_judgement_undone(task: Task, visit: Visit, session_runtime: Runtime) -> None:
    app = press_run(visit(task.modality, task=task.id))
    run = run_of(app, session_runtime)
    app.feedback(key=f"thumbs_{run.record.run_id}").set_value(0).run()
    assert not app.exception
    (said,) = session_runtime.showcase.store.history(run.record.run_id)
    assert said.rating == 0.0
    assert session_runtime.showcase.store.find_input(run.record.run_id) is not None
    app.button(key="undo").click().run()
    assert not app.exception
    assert session_runtime.showcase.store.current_judgement(run.record.run_id, said.judge) is None
    assert session_runtime.showcase.store.find_input(run.record.run_id) is None


@pytest.mark.parametrize("task", BY_ID)
def test_every_parameter_has_a_widget_with_its_default_and_help(task: Task, visit: Visit) -> None:
    app = visit(task.modality, task=task.id)
    defaults = task.checked_parameters({})
    widgets = {
        widget.key: widget
        for kind in (app.slider, app.number_input, app.toggle, app.selectbox, app.text_input, app.multiselect)
        for widget in kind
    }
    for name, field in task.parameters.model_fields.items():
        if (field.json_schema_extra or {}).get("chat"):  # these models do not converse
            assert f"{task.id}.{name}" not in widgets
            continue
        widget = widgets[f"{task.id}.{name}"]
        value = getattr(defaults, name)
        assert widget.value == (list(value) if isinstance(value, tuple) else value)
        assert widget.help == field.description


def test_a_correction_is_kept_in_the_answers_own_type(visit: Visit, session_runtime: Runtime) -> None:
    app = press_run(visit("text", task="text-classification"))
    run_id = run_of(app, session_runtime).record.run_id
    app.feedback(key=f"thumbs_{run_id}").set_value(0).run()
    app.selectbox(key=f"correction_{run_id}").set_value("negative")
    app.text_area(key=f"comment_{run_id}").set_value("<b>=1+1</b>")
    app.button(key=f"save_{run_id}").click().run()
    assert not app.exception
    said = session_runtime.showcase.store.history(run_id)[-1]
    assert said.correction_type == "Labels"
    assert said.correction == {"labels": [{"label": "negative", "score": 1.0}], "note": ""}
    assert said.comment == "<b>=1+1</b>"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no text"),
        ("   \n ", "no text"),
        ("x" * 1_000_000, "20"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_in_one_sentence(text: str, sentence: str, visit: Visit) -> None:
    app = visit("text", task="text-classification")
    app.text_area(key="text-classification.text").set_value(text)
    run_button(app).click().run()  # type: ignore[attr-defined]
    assert not app.exception
    (error,) = app.error
    assert sentence in error.value
    assert "run" not in app.query_params


@pytest.mark.parametrize("text", ["\x07bell\x00", "👩‍👩‍👧 great!", "שלום עולם", "é" * 300, "a\u202eb"])
@pytest.mark.parametrize("task_id", ["text-classification", "token-classification"])
def test_any_script_and_sign_gets_an_answer(text: str, task_id: str, visit: Visit) -> None:
    app = visit("text", task=task_id)
    app.text_area(key=f"{task_id}.text").set_value(text)
    press_run(app)


def test_a_link_reopens_a_run_with_its_input_and_answer(visit: Visit, session_runtime: Runtime) -> None:
    app = visit("text", task="text-classification")
    app.text_area(key="text-classification.text").set_value("Opened again on a telephone.")
    run_id = run_of(press_run(app), session_runtime).record.run_id
    again = visit("text", task="text-classification", run=run_id)
    assert again.text_area(key="text-classification.text").value == "Opened again on a telephone."
    assert again.feedback(key=f"thumbs_{run_id}") is not None


def test_a_link_to_a_run_that_is_not_there_says_so(visit: Visit) -> None:
    app = visit("text", task="text-classification", run="0" * 32)
    assert "not kept" in app.error[0].value


def test_a_run_of_another_task_is_not_shown_here(visit: Visit, session_runtime: Runtime) -> None:
    run = session_runtime.showcase.run("text-classification", Text(text="Fine."), {}, client="c", source="page")
    app = visit("text", task="token-classification", run=run.record.run_id)
    assert "not kept" in app.error[0].value


def test_parameters_come_from_the_url(visit: Visit) -> None:
    app = visit("text", task="text-classification", **{"text-classification.top_k": "1"})
    assert app.slider(key="text-classification.top_k").value == 1


def test_an_unknown_task_or_model_in_the_url_falls_back(visit: Visit) -> None:
    app = visit("text", task="no-such-task", model="no/such-model")
    assert run_button(app) is not None
    assert app.selectbox(key="text-classification.model").value == "starters/sentiment"


def test_a_model_that_cannot_run_says_why_and_what_to_do(visit: Visit) -> None:
    model_id = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"
    app = visit("text", task="text-classification", model=model_id)
    assert app.selectbox(key="text-classification.model").value == model_id
    (warning,) = app.warning
    assert "HF_HUB_OFFLINE" in warning.value
    run_button(app).click().run()  # type: ignore[attr-defined]
    assert not app.exception
    assert "HF_HUB_OFFLINE" in app.error[0].value.replace("\\", "")


def test_two_visitors_do_not_see_each_others_work(visit: Visit) -> None:
    one, other = visit("text", task="text-classification"), visit("text", task="text-classification")
    one.text_area(key="text-classification.text").set_value("Only mine.")
    press_run(one)
    other.run()
    assert other.text_area(key="text-classification.text").value != "Only mine."
    assert "run" not in other.query_params


def test_a_failing_page_shows_an_id_and_no_traceback(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret path /etc/podium")

    monkeypatch.setattr("core.ui.result.show_output", break_down)
    app = visit("text", task="text-classification")
    run_button(app).click().run()  # type: ignore[attr-defined]
    assert not app.exception
    (error,) = app.error
    assert "problem" in error.value
    assert "secret" not in error.value
