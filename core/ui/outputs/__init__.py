"""How answers look: one view per type of answer.

`show_output` draws into the current container. `markup` is the one place where text
becomes HTML; `export` is what Copy and Download take along. Every view can be read without colours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

import streamlit as st

from core.media import encode_wav
from core.ui.outputs.alike import alike_view
from core.ui.outputs.answers import answers_view
from core.ui.outputs.asked import asked_view, caption_view, strip_view
from core.ui.outputs.boxes import boxes_view
from core.ui.outputs.decisions import decisions_view
from core.ui.outputs.depth import depth_view, play_depth
from core.ui.outputs.entities import entities_view
from core.ui.outputs.export import Download, clipboard_text, downloads_of
from core.ui.outputs.fillings import fillings_view
from core.ui.outputs.image import image_view, play_image
from core.ui.outputs.labels import labels_view
from core.ui.outputs.markup import Markup, element, joined, show
from core.ui.outputs.masks import masks_view
from core.ui.outputs.matches import matches_view
from core.ui.outputs.mixed import mixed_view
from core.ui.outputs.pages import page_answers_view
from core.ui.outputs.plain import sound_view, table_view, words_view
from core.ui.outputs.table_answer import table_answer_view
from core.ui.outputs.text import text_view
from core.ui.outputs.transcript import transcript_view
from core.values import (
    Answers,
    Audio,
    Boxes,
    Caption,
    Decisions,
    Depth,
    Embeddings,
    Entities,
    Fillings,
    FilmLabels,
    Image,
    Labels,
    Masks,
    Matches,
    Mixed,
    PageAnswers,
    Replies,
    Several,
    Table,
    TableAnswer,
    Text,
    Transcript,
    Value,
    Words,
    atoms_in,
)

__all__ = ["VIEWS", "Download", "clipboard_text", "downloads_of", "show_output"]

_sounds: WeakKeyDictionary[Audio, bytes] = WeakKeyDictionary()
"""Each sound's WAV, for as long as somebody holds the sound: the page is drawn again at every click."""

View = Callable[[Any, Value | None], Markup]

VIEWS: Final[dict[type[Value], View]] = {
    Labels: lambda output, _inputs: labels_view(output),
    Entities: lambda output, _inputs: entities_view(output),
    Text: text_view,
    Boxes: boxes_view,
    Masks: masks_view,
    Answers: answers_view,
    Fillings: fillings_view,
    Depth: depth_view,
    Image: image_view,
    Embeddings: alike_view,
    Matches: matches_view,
    TableAnswer: table_answer_view,
    Decisions: lambda output, _inputs: decisions_view(output),
    Transcript: lambda output, _inputs: transcript_view(output),
    Words: lambda output, _inputs: words_view(output),
    Audio: lambda output, _inputs: sound_view(output),
    Table: lambda output, _inputs: table_view(output),
    Caption: caption_view,
    Replies: lambda output, inputs: joined((asked_view(inputs), labels_view(output))),
    PageAnswers: page_answers_view,
    FilmLabels: lambda output, inputs: joined((labels_view(output), strip_view(output, inputs))),
    Mixed: mixed_view,
}
"""The view of each type of answer; of several answers each has its own. A task with another type fails a test,
not a visitor."""


def _play_what_was_said(_: Transcript, inputs: Value | None, _key: str) -> None:
    for atom in atoms_in(inputs) if inputs is not None else ():
        if isinstance(atom, Audio):
            _play(atom)


def _play_answer(output: Audio, _inputs: Value | None, _key: str) -> None:
    _play(output)


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
        _play(output.audio)


PLAYERS: Final[dict[type[Value], Callable[[Any, Value | None, str], None]]] = {
    Transcript: _play_what_was_said,
    Audio: _play_answer,
    Depth: play_depth,
    Image: play_image,
    Text: _show_what_was_asked,
    Mixed: _show_asked_and_play,
}
"""What stands above some views and is more than markup: players, and surfaces that turn."""


def show_output(output: Value, *, inputs: Value | None, key: str) -> None:
    """Show an answer.

    Args:
        inputs: what was answered; None where it is not kept, and the view makes do without.
        key: differs between two answers on one page; styles and tests find the answer by it.

    Raises: KeyError if the type has no view.
    """
    if isinstance(output, Several):
        with st.container(key=key):
            for number, (title, part) in enumerate(output.titled()):
                if title:
                    show(element("h3", title, class_="pd-heading"))
                show_output(part, inputs=inputs, key=f"{key}_{number}")
        return
    markup = VIEWS[type(output)](output, inputs)
    with st.container(key=key):
        if type(output) in PLAYERS:
            PLAYERS[type(output)](output, inputs, key)
        show(markup)


def _play(audio: Audio) -> None:
    wav = _sounds.get(audio)
    if wav is None:
        wav = _sounds[audio] = encode_wav(audio)
    st.audio(wav, format="audio/wav")
