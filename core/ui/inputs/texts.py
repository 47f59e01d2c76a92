"""Texts as input: one line, a passage, or several texts, one a line."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.tasks.spec import Task
from core.ui.inputs.given import ShownField, example_part, field_key
from core.values import InputField

LINE_PX = 24
"""Height of one line in a text area; its margins take about as much again."""


def text_key(task: Task, field: InputField) -> str:
    """Return the key of a text's widget."""
    return field_key(task, field, "text")


def text_widget(task: Task, field: InputField) -> ShownField:
    """Show where a text is typed."""
    key = text_key(task, field)
    if key not in st.session_state:
        put_text(task, field, example_part(task.first_example, field))
    shared: dict[str, Any] = {"key": key, "placeholder": field.placeholder, "persist_state": "session"}
    if field.many:
        height = LINE_PX * (max(4, field.rows) + 1)
        st.text_area(f"{field.title}, one a line", height=height, **shared)
    elif field.rows > 1:
        st.text_area(field.title, height=LINE_PX * field.rows, **shared)
    else:
        st.text_input(field.title, **shared)

    def read() -> str | list[str]:  # a form is read by a fragment, which runs again without drawing this
        typed = st.session_state.get(key) or ""
        return [line.strip() for line in typed.splitlines() if line.strip()] if field.many else typed

    return ShownField(read)


def put_text(task: Task, field: InputField, text: str | tuple[str, ...] | None) -> None:
    """Put a text in."""
    st.session_state[text_key(task, field)] = "\n".join(text) if isinstance(text, tuple) else text or ""
