"""The page of a model that converses: message and answer in turns, going on, stopping, starting over."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.job import Run
from core.runtime import Runtime
from core.tasks import get_task
from core.values import Chat, Text
from tests.conftest import CHAT
from tests.pages.conftest import Visit
from tests.pages.test_task_pages import press_run, run_of

TASK = get_task("text-generation")
SHORT = {"text-generation.max_new_tokens": "4", "text-generation.do_sample": "false"}


@pytest.fixture
def model_id(session_runtime: Runtime) -> str:
    return next(card.model_id for card in session_runtime.showcase.catalog.models(TASK.id) if CHAT in card.model_id)


@pytest.fixture
def page(visit: Visit, model_id: str) -> AppTest:
    return visit("text", task=TASK.id, model=model_id, **SHORT)


def say(app: AppTest, message: str, runtime: Runtime) -> Run:
    app.chat_input[0].set_value(message).run()
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    run = run_of(app, runtime)
    assert isinstance(run, Run)
    return run


def said(run: Run, runtime: Runtime) -> list[tuple[str, str]]:
    job = runtime.showcase.find_job(run.record.run_id)
    assert job is not None
    assert isinstance(job.request.inputs, Chat)
    return [(message.role, message.content) for message in job.request.inputs.messages]


def shown(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def test_two_turns_are_one_conversation(page: AppTest, session_runtime: Runtime) -> None:
    first = say(page, "Hello there.", session_runtime)
    assert said(first, session_runtime) == [("user", "Hello there.")]
    second = say(page, "And then?", session_runtime)
    assert second.record.run_id != first.record.run_id
    assert said(second, session_runtime) == [
        ("user", "Hello there."),
        ("assistant", first.output.text),
        ("user", "And then?"),
    ]
    assert all(words in shown(page) for words in ("Hello there.", "And then?", "pd-assistant"))
    assert page.feedback(key=f"thumbs_{second.record.run_id}") is not None


def test_starting_over_leaves_the_conversation(page: AppTest, session_runtime: Runtime) -> None:
    say(page, "Hello there.", session_runtime)
    page.button(key="start_over").click().run()
    assert not page.exception
    assert "run" not in page.query_params
    assert "Hello there." not in shown(page)
    assert said(say(page, "Once more.", session_runtime), session_runtime) == [("user", "Once more.")]


def test_an_opening_is_sent_at_one_click(page: AppTest, session_runtime: Runtime) -> None:
    page.button(key=f"{TASK.id}.opening_1").click().run()
    run = run_of(page, session_runtime)
    assert said(run, session_runtime) == [("user", TASK.openings[1])]
    assert not [button for button in page.button if button.label in TASK.openings]


def test_a_link_reopens_the_conversation_and_it_goes_on(
    page: AppTest, visit: Visit, model_id: str, session_runtime: Runtime
) -> None:
    first = say(page, "Hello there.", session_runtime)
    again = visit("text", task=TASK.id, model=model_id, run=first.record.run_id, **SHORT)
    assert "Hello there." in shown(again)
    assert len(said(say(again, "And then?", session_runtime), session_runtime)) == 3


def test_a_judged_conversation_is_kept_and_read_back(page: AppTest, session_runtime: Runtime) -> None:
    run = say(page, "Hello there.", session_runtime)
    page.feedback(key=f"thumbs_{run.record.run_id}").set_value(1).run()
    kept = session_runtime.showcase.find_run(run.record.run_id)
    assert kept is not None
    assert isinstance(kept.inputs, Chat)
    assert kept.inputs.messages[0].content == "Hello there."


def test_a_new_message_stops_the_answer_before_it_and_keeps_what_there_is(
    page: AppTest, session_runtime: Runtime, model_id: str
) -> None:
    from core.ui.conversation import _said

    inputs = session_runtime.showcase.read_input(TASK, [{"role": "user", "content": "Hello there."}])
    job = session_runtime.showcase.start(
        TASK.id, inputs, {"max_new_tokens": 400}, client="c", source="page", model_id=model_id, streaming=True
    )
    messages = _said(job)
    assert job.finished
    assert messages[:1] == inputs.messages[: len(messages[:1])]
    assert all(message.role == "assistant" for message in messages[1:])


def test_the_model_is_told_what_the_visitor_wrote_beforehand(page: AppTest, session_runtime: Runtime) -> None:
    page.text_area(key=f"{TASK.id}.system_prompt").set_value("You are a lighthouse.").run()
    run = say(page, "Hello there.", session_runtime)
    assert run.record.parameters["system_prompt"] == "You are a lighthouse."


def test_a_conversation_too_long_for_the_model_is_refused_in_one_sentence(
    page: AppTest, session_runtime: Runtime
) -> None:
    page.chat_input[0].set_value("x" * 600).run()
    assert not page.exception
    (error,) = page.error
    assert "512 in all" in error.value
    assert said(say(page, "Shorter.", session_runtime), session_runtime) == [("user", "Shorter.")]


def test_a_model_that_continues_texts_keeps_its_form(visit: Visit, session_runtime: Runtime) -> None:
    app = visit("text", task=TASK.id)
    assert not app.chat_input
    assert app.text_area(key=f"{TASK.id}.text").value == TASK.examples[0].inputs
    run = run_of(press_run(app), session_runtime)
    assert isinstance(session_runtime.showcase.find_job(run.record.run_id).request.inputs, Text)
