"""What stands above some views and is more than markup: players, and what was asked beside a growing answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

import streamlit as st

from core.media import encode_wav
from core.ui.outputs.asked import asked_view
from core.ui.outputs.depth import play_depth
from core.ui.outputs.image import play_image
from core.ui.outputs.markup import show
from core.ui.outputs.sound import sounds_in
from core.ui.outputs.transcript import spoken_pieces
from core.ui.read_along import read_along
from core.values import Audio, Depth, Image, Mixed, Text, Transcript, Value

_sounds: WeakKeyDictionary[Audio, bytes] = WeakKeyDictionary()
"""Each sound's WAV, for as long as somebody holds the sound: the page is drawn again at every click."""


def _play_what_was_said(transcript: Transcript, inputs: Value | None, key: str) -> None:
    sounds = sounds_in(inputs)
    if len(sounds) == 1 and transcript.chunks:
        read_along(_wav(sounds[0]), spoken_pieces(transcript, sounds[0]), key=f"{key}_along")
        return
    for audio in sounds:
        _play(audio, "What was heard")


def _play_what_was_made(audio: Audio, _inputs: Value | None, _key: str) -> None:
    _play(audio, "What the model made")


def _show_what_was_asked(_: Text, inputs: Value | None, _key: str) -> None:
    # An element of its own: the text below it is sent many times a second while it grows, and the picture once.
    asked = asked_view(inputs)
    if asked:
        show(asked)


def _show_asked_and_play(output: Mixed, inputs: Value | None, _key: str) -> None:
    asked = asked_view(inputs)
    if asked:
        show(asked)
    if output.audio is not None:
        _play(output.audio, "What the model made")


PLAYERS: Final[dict[type[Value], Callable[[Any, Value | None, str], None]]] = {
    Transcript: _play_what_was_said,
    Depth: play_depth,
    Image: play_image,
    Text: _show_what_was_asked,
    Mixed: _show_asked_and_play,
    Audio: _play_what_was_made,
}
"""What stands above some views and is more than markup: players, and surfaces that turn."""


def _play(audio: Audio, alt: str) -> None:
    st.audio(_wav(audio), format="audio/wav", alt=alt)


def _wav(audio: Audio) -> bytes:
    wav = _sounds.get(audio)
    if wav is None:
        wav = _sounds[audio] = encode_wav(audio)
    return wav
