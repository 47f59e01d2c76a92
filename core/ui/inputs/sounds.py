"""A sound as input: spoken or uploaded."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.errors import ShowcaseError
from core.media import read_audio
from core.tasks.spec import Task
from core.ui.inputs.given import ShownField, field_key, file_widget, files_reader, given_files
from core.ui.outputs.markup import show
from core.ui.outputs.waveform import loudness, waveform
from core.ui.problem import problems_shown
from core.ui.state import runtime
from core.values import InputField

AUDIO_TYPES: Final = ("wav", "mp3", "flac", "ogg", "opus", "m4a", "aac", "webm", "mp4", "amr")


def sound_widget(task: Task, field: InputField) -> ShownField:
    """Show where a sound is recorded or uploaded."""
    source = st.segmented_control(
        field.title, ["Microphone", "Upload"], default="Microphone", key=field_key(task, field, "source"), required=True
    )
    if source == "Microphone":
        file_widget(task, field, st.audio_input, "Press to record, press again to end", "microphone")
    else:
        file_widget(task, field, st.file_uploader, "A sound from this device", "upload", type=list(AUDIO_TYPES))
    told: list[ShowcaseError] = []
    for given in given_files(task, field):
        st.caption(given.name)
        with problems_shown(told):
            show(waveform(*_heard(given.data, given.name)))
            st.audio(given.data, alt=f"Your input: {given.name}")
    return ShownField(files_reader(task, field), is_refused=bool(told))


@st.cache_data(max_entries=64, show_spinner=False)
def _heard(data: bytes, name: str) -> tuple[list[float], float]:
    """Return a sound's loudness and its length in seconds; decoded once, for the page is drawn again at every click."""
    audio = read_audio(data, runtime().showcase.limits, name=name)
    return loudness(audio), audio.duration_s
