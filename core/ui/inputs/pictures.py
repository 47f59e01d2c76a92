"""Pictures as input: uploaded, photographed or drawn, one or several."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.errors import ShowcaseError
from core.media import read_image, thumbnail_png
from core.tasks.spec import Task
from core.ui.canvas import draw
from core.ui.inputs.given import (
    Given,
    ShownField,
    field_key,
    file_widget,
    files_reader,
    given_files,
    keep_files,
)
from core.ui.problem import problems_shown
from core.ui.state import runtime
from core.values import InputField

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
            image = read_image(file.data, runtime().showcase.limits, name=file.name)
            st.image(thumbnail_png(image, PREVIEW_SIDE), caption=caption, alt=f"Your input: {caption}")
    return ShownField(files_reader(task, field), is_refused=bool(told))


def _show_sources(task: Task, field: InputField) -> None:
    source = st.segmented_control(
        field.title,
        ["Draw", "Upload", "Camera"],
        default="Draw" if task.id == "image-classification" else "Upload",
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
