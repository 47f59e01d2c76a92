"""The catalog on the models page: by modality and task, filtered by words and by state.

Owns the list and what is said of each model in it. A reason that keeps many models from running, such as
having no network, is said once above the list.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import streamlit as st

from core.catalog import Availability, ModelCard
from core.tasks.spec import Task
from core.ui.model_choice import STATE_WORDS, state_words
from core.ui.outputs.markup import Markup, element, show
from core.ui.problem import plain, problems_shown
from core.ui.state import is_owner, remember_opened, runtime

SHARED: Final = 2
"""From how many models on a reason is said once, above the list."""

ALL: Final = "all"

Row = tuple[ModelCard, Availability]


def show_catalog() -> None:
    """Show the catalog."""
    st.subheader("Catalog")
    _show_list()


@st.fragment
def _show_list() -> None:
    """Show filters and list; a fragment, so that a filter draws nothing else anew."""
    showcase = runtime().showcase
    tasks = showcase.tasks()
    rows = [
        (task, [(card, showcase.availability(card)) for card in showcase.catalog.models(task.id)]) for task in tasks
    ]
    words, modality, states = _filters(tasks, [availability for _, found in rows for _, availability in found])
    shown = [
        (task, kept)
        for task, found in rows
        if modality in (ALL, task.modality)
        and (kept := [row for row in found if _matches(words, task, row[0]) and (not states or row[1].state in states)])
    ]
    reasons = Counter(
        availability.reason for _, found in shown for _, availability in found if _is_held_up(availability)
    )
    shared = {reason: count for reason, count in reasons.items() if count >= SHARED}
    for reason, count in shared.items():
        st.warning(f"{count} models cannot run now: {plain(reason)}", icon=":material/block:")
    if not shown:
        st.caption("No model of the catalog is like that.")
    drawn = ""
    for task, found in shown:
        if modality == ALL and task.modality != drawn:
            drawn = task.modality
            st.markdown(f"#### {drawn.capitalize()}")
        _show_task(task, found, shared)


def _filters(tasks: list[Task], availabilities: list[Availability]) -> tuple[list[str], str, list[str]]:
    """Show the filters; return the words, the modality or `ALL`, and the states that are wanted."""
    counts: Counter[str] = Counter(availability.state for availability in availabilities)
    with st.container(horizontal=True, key="catalog_filters"):
        words = st.text_input(
            "Filter", key="catalog_words", placeholder="A name, a task, a language", icon=":material/search:"
        )
        modalities: list[str] = [ALL, *dict.fromkeys(task.modality for task in tasks)]
        modality = st.segmented_control(
            "Modality",
            modalities,
            format_func=str.capitalize,
            default=ALL,
            key="catalog_modality",
            required=True,
        )
        states = st.pills(
            "State",
            [state for state in STATE_WORDS if counts[state]],
            format_func=lambda state: f"{STATE_WORDS[state]} · {counts[state]}",
            selection_mode="multi",
            default=[],
            key="catalog_states",
        )
    return words.lower().split(), modality or ALL, states


def _matches(words: list[str], task: Task, card: ModelCard) -> bool:
    text = f"{card.title} {card.model_id} {card.note} {task.title} {task.id}".lower()
    return all(word in text for word in words)


def _is_held_up(availability: Availability) -> bool:
    return availability.state == "unavailable"


def _show_task(task: Task, rows: list[Row], shared: dict[str, int]) -> None:
    """Show a task's models in the two columns that the style sheet makes of this container."""
    with st.container(key=f"models_of_{task.id}", gap=None):
        st.markdown(f"{task.icon} **{task.title}**")
        for card, availability in rows:
            st.page_link(
                f"pages/{task.modality}.py",
                label=plain(card.title),
                query_params={"task": task.id, "model": card.model_id},
            )
            reason = availability.reason if _is_held_up(availability) and availability.reason not in shared else ""
            if card.added and is_owner(runtime()):
                _show_kept(card, _described(card, availability, reason))
            else:
                show(_described(card, availability, reason))


def _described(card: ModelCard, availability: Availability, reason: str) -> Markup:
    size = f"{_megabytes(availability.size_bytes)} MB" if availability.size_bytes else ""
    kept = f"kept {card.added.day} {card.added:%b %Y}" if card.added else ""
    return element(
        "p",
        element("span", state_words(availability), class_=f"pd-state pd-{availability.state}"),
        " · ".join(part for part in (card.model_id, card.note, size, kept) if part),
        *((element("em", reason),) if reason else ()),
        class_="pd-model",
    )


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f}" if size_bytes >= 10_000_000 else f"{max(size_bytes, 100_000) / 1e6:.1f}"


def _show_kept(card: ModelCard, described: Markup) -> None:
    """Show a model that the owner kept with one click, and the click that takes it out again."""
    key = f"{card.task_id}_{card.model_id}"
    with st.container(key=f"kept_{key}", horizontal=True, vertical_alignment="center", gap="small"):
        show(described)
        if st.button("Take out", key=f"out_{key}", icon=":material/bookmark_remove:", type="tertiary"):
            with problems_shown():
                remember_opened(runtime().adopting.take_out(card))
                st.rerun()
