"""The model of a task's page: the catalog's, those that this visitor opened, and the one that the URL names.

Owns the choice and what is said of the chosen one. Opening others is the models page's; a link to one
that is not open here offers to.
"""

from __future__ import annotations

import streamlit as st

from core.catalog import Availability, ModelCard
from core.tasks.spec import Task
from core.ui.problem import plain, problems_shown
from core.ui.state import (
    forget_run,
    in_url,
    may_open_any_model,
    may_open_folders,
    opened_models,
    remember_opened,
    runtime,
    set_in_url,
    widget_key,
)

STATE_WORDS = {
    "loaded": "ready",
    "here": "on this machine",
    "elsewhere": "runs elsewhere",
    "downloadable": "will be downloaded",
    "unavailable": "cannot run now",
}


def state_words(availability: Availability) -> str:
    """Return what is said of a model's state in a few words, and where it runs if that is not here."""
    return f"runs at {availability.host}" if availability.host else STATE_WORDS[availability.state]


def choose_model(task: Task) -> ModelCard:
    """Show the models of a task to choose from; return the chosen one."""
    showcase = runtime().showcase
    wanted = in_url("model")
    if wanted is not None:
        _recall(task, wanted)
    opened = [card for card in opened_models() if card.task_id == task.id]
    cards = {card.model_id: card for card in (*showcase.catalog.models(task.id), *opened)}
    key = widget_key(task.id, "model")
    st.session_state[key] = wanted if wanted in cards else showcase.first_model(task).model_id
    states = {model_id: showcase.availability(card) for model_id, card in cards.items()}

    def chosen() -> None:
        forget_run()
        set_in_url("model", st.session_state[key])

    model_id = st.selectbox(
        "Model",
        list(cards),
        format_func=lambda model_id: f"{cards[model_id].title} · {state_words(states[model_id])}",
        key=key,
        on_change=chosen,
    )
    card = cards[model_id]
    st.caption("Opened for this visit." if card in opened else card.note)
    if states[model_id].state == "unavailable":
        st.warning(states[model_id].reason, icon=":material/block:")
    if wanted is not None and wanted not in cards:
        _offer(task, wanted)
    return card


def _recall(task: Task, model_id: str) -> None:
    """List the opened model that the URL names, as after a reload, if this visitor may have it."""
    card = runtime().showcase.catalog.find(task.id, model_id)
    if card is None or card in runtime().showcase.catalog.cards:
        return
    allowed = may_open_any_model if card.folder is None else may_open_folders
    if allowed(runtime()):
        remember_opened(card)


def _offer(task: Task, model_id: str) -> None:
    """Say that the URL names a model that is not open here, and offer to open it where that is allowed."""
    with st.container(key="not_open", horizontal=True, vertical_alignment="center"):
        st.caption(f":material/info: The link names {plain(model_id[:200])}, which is not open here.", width="stretch")
        if not may_open_any_model(runtime()):
            return
        pressed = st.button("Open it", key=widget_key(task.id, "open"), icon=":material/add:")
    if pressed:
        with problems_shown():
            adopting = runtime().adopting
            with st.spinner("Looking it up"):
                found = adopting.look(model_id, folders=may_open_folders(runtime()))
            remember_opened(adopting.open(found, task.id))
            st.rerun()
