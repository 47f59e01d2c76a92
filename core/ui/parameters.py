"""A task's parameters as widgets, made from its pydantic model. Their values are in the URL."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from core.tasks.spec import Task
from core.ui.state import widget_key


def show_parameters(task: Task) -> dict[str, Any]:
    """Show a widget for each parameter; return the values on the page."""
    with st.expander("Parameters", icon=":material/tune:", key=widget_key(task.id, "parameters")):
        return {
            name: _widget(widget_key(task.id, name), name, field)
            for name, field in task.parameters.model_fields.items()
        }


def title_of(name: str) -> str:
    """Return a parameter's or an option's name as a visitor reads it."""
    return name.replace("_", " ").replace("-", " ").capitalize()


def _widget(key: str, name: str, field: FieldInfo) -> Any:
    shared: dict[str, Any] = {"key": key, "help": field.description, "bind": "query-params"}
    kind = field.annotation
    if kind is bool:
        return st.toggle(title_of(name), value=field.default, **shared)
    if get_origin(kind) is Literal:
        options = get_args(kind)
        return st.selectbox(title_of(name), options, index=options.index(field.default), **shared)
    if kind in (int, float):
        low, high = _bounds(field)
        step = 1 if kind is int else round((high - low) / 40, 2)
        return st.slider(title_of(name), kind(low), kind(high), field.default, step=step, **shared)
    if kind is str:
        return st.text_input(title_of(name), value=field.default, **shared)
    raise TypeError(f"no widget for a parameter of type {kind}")


def _bounds(field: FieldInfo) -> tuple[float, float]:
    low = next(item.ge for item in field.metadata if hasattr(item, "ge"))
    high = next(item.le for item in field.metadata if hasattr(item, "le"))
    return low, high
