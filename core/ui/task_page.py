"""A modality's page: choose a task and a model, give an input, press `Run`, see the answer, judge it.

Owns the order of things on the page and what the URL says of it. Everything shown comes from the
task's declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.catalog import ModelCard
from core.errors import ShowcaseError
from core.feedback.records import new_id
from core.job import Job, Run
from core.tasks.spec import Modality, Task
from core.ui.conversation import show_message_box
from core.ui.drawn_first import RUN_ICON
from core.ui.inputs import InputForm, is_typed, put_input, show_examples, show_input_form
from core.ui.into_view import bring_into_view
from core.ui.judge import show_judge
from core.ui.model_choice import choose_model, state_words
from core.ui.parameters import fold_parameters, read_parameters, show_prominent_parameters
from core.ui.problem import problems_shown
from core.ui.result import QUIET_S, reopened, show_job, show_run
from core.ui.state import (
    begin_run,
    client,
    forget_run,
    in_url,
    presses,
    run_in_url,
    runtime,
    set_in_url,
    widget_key,
)
from core.ui.theme import page_header
from core.ui.use_from_code import code_is_open, conversation_parts, show_use_from_code
from core.values import Value

__all__ = ["show_modality", "state_words"]


MOST_PILLS = 5
"""Tasks that stand side by side; more would push the form down the page, and go into a list."""

AWAITED = "awaited"
"""Where the run stands that a visitor waits for, so that they are taken to its answer."""

TASKS_WIDTH_PX = 360
"""Width of that list: the longest title and its arrow."""


def show_modality(modality: Modality) -> None:
    """Show the page of all tasks of one modality."""
    task = _choose_task(runtime().showcase.tasks(modality), modality)
    page_header(task.title, task.summary, task.icon)
    left, right = st.columns(2, gap="large")
    with left:
        _put_in_again(task)
        card = choose_model(task)
        if runtime().showcase.converses(task, card):
            # Of a conversation only the settings stand here: it is written where it is read.
            fold_parameters(task, chats=True)()
            show_use_from_code(task, card, conversation_parts(task), read_parameters(task, chats=True))
            with right:
                (_converse if _is_awaited(task) else st.fragment(_converse))(task, card)
            return
        form, below, show_folded = _show_form(task)

    def show_rest() -> None:
        with left:
            show_examples(task)
            show_folded()
            show_use_from_code(task, card, form.parts(), read_parameters(task))

    awaited = _is_awaited(task)
    # What stands in code changes with a press, too.
    perform = _perform if awaited or code_is_open(task) else st.fragment(_perform)
    # What comes up to `Run` is what a browser draws first (`core.ui.drawn_first`). But a press reads the parameters,
    # and where an answer is awaited the script is held up.
    is_due = awaited or presses().are_due()
    if is_due:
        show_rest()
    with below:
        perform(task, card, form, right)
    if not is_due:
        show_rest()


def _is_awaited(task: Task) -> bool:
    """Return whether the run that the URL names is under way: then no part of the page may be a fragment.

    As a fragment a part is drawn alone when something in it is pressed; the whole page takes server and browser more
    than twice as long. But a fragment's press waits for the run of the script before it, and `Stop` and another `Run`
    have to come through.
    """
    run_id = run_in_url(task.id)
    job = runtime().showcase.find_job(run_id) if run_id else None
    return job is not None and not job.answers_within(0)


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


def _show_form(task: Task) -> tuple[InputForm, DeltaGenerator, Callable[[], None]]:
    """Show the input; return what reads it, where `Run` belongs, and what shows the parameters that are folded away."""
    # In a form a text is sent together with the press of `Run`, and Ctrl+Enter presses it.
    whole = st.form(widget_key(task.id, "form"), border=False) if is_typed(task) else st.container(key="input")
    with whole:
        form = show_input_form(task)
        show_prominent_parameters(task)
        show_folded = fold_parameters(task)
    return form, whole, show_folded


def _perform(task: Task, card: ModelCard, form: InputForm, right: DeltaGenerator) -> None:
    """Show `Run` here, and on the right what comes of it.

    As a fragment it may run long after the page was drawn, so it reads every value anew.
    """
    # A form's button tells the server at once; another waits until the browser has drawn that it was pressed, 11 ms.
    with nullcontext() if is_typed(task) else st.form(widget_key(task.id, "press"), border=False):
        pressed = st.form_submit_button("Run", key="run", type="primary", icon=RUN_ICON, width="stretch")
    press = presses().due() if pressed else None
    inputs = None if press is None else _read(form, press)
    with right, st.container(), problems_shown():  # a container of its own: a fragment in it then keeps its place
        if press is None or inputs is None:
            shown = _reopened(task)
        else:
            shown = _start(task, card, inputs, read_parameters(task), press)
        _show(task, shown, "answer", pressed=inputs is not None)
        if press is not None and inputs is None and form.is_refused:
            bring_into_view(new_id(), "refused")  # where the field is far above `Run`, a press must not seem lost


def _converse(task: Task, card: ModelCard) -> None:
    """Show the conversation, and where the next message is written."""
    with problems_shown():
        shown = _reopened(task)
        stage = st.container()
        press = presses().due()
        message = show_message_box(task, shown, press)
        with stage:
            if press is not None and message is not None:
                shown = _start(task, card, message, read_parameters(task, chats=True), press)
            _show(task, shown, "conversation", pressed=message is not None)


def _read(form: InputForm, press: int) -> Value | None:
    """Return the input, None where it cannot be read, and why is shown: under `Run`, unless a field says so."""
    with problems_shown():
        try:
            return form.read()
        except ShowcaseError:
            if not form.is_refused:
                raise
    presses().take(press)
    forget_run()
    return None


def _start(task: Task, card: ModelCard, inputs: Value, parameters: dict[str, object], press: int) -> Job | None:
    of = runtime()
    who = client(of)

    def start(before: Job | None) -> Job:
        if before is not None and not before.finished:
            before.cancel()
        return of.showcase.start(
            task.id,
            inputs,
            parameters,
            client=who,
            source="page",
            model_id=card.model_id,
            visiting=True,
            streaming=True,
        )

    return begin_run(task.id, press, start)


def _put_in_again(task: Task) -> None:
    """Put the input of the run that the URL names in, where the visitor has given none."""
    run_id = run_in_url(task.id)
    if run_id is None:
        return
    with suppress(ShowcaseError):  # said where the answer would stand
        shown = reopened(run_id, task)
        inputs = shown.request.inputs if isinstance(shown, Job) else shown.inputs
        if inputs is not None:
            put_input(task, inputs)


def _reopened(task: Task) -> Job | Run | None:
    """Return the run that the URL names, if it names one."""
    run_id = run_in_url(task.id)
    return None if run_id is None else reopened(run_id, task)


def _show(task: Task, shown: Job | Run | None, what: str, *, pressed: bool) -> None:
    """Show a run and let it be judged.

    Args:
        pressed: whether it was asked for just now.
    """
    if shown is None:
        with st.container(key="no_result"):
            st.caption(f"The {what} will stand here.")
        return
    if isinstance(shown, Run):
        run: Run | None = show_run(task, shown)
    else:
        if pressed and not shown.answers_within(QUIET_S):  # it is awaited on a whole page: see `_is_awaited`
            set_in_url("run", shown.run_id)
            st.session_state[AWAITED] = shown.run_id
            st.rerun()
        run = show_job(task, shown, fresh=pressed or st.session_state.get(AWAITED) == shown.run_id)
        st.session_state.pop(AWAITED, None)
    if run is not None and run.recorded:
        show_judge(task, run)
