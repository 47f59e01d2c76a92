"""A modality's page: choose a task and a model, give an input, press `Run`, see the answer, judge it.

Owns the order of things on the page and what the URL says of it. Everything shown comes from the
task's declaration.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.catalog import ModelCard
from core.job import Job, Run
from core.tasks.spec import Modality, Task
from core.ui.conversation import show_message_box
from core.ui.inputs import is_typed, put_input, show_examples, show_input_form
from core.ui.into_view import bring_into_view
from core.ui.judge import show_judge
from core.ui.model_choice import STATE_WORDS, choose_model
from core.ui.parameters import show_parameters, show_prominent_parameters
from core.ui.problem import problems_shown
from core.ui.result import reopened, show_job, show_run
from core.ui.state import client, forget_run, in_url, runtime, set_in_url, widget_key
from core.ui.theme import page_header
from core.ui.use_from_code import conversation_parts, show_use_from_code
from core.values import Value

__all__ = ["STATE_WORDS", "show_modality"]


MOST_PILLS = 5
"""Tasks that stand side by side; more would push the form down the page, and go into a list."""

TASKS_WIDTH_PX = 360
"""Width of that list: the longest title and its arrow."""


def show_modality(modality: Modality) -> None:
    """Show the page of all tasks of one modality."""
    task = _choose_task(runtime().showcase.tasks(modality), modality)
    page_header(task.title, task.summary, task.icon)
    left, right = st.columns(2, gap="large")
    with left:
        shown = _reopen(task)
        card = choose_model(task)
        chats = runtime().showcase.converses(task, card)
        # Of a conversation only the settings stand here: it is written where it is read.
        parameters = show_parameters(task, chats=True) if chats else {}
        pressed = None if chats else _show_form(task, card)
        if chats:
            show_use_from_code(task, card, conversation_parts(task), parameters)
    with right, problems_shown():
        stage = st.container()
        if chats:
            message = show_message_box(task, shown)
            pressed = (message, parameters) if message is not None else None
        with stage:
            if pressed is not None:
                shown = _start(task, card, *pressed)
                bring_into_view(shown.run_id, "waiting")
            run = _show(task, shown, "conversation" if chats else "answer")
            if pressed is not None and isinstance(shown, Job):
                bring_into_view(shown.run_id, "ended")
        if run is not None and run.recorded:
            show_judge(task, run)


def _choose_task(tasks: list[Task], modality: Modality) -> Task:
    by_id = {task.id: task for task in tasks}
    key = f"{modality}.task"
    wanted = in_url("task")
    st.session_state[key] = wanted if wanted in by_id else tasks[0].id  # the URL is the truth

    def chosen() -> None:
        forget_run()
        set_in_url("model", None)
        set_in_url("task", st.session_state[key])

    options: dict[str, Any] = {
        "format_func": lambda task_id: by_id[task_id].title,
        "key": key,
        "on_change": chosen,
        "label_visibility": "collapsed",
    }
    if len(tasks) <= MOST_PILLS:
        task_id = st.segmented_control("Task", list(by_id), required=True, **options)
    else:
        task_id = st.selectbox("Task", list(by_id), width=TASKS_WIDTH_PX, **options)
    return by_id[task_id or tasks[0].id]


def _show_form(task: Task, card: ModelCard) -> tuple[Value, dict[str, object]] | None:
    """Show input and parameters; return what is to be run if `Run` was pressed."""
    # In a form a text is sent together with the press of `Run`, and Ctrl+Enter presses it.
    typed = is_typed(task)
    with st.form(widget_key(task.id, "form"), border=False) if typed else st.container(key="input"):
        form = show_input_form(task)
        parameters = {**show_prominent_parameters(task), **show_parameters(task)}
        options: dict[str, Any] = {"type": "primary", "icon": ":material/play_arrow:", "width": "stretch"}
        pressed = st.form_submit_button("Run", **options) if typed else st.button("Run", key="run", **options)
    show_examples(task)
    show_use_from_code(task, card, form.parts(), parameters)
    if not pressed:
        return None
    with problems_shown():
        return form.read(), parameters
    forget_run()
    return None


def _start(task: Task, card: ModelCard, inputs: Value, parameters: dict[str, object]) -> Job:
    of = runtime()
    before = st.session_state.get("job")
    if isinstance(before, Job) and not before.finished:
        before.cancel()
    job = of.showcase.start(
        task.id,
        inputs,
        parameters,
        client=client(of),
        source="page",
        model_id=card.model_id,
        visiting=True,
        streaming=True,
    )
    st.session_state["job"] = job
    set_in_url("run", job.run_id)
    return job


def _reopen(task: Task) -> Job | Run | None:
    """Return the run that the URL names, its input put in where the visitor has given none."""
    run_id = in_url("run")
    if run_id is None:
        return None
    with problems_shown():
        shown = reopened(run_id, task)
        inputs = shown.request.inputs if isinstance(shown, Job) else shown.inputs
        if inputs is not None:
            put_input(task, inputs)
        return shown
    return None


def _show(task: Task, shown: Job | Run | None, what: str) -> Run | None:
    if shown is None:
        with st.container(key="no_result"):
            st.caption(f"The {what} will stand here.")
        return None
    if isinstance(shown, Job):
        return show_job(task, shown)
    show_run(task, shown)
    return shown
