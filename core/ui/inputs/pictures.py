"""Pictures as input: uploaded, photographed or drawn, one or several."""

from __future__ import annotations

from typing import Final, NamedTuple

import streamlit as st

from core.errors import ShowcaseError
from core.media import read_image, thumbnail_png
from core.tasks.spec import Task
from core.ui.canvas import draw
from core.ui.drawn_first import first_source
from core.ui.inputs.given import (
    Given,
    ShownField,
    field_key,
    file_widget,
    files_reader,
    given_files,
    keep_files,
)
from core.ui.outputs.markup import show_style
from core.ui.problem import problems_shown
from core.ui.state import runtime
from core.values import Image, InputField

PREVIEW_SIDE: Final = 640
"""Pixels of a preview's longer side: what a column shows at most on a wide screen."""

PREVIEWS_ACROSS: Final = 4
"""Previews that stand in one row, where several pictures are given."""

IMAGE_TYPES: Final = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif")

DRAWN: Final = "your drawing"


def picture_widget(task: Task, field: InputField) -> ShownField:
    """Show where pictures are uploaded, taken or drawn."""
    if field.many:
        file_widget(task, field, st.file_uploader, field.title, "upload", type=list(IMAGE_TYPES))
    else:
        _show_sources(task, field)
    given = [file for file in given_files(task, field) if file.name != DRAWN]
    across = st.columns(PREVIEWS_ACROSS) if len(given) > 1 else [st.container()]
    told: list[ShowcaseError] = []
    for number, file in enumerate(given):
        # Several are numbered, as the answer names them.
        caption = f"{number + 1}. {file.name}" if len(given) > 1 else file.name
        with across[number % len(across)], problems_shown(told):
            show_preview(_read(file.data, file.name), caption, key=field_key(task, field, f"preview_{number}"))
    return ShownField(files_reader(task, field), is_refused=bool(told))


class Preview(NamedTuple):
    """Be a small picture as PNG, and its sides in pixels."""

    png: bytes
    wide: int
    high: int


def preview_of(image: Image) -> Preview:
    """Make a preview, which is never larger than the picture."""
    scale = min(1, PREVIEW_SIDE / max(image.width, image.height))
    wide, high = (max(1, round(side * scale)) for side in (image.width, image.height))
    return Preview(thumbnail_png(image, PREVIEW_SIDE), wide, high)


def show_preview(preview: Preview, caption: str, *, key: str) -> None:
    """Show a picture that was given, small, in a place that it has before a browser has fetched it."""
    with st.container(key=key):
        show_style(key, f"--pd-wide:{preview.wide};--pd-high:{preview.high}")
        st.image(preview.png, caption=caption, alt=f"Your input: {caption}")


@st.cache_data(max_entries=32, show_spinner=False)
def _read(data: bytes, name: str) -> Preview:
    """Return a picture's preview; decoded once, for the page is drawn again at every click."""
    return preview_of(read_image(data, runtime().showcase.limits, name=name))


def _show_sources(task: Task, field: InputField) -> None:
    source = st.segmented_control(
        field.title,
        ["Draw", "Upload", "Camera"],
        default=first_source(task),
        key=field_key(task, field, "source"),
        required=True,
    )
    if source == "Draw":
        drawn = draw(key=field_key(task, field, "canvas"))
        seen = field_key(task, field, "drawn")
        if drawn is not None and st.session_state.get(seen) != drawn:
            st.session_state[seen] = drawn
            keep_files(task, field, (Given(drawn, DRAWN),))
    elif source == "Upload":
        file_widget(task, field, st.file_uploader, "A picture from this device", "upload", type=list(IMAGE_TYPES))
    else:
        file_widget(task, field, st.camera_input, "A photograph", "camera")
