"""Home: what this is, and a card for each task, with a picture of a real answer and one click to it.

What cannot run now, as without network, stands in one line below the cards of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import streamlit as st

from core.catalog import Availability, ModelCard
from core.settings import ROOT
from core.tasks.spec import Modality, Task
from core.ui.broken_demos import show_broken_demos
from core.ui.outputs.markup import element, show
from core.ui.state import runtime
from core.ui.task_page import state_words

PICTURES: Final = ROOT / "static" / "cards"
COLUMNS: Final = 4
MODALITY_WORDS: Final[dict[Modality, str]] = {"text": "Text", "image": "Pictures", "audio": "Sound", "video": "Video"}


def show_home() -> None:
    """Show the gallery of tasks."""
    cards = runtime().showcase.catalog.cards
    where = (
        "Everything here runs on this machine."
        if all(card.endpoint is None for card in cards)
        else "What does not run on this machine says where it runs."
    )
    st.html(
        '<div class="hero"><h1>Put a model on stage.</h1>'
        f"<p>Try models on your own words, pictures and voice. Say what you think of their answers. {where}</p></div>"
    )
    with st.container(key="gallery"):
        for modality in get_args(Modality):
            tasks = runtime().showcase.tasks(modality)
            if tasks:
                _show_modality(modality, tasks)
    show_broken_demos()


def _show_modality(modality: Modality, tasks: Sequence[Task]) -> None:
    showcase = runtime().showcase
    starts = {task.id: showcase.first_model(task) for task in tasks}
    states = {task_id: showcase.availability(card) for task_id, card in starts.items()}
    runnable = [task for task in tasks if states[task.id].state != "unavailable"]
    st.subheader(MODALITY_WORDS[modality])
    for start in range(0, len(runnable), COLUMNS):
        for column, task in zip(st.columns(COLUMNS), runnable[start : start + COLUMNS], strict=False):
            with column:
                _show_card(task, starts[task.id], states[task.id])
    waiting = [task for task in tasks if task not in runnable]
    if waiting:
        reasons = {states[task.id].reason for task in waiting}
        _show_waiting(modality, waiting, reasons.pop() if len(reasons) == 1 else "No model of these can run here now.")


def _show_card(task: Task, card: ModelCard, availability: Availability) -> None:
    with st.container(key=f"card_{task.id}", border=True):
        picture = PICTURES / f"{task.id}.png"
        if picture.exists():
            st.image(str(picture), alt=f"An answer of {task.title.lower()}", width="stretch")
        else:
            name = task.icon.removeprefix(":material/").removesuffix(":")
            show(element("div", element("span", name, class_="pd-symbol"), class_="pd-tile", aria_hidden="true"))
        st.page_link(_page(task), label=f"**{task.title}**", icon=task.icon, query_params={"task": task.id})
        st.caption(task.summary)
        st.caption(f"{card.title} · {state_words(availability)}")


def _show_waiting(modality: Modality, tasks: Sequence[Task], reason: str) -> None:
    with st.container(key=f"waiting_{modality}", horizontal=True, vertical_alignment="center"):
        st.caption(reason)
        for task in tasks:
            st.page_link(_page(task), label=task.title, icon=task.icon, query_params={"task": task.id})


def _page(task: Task) -> str:
    return f"pages/{task.modality}.py"
