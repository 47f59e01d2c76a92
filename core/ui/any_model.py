"""Opening any checkpoint on the models page: by a model id or a folder, for a visit or to keep.

Owns the form, the question which task, and the list of what this visitor opened. What is found out and
refused is `core.adopting`'s.
"""

from __future__ import annotations

import streamlit as st

from core.adopting import Found
from core.catalog import ModelCard
from core.tasks import get_task
from core.ui.model_choice import STATE_WORDS
from core.ui.problem import plain, problems_shown
from core.ui.state import (
    is_owner,
    may_open_any_model,
    may_open_folders,
    opened_models,
    remember_opened,
    runtime,
)

FOUND = "found"
"""The session's key for what was looked up and could do several tasks, until one is chosen."""


def show_any_model() -> None:
    """Show the form where it is allowed, and what this visitor has opened."""
    st.subheader("Any checkpoint")
    if may_open_any_model(runtime()):
        _show_form()
    else:
        st.caption(
            "Opening a model that is not in the catalog is the owner's here. "
            "PODIUM_ALLOW_ANY_MODEL=yes allows it to every visitor."
        )
    for card in opened_models():
        _show_opened(card)


def _show_form() -> None:
    folders = may_open_folders(runtime())
    with st.form("any_model", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Model id of the Hugging Face Hub, or a folder on this machine" if folders else "Model id",
            key="any_model_name",
            placeholder="organisation/name" + (", or /a/folder" if folders else ""),
            help="Weights are read from safetensors only, and no code of a checkpoint is ever run.",
        )
        pressed = st.form_submit_button("Look it up", icon=":material/search:", key="look_up")
    if pressed:
        st.session_state.pop(FOUND, None)
        with problems_shown():
            found = _look(name, folders)
            if len(found.tasks) == 1:
                _open(found, found.tasks[0].id)
            else:
                st.session_state[FOUND] = found
    if FOUND in st.session_state:
        _ask(st.session_state[FOUND])


def _look(name: str, folders: bool) -> Found:
    place = st.empty()
    status = place.status("Looking it up")

    def say(words: str) -> None:
        status.update(label=words)

    try:
        return runtime().adopting.look(name, folders=folders, say=say)
    finally:
        place.empty()


def _ask(found: Found) -> None:
    """Ask which of several tasks a model is to do."""
    with st.container(key="which_task", border=True):
        task_id = st.radio(
            f"{plain(found.title)} can do several things. Which one?",
            [task.id for task in found.tasks],
            format_func=lambda task_id: get_task(task_id).title,
            captions=[task.summary for task in found.tasks],
            key="any_model_task",
        )
        if st.button("Open", key="open_found", type="primary", icon=":material/add:"):
            with problems_shown():
                _open(found, task_id)


def _open(found: Found, task_id: str) -> None:
    card = runtime().adopting.open(found, task_id)
    remember_opened(card)
    st.session_state.pop(FOUND, None)
    if card in runtime().showcase.catalog.cards:
        st.toast(f"{plain(card.title)} is in the catalog already.", icon=":material/info:")
    st.rerun()


def _show_opened(card: ModelCard) -> None:
    task = get_task(card.task_id)
    key = f"{card.task_id}_{card.model_id}"
    state = runtime().showcase.availability(card).state
    with st.container(key=f"opened_{key}", horizontal=True, vertical_alignment="center", border=True):
        with st.container(gap=None):
            st.page_link(
                f"pages/{task.modality}.py",
                label=f"**{plain(card.title)}**",
                icon=task.icon,
                query_params={"task": task.id, "model": card.model_id},
            )
            st.caption(f"{task.title} · {plain(card.model_id)} · {STATE_WORDS[state]} · opened for this visit")
        if not is_owner(runtime()):
            return
        if st.button("Keep in the catalog", key=f"keep_{key}", icon=":material/bookmark_add:"):
            with problems_shown():
                runtime().adopting.keep(card)
                st.rerun()
