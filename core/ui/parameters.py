"""A task's parameters as widgets, made from its pydantic model. Their values are in the URL, but for lists of words.

A field's type and bounds say which widget it gets, its title or name what stands above it. `json_schema_extra` may
hold `prominent` (stands in the form, not among the folded ones), `chat` (only models that converse take it) and, for
a str, `choices` (a mapping of codes to names) and `rows` (lines that it usually has).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from core.tasks.spec import Task
from core.ui.state import widget_key

ParameterElement = Literal["Checkbox", "Selectbox", "Slider", "NumberInput", "Multiselect", "TextArea", "TextInput"]
"""Streamlit's name of an element that a parameter's widget may be."""

WIDEST_SLIDER: Final = 10_000
"""Whole numbers between the bounds of a slider at most: on a phone it has about 300 places."""


def read_parameters(task: Task, *, chats: bool = False) -> dict[str, Any]:
    """Return what the widgets of a task say now; they were shown before, maybe in an earlier run of the page.

    Args:
        chats: as in `fold_parameters`.
    """
    return {
        name: _read(field, st.session_state.get(widget_key(task.id, name), field.default))
        for name, field in task.parameters.model_fields.items()
        if chats or not _extra(field, "chat")
    }


def show_prominent_parameters(task: Task) -> None:
    """Show a widget for each parameter without which the task makes no sense, such as the labels to choose from.

    A parameter is one if its `Field` has `json_schema_extra={"prominent": True}`.
    """
    _show_widgets(task, prominent=True)


def fold_parameters(task: Task, *, chats: bool = False) -> Callable[[], None]:
    """Show where the other parameters are folded away; return what shows a widget for each in there.

    Args:
        chats: whether the model converses; else what only such a model takes is left out.
    """
    if all(_extra(field, "prominent") for field in task.parameters.model_fields.values()):
        return lambda: None
    folded = st.expander("Parameters", icon=":material/tune:", key=widget_key(task.id, "parameters"))

    def show() -> None:
        with folded:
            _show_widgets(task, prominent=False, chats=chats)

    return show


def put_parameters(task: Task, given: Mapping[str, Any]) -> None:
    """Put an example's parameters in; those that it does not name go back to their defaults."""
    for name, field in task.parameters.model_fields.items():
        key = widget_key(task.id, name)
        if name in given or key in st.session_state:
            value = given.get(name, field.default)
            st.session_state[key] = list(value) if isinstance(value, tuple) else value


def parameter_element(field: FieldInfo) -> ParameterElement:
    """Return the element that a parameter's widget is.

    Numbers get a slider between two bounds, a box where one of them is missing, or they are too far apart to aim.
    """
    kind = field.annotation
    if kind is bool:
        return "Checkbox"
    if get_origin(kind) is Literal:
        return "Selectbox"
    if kind in (int, float):
        low, high = _bounds(field)
        is_slid = low is not None and high is not None and (kind is float or high - low <= WIDEST_SLIDER)
        return "Slider" if is_slid else "NumberInput"
    if get_origin(kind) is tuple:
        return "Multiselect"
    if kind is not str:
        raise TypeError(f"no widget for a parameter of type {kind}")
    if _extra(field, "choices"):
        return "Selectbox"
    return "TextArea" if _extra(field, "rows") else "TextInput"


def title_of(name: str) -> str:
    """Return a parameter's or an option's name as a visitor reads it."""
    return name.replace("_", " ").replace("-", " ").capitalize()


def _extra(field: FieldInfo, name: str) -> Any:
    return field.json_schema_extra.get(name) if isinstance(field.json_schema_extra, dict) else None


def _show_widgets(task: Task, *, prominent: bool, chats: bool = False) -> None:
    for name, field in task.parameters.model_fields.items():
        if bool(_extra(field, "prominent")) == prominent and (chats or not _extra(field, "chat")):
            _show_widget(widget_key(task.id, name), name, field)


def _read(field: FieldInfo, said: Any) -> Any:
    """Return the value that a widget means: a box that was emptied its default, chips their words."""
    if get_origin(field.annotation) is tuple:
        return tuple(word.strip() for word in said if word.strip())
    return field.default if said is None else said


def _show_widget(key: str, name: str, field: FieldInfo) -> None:
    shared: dict[str, Any] = {"key": key, "help": field.description, "bind": "query-params"}
    title = field.title or title_of(name)
    match parameter_element(field):
        case "Checkbox":
            st.toggle(title, value=field.default, **shared)
        case "Selectbox":
            literal = {option: option for option in get_args(field.annotation)}
            choices = literal or _extra(field, "choices")
            codes = list(choices)
            st.selectbox(title, codes, index=codes.index(field.default), format_func=choices.__getitem__, **shared)
        case "Slider" | "NumberInput" as element:
            _show_number(element, title, field, shared)
        case "Multiselect":
            _show_chips(key, title, field)
        case "TextArea":
            st.text_area(title, value=field.default, height="content", **shared)
        case _:
            st.text_input(title, value=field.default, **shared)


def _show_number(element: ParameterElement, title: str, field: FieldInfo, shared: dict[str, Any]) -> None:
    kind: Any = field.annotation
    bounds: list[Any] = [bound if bound is None else kind(bound) for bound in _bounds(field)]
    (low, high), value = bounds, kind(field.default)
    if element == "Slider":
        step = 1 if kind is int else round((high - low) / 40, 2) or None
        st.slider(title, low, high, value, step=step, **shared)
    else:
        step, form = (1, None) if kind is int else (None, "%g")
        st.number_input(title, min_value=low, max_value=high, value=value, step=step, format=form, **shared)


def _show_chips(key: str, title: str, field: FieldInfo) -> None:
    """Show words as chips; Enter adds one, its cross takes it away."""
    st.session_state.setdefault(key, list(field.default))
    options = list(dict.fromkeys([*field.default, *st.session_state[key]]))
    st.multiselect(
        title,
        options,
        key=key,
        help=field.description,
        accept_new_options=True,
        placeholder="Type a word and press Enter",
        persist_state="session",
    )


def _bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    return _bound(field, "ge", "gt"), _bound(field, "le", "lt")


def _bound(field: FieldInfo, *names: str) -> float | None:
    """Return what a field's bounds of these names say, None where there is none."""
    return next((getattr(item, name) for name in names for item in field.metadata if hasattr(item, name)), None)
