"""The call that does what is on the page now, to copy into a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit as st

from core.admission import is_loopback
from core.catalog import ModelCard
from core.snippets import SNIPPETS, Call
from core.tasks.spec import Task
from core.ui.state import runtime, widget_key

HERE: Final = "http://localhost:8501"
"""The address of a site that does not know its own."""


def code_is_open(task: Task) -> bool:
    """Return whether the visitor has unfolded the code."""
    return bool(st.session_state.get(_key(task)))


def show_use_from_code(task: Task, card: ModelCard, parts: Any, parameters: Mapping[str, Any]) -> None:
    """Show the call in every language, once it is unfolded.

    Folded, it is not written: its tabs were a quarter of what a page sends, and most of what a browser fetches.

    Args:
        parts: the input as a request sends it; None where nothing was given, and nothing is shown.
    """
    if parts is None:
        return
    folded = st.expander("Use from code", icon=":material/code:", key=_key(task), on_change="rerun")
    if not folded.open:
        return
    of = runtime()
    address = _address()
    call = Call(
        task=task,
        address=address,
        model_id="" if card == of.showcase.first_model(task) else card.model_id,
        inputs=parts,
        parameters=_changed(task, parameters),
        needs_key=of.settings.api != "open" and not _is_here(address),
    )
    with folded:
        tabs = st.tabs(list(SNIPPETS))
        for tab, (language, write) in zip(tabs, SNIPPETS.values(), strict=True):
            with tab:
                st.code(write(call), language=language, wrap_lines=True)
        st.caption(f"Everything about the API: {address}/api/docs")


def conversation_parts(task: Task) -> list[dict[str, str]]:
    """Return a conversation's first message as a request sends it."""
    return [{"role": "user", "content": task.openings[0]}]


def _key(task: Task) -> str:
    return widget_key(task.id, "code")


def _changed(task: Task, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that differ from their defaults, as JSON has them."""
    fields = task.parameters.model_fields
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in parameters.items()
        if value != fields[name].default
    }


def _address() -> str:
    parts = urlsplit(st.context.url or HERE)
    return f"{parts.scheme}://{parts.netloc}"


def _is_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host == "localhost" or is_loopback(host)
