"""Home: what this is, and a card for each task, with a picture of a real answer and one click to it."""

from __future__ import annotations

import streamlit as st

from core.settings import ROOT
from core.tasks.spec import Task
from core.ui.state import runtime
from core.ui.task_page import STATE_WORDS

PICTURES = ROOT / "static" / "cards"
COLUMNS = 4


def show_home() -> None:
    """Show the gallery of tasks."""
    st.html(
        '<div class="hero"><h1>Put a model on stage.</h1>'
        "<p>Try models on your own words, pictures and voice. Say what you think of their answers. "
        "Everything here runs on this machine.</p></div>"
    )
    with st.container(key="gallery"):
        tasks = runtime().showcase.tasks()
        for start in range(0, len(tasks), COLUMNS):
            for column, task in zip(st.columns(COLUMNS), tasks[start : start + COLUMNS], strict=False):
                with column:
                    _show_card(task)


def _show_card(task: Task) -> None:
    showcase = runtime().showcase
    card = showcase.first_model(task)
    state = showcase.availability(card).state
    with st.container(key=f"card_{task.id}", border=True):
        picture = PICTURES / f"{task.id}.png"
        if picture.exists():
            st.image(str(picture), alt=f"An answer of {task.title.lower()}")
        st.page_link(
            f"pages/{task.modality}.py", label=f"**{task.title}**", icon=task.icon, query_params={"task": task.id}
        )
        st.caption(f"{task.summary}")
        st.caption(f"{task.modality.capitalize()} · {card.title} · {STATE_WORDS[state]}")
