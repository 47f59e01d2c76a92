"""A film as input: uploaded, and played where browsers can."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.errors import ShowcaseError
from core.media import read_video, sniff
from core.tasks.spec import Task
from core.ui.inputs.given import ShownField, field_key, file_widget, files_reader, given_files
from core.ui.inputs.pictures import Preview, preview_of, show_preview
from core.ui.problem import problems_shown
from core.ui.state import runtime
from core.values import Image, InputField

VIDEO_TYPES: Final = ("mp4", "mov", "m4v", "webm", "mkv", "avi")

PLAYED: Final = ("MP4 film", "WebM film")
"""Kinds that browsers play; of the others, and of a film that was kept, a frame is shown."""


def video_widget(task: Task, field: InputField) -> ShownField:
    """Show where a film is uploaded."""
    file_widget(task, field, st.file_uploader, field.title, "upload", type=list(VIDEO_TYPES))
    told: list[ShowcaseError] = []
    for given in given_files(task, field):
        if sniff(given.data).name in PLAYED:
            st.caption(given.name)
            st.video(given.data)
            continue
        with problems_shown(told):
            frame = _middle_frame(task, field, given.data, given.name)
            show_preview(frame, f"{given.name} (one of its frames)", key=field_key(task, field, "preview"))
    return ShownField(files_reader(task, field), is_refused=bool(told))


def _middle_frame(task: Task, field: InputField, data: bytes, name: str) -> Preview:
    """Return a frame, read once for each film: reading one takes a process of its own."""
    key = field_key(task, field, "frame")
    kept: tuple[bytes, Preview] | None = st.session_state.get(key)
    if kept is None or kept[0] != data:
        frames = read_video(data, runtime().showcase.limits, name=name).array()
        kept = st.session_state[key] = (data, preview_of(Image.from_array(frames[len(frames) // 2])))
    return kept[1]
