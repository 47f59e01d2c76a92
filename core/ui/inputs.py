"""How a visitor gives a task its input: typed, uploaded, photographed, drawn, spoken, or an example.

One function per input type. What was given is kept as bytes in the session, so that it outlives a
change of task, of page and the widget it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.errors import BadInput
from core.media import thumbnail_png
from core.settings import ROOT
from core.showcase import encoded
from core.tasks.spec import Example, Task
from core.ui.canvas import draw
from core.ui.problem import problems_shown
from core.ui.state import forget_run, runtime, widget_key
from core.values import Audio, Image, Text, Value

PREVIEW_SIDE: Final = 640
"""Pixels of a preview's longer side: what a column shows at most on a wide screen."""

IMAGE_TYPES: Final = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif")
AUDIO_TYPES: Final = ("wav", "mp3", "flac", "ogg", "opus", "m4a", "aac", "webm", "mp4", "amr")


@dataclass(frozen=True)
class Given:
    """Hold what a visitor gave: the bytes, what to call them, and whose example they are, if they are one."""

    data: bytes
    name: str
    example_of: str = ""


def show_input_form(task: Task) -> Callable[[], Value]:
    """Show the widgets of the task's input; return what reads them, to be called once `Run` is pressed."""
    return INPUT_WIDGETS[task.input](task)


def show_examples(task: Task) -> None:
    """Show the task's examples as buttons; one click puts an example in."""
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
    """Put an example in as the input."""
    forget_run()
    if isinstance(example.inputs, Path):
        st.session_state[_given_key(task)] = _example(task, example)
    else:
        st.session_state[widget_key(task.id, "text")] = example.inputs


def put_input(task: Task, inputs: Value) -> None:
    """Put the input of a reopened run in, where the visitor has given none."""
    if isinstance(inputs, Text):
        st.session_state.setdefault(widget_key(task.id, "text"), inputs.text)
    elif _given_key(task) not in st.session_state:
        st.session_state[_given_key(task)] = Given(encoded(inputs)[1], "This run's input")


def _text_input(task: Task) -> Callable[[], Value]:
    key = widget_key(task.id, "text")
    if key not in st.session_state:
        st.session_state[key] = task.examples[0].inputs
    typed = st.text_area(
        "Your text", key=key, height=180, placeholder="Type or paste a text here", persist_state="session"
    )
    return lambda: runtime().showcase.read_input(task, typed or "")


def _image_input(task: Task) -> Callable[[], Value]:
    source = st.segmented_control(
        "Your picture",
        ["Draw", "Upload", "Camera"],
        default="Draw" if task.id == "image-classification" else "Upload",
        key=widget_key(task.id, "source"),
        required=True,
    )
    if source == "Draw":
        drawn = draw(key=widget_key(task.id, "canvas"))
        if drawn is not None and st.session_state.get(widget_key(task.id, "drawn")) != drawn:
            st.session_state[widget_key(task.id, "drawn")] = drawn
            st.session_state[_given_key(task)] = Given(drawn, "your drawing")
    elif source == "Upload":
        _file_widget(task, st.file_uploader, "A picture from this device", "upload", type=list(IMAGE_TYPES))
    else:
        _file_widget(task, st.camera_input, "A photograph", "camera")
    given = _given(task)
    if given is not None and given.name != "your drawing":
        with problems_shown():
            image = runtime().showcase.read_input(task, given.data, name=given.name)
            if isinstance(image, Image):
                st.image(thumbnail_png(image, PREVIEW_SIDE), caption=given.name, alt=f"Your input: {given.name}")
    return lambda: _read(task)


def _audio_input(task: Task) -> Callable[[], Value]:
    source = st.segmented_control(
        "Your sound", ["Microphone", "Upload"], default="Microphone", key=widget_key(task.id, "source"), required=True
    )
    if source == "Microphone":
        _file_widget(task, st.audio_input, "Press to record, press again to end", "microphone")
    else:
        _file_widget(task, st.file_uploader, "A sound from this device", "upload", type=list(AUDIO_TYPES))
    given = _given(task)
    if given is not None:
        st.caption(given.name)
        st.audio(given.data)
    return lambda: _read(task)


INPUT_WIDGETS: Final[dict[type[Value], Callable[[Task], Callable[[], Value]]]] = {
    Text: _text_input,
    Image: _image_input,
    Audio: _audio_input,
}
"""The widgets of each input type. A task with another type fails a test, not a visitor."""


def _file_widget(task: Task, widget: Any, label: str, field: str, **options: Any) -> None:
    """Show a widget that gives a file, and keep the file's bytes the moment it is given."""
    key = widget_key(task.id, field)
    if widget is not st.audio_input and widget is not st.camera_input:
        options["max_upload_size"] = max(1, runtime().settings.max_upload_bytes // 1_000_000)

    def keep() -> None:
        file = st.session_state.get(key)
        if file is not None:
            forget_run()
            st.session_state[_given_key(task)] = Given(file.getvalue(), file.name)

    widget(label, key=key, on_change=keep, **options)


def _given_key(task: Task) -> str:
    return f"{task.modality}.given"


def _given(task: Task) -> Given | None:
    """Return what was given for this kind of task; before that, the first example of this one."""
    given: Given | None = st.session_state.get(_given_key(task))
    if given is None or given.example_of not in ("", task.id):
        given = _example(task, task.examples[0])
        st.session_state[_given_key(task)] = given
    return given


def _example(task: Task, example: Example) -> Given | None:
    path = ROOT / example.inputs
    return Given(path.read_bytes(), example.title, task.id) if path.exists() else None


def _read(task: Task) -> Value:
    given = _given(task)
    if given is None:
        raise BadInput("There is no input yet.", hint="Give one above, or take an example.")
    return runtime().showcase.read_input(task, given.data, name=given.name)
