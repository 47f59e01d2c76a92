"""The files that a visitor gave, kept in the session so that they outlive the widget they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.settings import ROOT
from core.tasks.spec import Example, Task
from core.ui.state import forget_run, runtime, widget_key
from core.values import InputField, fields_of

_BUILT_IN: Final = (st.audio_input, st.camera_input)
"""Widgets that make their file themselves and know no limit of its size."""


@dataclass(frozen=True)
class ShownField:
    """Hold a field as it stands on the page.

    Args:
        read: reads what was given in it.
        is_refused: whether it says beside it why that cannot be read.
    """

    read: Callable[[], Any]
    is_refused: bool = False


@dataclass(frozen=True)
class Given:
    """Hold a file: its bytes, what to call it, and whose example it is, if it is one."""

    data: bytes
    name: str
    example_of: str = ""


def given_files(task: Task, field: InputField) -> tuple[Given, ...]:
    """Return the files that were given for a field; before any, those of the task's first example."""
    files: tuple[Given, ...] | None = st.session_state.get(_key(task, field))
    if files is None or any(file.example_of not in ("", task.id) for file in files):
        files = example_files(task, task.first_example, field)
        st.session_state[_key(task, field)] = files
    return files


def keep_files(task: Task, field: InputField, files: tuple[Given, ...]) -> None:
    """Keep files as what was given for a field."""
    st.session_state[_key(task, field)] = files


def has_files(task: Task, field: InputField) -> bool:
    """Return whether a file was given for a field, be it an example."""
    return _key(task, field) in st.session_state


def example_files(task: Task, example: Example, field: InputField) -> tuple[Given, ...]:
    """Return the files of an example's field, or what is written out in it, such as a table; none where it has none."""
    given = example_part(example, field)
    parts = given if isinstance(given, tuple) else (given,)
    found = [
        part.encode() if isinstance(part, str) else (ROOT / part).read_bytes()
        for part in parts
        if isinstance(part, str) or (part is not None and (ROOT / part).exists())
    ]
    return tuple(Given(data, example.title, task.id) for data in found)


def example_part(example: Example, field: InputField) -> Any:
    """Return what an example gives for a field, or None."""
    if isinstance(example.inputs, str | Path):
        return example.inputs
    return example.inputs.get(field.name)


def file_widget(task: Task, field: InputField, widget: Any, label: str, source: str, **options: Any) -> None:
    """Show a widget that gives files, and keep their bytes the moment they are given."""
    key = field_key(task, field, source)
    if widget not in _BUILT_IN:
        options["max_upload_size"] = max(1, runtime().settings.max_upload_bytes // 1_000_000)
    if field.many:
        options["accept_multiple_files"] = True

    def keep() -> None:
        files = st.session_state.get(key)
        if files:
            forget_run()
            several = files if isinstance(files, list) else [files]
            keep_files(task, field, tuple(Given(file.getvalue(), file.name) for file in several))

    widget(label, key=key, on_change=keep, **options)


def field_key(task: Task, field: InputField, what: str) -> str:
    """Return the key of one of a field's widgets."""
    return widget_key(task.id, f"{field.name}_{what}" if field.name else what)


def files_reader(task: Task, field: InputField) -> Callable[[], Any]:
    """Return what reads a field of files: bytes, a list of these where it holds many, None where there are none."""

    def read() -> Any:
        files = [file.data for file in given_files(task, field)]
        return files if field.many else next(iter(files), None)

    return read


def _key(task: Task, field: InputField) -> str:
    """Return where a field's files are kept: by kind and place, so that another task finds the same picture."""
    alike = [other.name for other in fields_of(task.input) if other.atom is field.atom and other.many == field.many]
    many = "many" if field.many else "one"
    return f"given.{field.atom.__name__}.{many}.{alike.index(field.name)}"
