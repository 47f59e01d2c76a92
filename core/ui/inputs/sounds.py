"""A sound as input: spoken or uploaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from core.tasks.spec import Task
from core.ui.inputs.given import field_key, file_widget, files_reader, given_files
from core.values import InputField

AUDIO_TYPES: Final = ("wav", "mp3", "flac", "ogg", "opus", "m4a", "aac", "webm", "mp4", "amr")


def sound_widget(task: Task, field: InputField) -> Callable[[], Any]:
    """Show where a sound is recorded or uploaded; return what reads it."""
    source = st.segmented_control(
        field.title, ["Microphone", "Upload"], default="Microphone", key=field_key(task, field, "source"), required=True
    )
    if source == "Microphone":
        file_widget(task, field, st.audio_input, "Press to record, press again to end", "microphone")
    else:
        file_widget(task, field, st.file_uploader, "A sound from this device", "upload", type=list(AUDIO_TYPES))
    for given in given_files(task, field):
        st.caption(given.name)
        st.audio(given.data)
    return files_reader(task, field)
