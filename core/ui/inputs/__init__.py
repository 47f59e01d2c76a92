"""How a visitor gives a task its input: typed, uploaded, photographed, drawn, spoken, or an example.

    given     files, kept as bytes in the session, so that they outlive a change of task and page
    texts, pictures, sounds, videos, tables
              the widgets of each kind of atom

A form has one widget for each field of the task's input, in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.errors import BadInput, ShowcaseError
from core.reading import encoded
from core.snippets import FILE_NAMES, File
from core.tasks.spec import Example, Task
from core.ui.inputs.given import Given, ShownField, example_files, example_part, given_files, has_files, keep_files
from core.ui.inputs.pictures import picture_widget
from core.ui.inputs.sounds import sound_widget
from core.ui.inputs.tables import table_widget
from core.ui.inputs.texts import put_text, text_key, text_widget
from core.ui.inputs.videos import video_widget
from core.ui.parameters import put_parameters
from core.ui.state import forget_run, runtime, widget_key
from core.values import Atom, Audio, Chat, Image, InputField, Table, Text, Value, Video, fields_of

Widget = Callable[[Task, InputField], ShownField]

INPUT_WIDGETS: Final[dict[type[Atom], Widget]] = {
    Text: text_widget,
    Image: picture_widget,
    Audio: sound_widget,
    Table: table_widget,
    Video: video_widget,
}
"""The widget of each kind of atom. A task with another kind fails a test, not a visitor."""

TYPED: Final = (Text,)
"""Atoms whose widgets may stand in a form, where Ctrl+Enter presses `Run`."""


def is_typed(task: Task) -> bool:
    """Return whether all of a task's input is typed."""
    return all(field.atom in TYPED for field in fields_of(task.input))


@dataclass(frozen=True)
class InputForm:
    """Hold what reads a form.

    Args:
        read: reads the input, checked and decoded; called once `Run` is pressed.
        parts: gives what is on the screen as a request would send it, with a `File` for each file; None where
            nothing was given, or what was given cannot be read.
        is_refused: whether a field says already why what is in it cannot be read, beside it, where it can be mended.
    """

    read: Callable[[], Value]
    parts: Callable[[], Any]
    is_refused: bool


def show_input_form(task: Task) -> InputForm:
    """Show the widgets of the task's input."""
    fields = fields_of(task.input)
    beside = len(fields) == 2 and all(field.atom is Image and not field.many for field in fields)
    places = st.columns(2) if beside else [st.container() for _ in fields]
    shown: dict[str, ShownField] = {}
    for place, field in zip(places, fields, strict=True):
        with place:
            shown[field.name] = INPUT_WIDGETS[field.atom](task, field)

    def read() -> Value:
        parts = {name: one.read() for name, one in shown.items()}
        if not fields[0].name and parts[""] is None:
            raise BadInput("There is no input yet.", hint="Give one above, or take an example.")
        names = [file.name for field in fields if field.atom not in TYPED for file in given_files(task, field)]
        name = names[0] if len(names) == 1 else ""
        return runtime().showcase.read_input(task, parts if fields[0].name else parts[""], name=name)

    def parts() -> Any:
        try:
            given = {field.name: _as_sent(task, field, shown[field.name].read()) for field in fields}
        except ShowcaseError:  # said once `Run` is pressed; until then what is there is half typed
            return None
        named = {name: part for name, part in given.items() if part is not None}
        return named if fields[0].name else given[""]

    return InputForm(read, parts, any(one.is_refused for one in shown.values()))


def _as_sent(task: Task, field: InputField, part: Any) -> Any:
    """Return a part with its files by their names instead of their bytes."""
    names = [file.name for file in given_files(task, field)] if field.atom in FILE_NAMES else []

    def as_sent(one: Any, at: int) -> Any:
        if not isinstance(one, bytes):
            return one
        own = names[at] if at < len(names) and Path(names[at]).suffix else FILE_NAMES[field.atom]
        return File(own, guess_type(own)[0] or "application/octet-stream")

    if isinstance(part, list) and field.many:
        return [as_sent(one, at) for at, one in enumerate(part)]
    return as_sent(part, 0)


def show_examples(task: Task) -> None:
    """Show the task's examples as buttons; one click puts an example in."""
    if not task.examples:
        return
    st.caption("Or take an example")
    with st.container(horizontal=True, key="examples"):
        for number, example in enumerate(task.examples):
            st.button(
                example.title,
                key=widget_key(task.id, f"example_{number}"),
                on_click=take_example,
                args=(task, example),
                type="tertiary",
                icon=":material/subdirectory_arrow_right:",
            )


def take_example(task: Task, example: Example) -> None:
    """Put an example in as the input, with its parameters."""
    forget_run()
    for field in fields_of(task.input):
        if field.atom is Text:
            put_text(task, field, example_part(example, field))
        else:
            keep_files(task, field, example_files(task, example, field))
    put_parameters(task, example.parameters)


def put_input(task: Task, inputs: Value) -> None:
    """Put the input of a reopened run in, where the visitor has given none. A conversation goes on from the run."""
    if isinstance(inputs, Chat):
        return
    for field in fields_of(task.input):
        part = getattr(inputs, field.name) if field.name else inputs
        atoms = part if isinstance(part, tuple) else (part,) if part is not None else ()
        if field.atom is Text:
            if text_key(task, field) not in st.session_state:
                put_text(task, field, tuple(atom.text for atom in atoms))
        elif not has_files(task, field):
            keep_files(task, field, tuple(Given(encoded(atom)[1], "This run's input") for atom in atoms))
