"""Demos on the pages: from an example to a judged answer, and what only their owner sees."""

from __future__ import annotations

import pytest

from core.demos import BrokenDemo, Demos, find_demos
from core.protocol import ANSWERS
from core.runtime import Runtime
from core.settings import ROOT
from core.tasks.spec import Task
from core.ui.corrections import CORRECTIONS
from core.ui.outputs import VIEWS
from core.ui.outputs.export import COPIED
from core.values import Several
from tests.pages.conftest import Visit
from tests.pages.test_task_pages import press_run, run_of

SHIPPED = [pytest.param(demo.task, id=demo.task.id) for demo in find_demos(ROOT / "demos").found]


@pytest.mark.parametrize("task", SHIPPED)
def test_a_demo_goes_from_example_to_judged_answer(task: Task, visit: Visit, session_runtime: Runtime) -> None:
    app = press_run(visit(task.modality, task=task.id))
    run = run_of(app, session_runtime)
    assert run.record.task_id == task.id
    assert isinstance(run.output, task.output)
    run_id = run.record.run_id
    app.feedback(key=f"thumbs_{run_id}").set_value(0).run()
    assert not app.exception
    app.text_area(key=f"comment_{run_id}").set_value("Nearly.")
    app.button(key=f"save_{run_id}").click().run()
    assert not app.exception
    said = session_runtime.showcase.store.history(run_id)[-1]
    assert (said.rating, said.comment, said.correction) == (0.0, "Nearly.", None)
    again = visit(task.modality, task=task.id, run=run_id)
    assert not again.error
    assert again.feedback(key=f"thumbs_{run_id}") is not None


def test_one_of_several_answers_is_corrected_and_the_others_stay(visit: Visit, session_runtime: Runtime) -> None:
    app = press_run(visit("image", task="demo-count-the-shapes"))
    run = run_of(app, session_runtime)
    run_id = run.record.run_id
    app.feedback(key=f"thumbs_{run_id}").set_value(0).run()
    app.text_area(key=f"correction_{run_id}_0").set_value("I see four things.")
    app.button(key=f"save_{run_id}").click().run()
    assert not app.exception
    said = session_runtime.showcase.store.history(run_id)[-1]
    right = Several.from_json(said.correction)
    assert right.parts[0].text == "I see four things."
    assert right.parts[1] == run.output.parts[1]
    assert right.titles == run.output.titles


@pytest.mark.parametrize("task", SHIPPED)
def test_a_demo_has_a_card_on_home_and_a_row_among_the_models(task: Task, visit: Visit) -> None:
    assert task.summary in " ".join(str(caption.value) for caption in visit().caption)
    assert f"**{task.title}**" in " ".join(str(markdown.value) for markdown in visit("models").markdown)


def test_a_demo_without_examples_has_an_empty_form_and_a_widget_for_every_parameter(
    visit: Visit, session_runtime: Runtime
) -> None:
    task_id = "demo-every-parameter"
    app = visit("text", task=task_id, **{f"{task_id}.seed": "11", f"{task_id}.least": "1.5"})
    assert app.slider(key=f"{task_id}.times").value == 2
    assert app.slider(key=f"{task_id}.share").value == 0.25
    assert app.number_input(key=f"{task_id}.seed").value == 11
    assert app.number_input(key=f"{task_id}.year").max == 1_000_000
    assert app.number_input(key=f"{task_id}.least").value == 1.5
    assert (app.text_area(key=f"{task_id}.first_text").value, app.caption.values[-1]) == (
        "",
        "The answer will stand here.",
    )
    app.text_area(key=f"{task_id}.first_text").set_value("one")
    app.text_area(key=f"{task_id}.second_text").set_value("two")
    app.number_input(key=f"{task_id}.seed").set_value(12)
    words, labels = run_of(press_run(app), session_runtime).output.parts
    assert words.text == "('one', 'two', None, 2, 12, 1999, 1.5, 0.25, True, 'calm', '!', ('a', 'b'))"
    assert labels.labels[0].label == "calm"


def test_what_a_demo_needs_is_asked_for(visit: Visit) -> None:
    app = visit("text", task="demo-every-parameter")
    app.text_area(key="demo-every-parameter.first_text").set_value("one")
    next(button for button in app.button if button.label == "Run").click().run()
    assert not app.exception
    assert "Second is missing" in app.error[0].value


def test_broken_demos_are_the_owners_to_see(
    visit: Visit, session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = session_runtime.demos
    broken = Demos(before.found, (BrokenDemo("odd.py", "f", "'x' has no *annotation*."),))
    object.__setattr__(session_runtime, "demos", broken)
    try:
        for page in (None, "models"):
            assert "odd.py, f: 'x' has no *annotation*." in [text.value for text in visit(page).text]
        monkeypatch.setattr("core.ui.state.visits_from_this_machine", lambda: False)
        for page in (None, "models"):
            app = visit(page)
            monkeypatch.setattr("core.ui.state.visits_from_this_machine", lambda: False)
            assert not [text.value for text in app.run().text if "odd.py" in text.value]
    finally:
        object.__setattr__(session_runtime, "demos", before)


def test_a_demo_whose_file_is_gone_takes_no_page_down(
    visit: Visit, session_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    showcase = session_runtime.showcase
    task = showcase.task("demo-sentence-by-sentence")
    run = showcase.run(task.id, showcase.read_input(task, "Good."), {}, client="c", source="page")
    session_runtime.judging.judge(run, judge="somebody", rating=1.0, comment="of a demo that is gone")
    monkeypatch.setattr(showcase, "_tasks", tuple(one for one in showcase.tasks() if one.id != task.id))
    app = visit("feedback")
    assert not app.error
    assert task.id in set(app.dataframe[0].value["Task"])
    assert "of a demo that is gone" in [text.value for text in app.text]


def test_every_answer_that_has_a_view_has_all_that_a_demo_needs() -> None:
    for registry in (COPIED, CORRECTIONS, ANSWERS):
        assert set(registry) == {*VIEWS, Several}
