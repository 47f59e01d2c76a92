"""The page of a model that converses: where the next message is written, and what was said before it.

The conversation is the run that the page shows: its input is what was said, its output the newest answer. So
it is found again after a reload, and starting over is leaving the run.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.errors import ShowcaseError
from core.job import Job, Run
from core.tasks.spec import Task
from core.ui.problem import problems_shown
from core.ui.state import forget_run, presses, runtime, widget_key
from core.values import Chat, Message, Text, Value

CHOSEN: Final = "conversation.opening"
"""Where the opening that was chosen waits for the page to be drawn."""


def show_message_box(task: Task, shown: Job | Run | None, press: int | None) -> Value | None:
    """Show where a message is written; return the conversation that ends with it once it is sent.

    Args:
        shown: the run whose conversation goes on; None where one begins.
        press: the number of the press that may have sent a message; None where that has been answered.
    """
    before = st.empty()
    with st.container(key="message"):
        message = st.chat_input("Your message", key=widget_key(task.id, "message"))
    message = message or st.session_state.pop(CHOSEN, None)
    message = None if press is None else message
    if shown is None and not message:
        with before.container(key="openings"):
            st.caption("Write a message, or begin with one of these")
            for number, opening in enumerate(task.openings):
                key = widget_key(task.id, f"opening_{number}")
                st.button(opening, key=key, icon=":material/chat_bubble:", on_click=_choose, args=(opening,))
    else:
        st.button("Start over", key="start_over", type="tertiary", icon=":material/refresh:", on_click=forget_run)
    if press is None or not message:
        return None
    with problems_shown():
        said = [one.model_dump() for one in (*_said(shown), Message(role="user", content=message))]
        return runtime().showcase.read_input(task, said)
    presses().take(press)
    return None


def _choose(opening: str) -> None:
    st.session_state[CHOSEN] = opening


def _said(shown: Job | Run | None) -> tuple[Message, ...]:
    """Return what was said so far. An answer that is still being written is stopped, and kept as far as it is."""
    if shown is None:
        return ()
    if isinstance(shown, Run):
        return (*_messages(shown.inputs), *_answer(shown.output)) if shown.inputs is not None else ()
    if not shown.finished:
        shown.stop()
    try:
        return (*_messages(shown.request.inputs), *_answer(shown.result().output))
    except ShowcaseError:  # it came to no answer, so the message that asked for it counts for nothing
        return _messages(shown.request.inputs)[:-1]


def _messages(inputs: Value) -> tuple[Message, ...]:
    if isinstance(inputs, Chat):
        return inputs.messages
    return (Message(role="user", content=inputs.text),) if isinstance(inputs, Text) else ()


def _answer(output: Value) -> tuple[Message, ...]:
    return (Message(role="assistant", content=output.text),) if isinstance(output, Text) else ()
