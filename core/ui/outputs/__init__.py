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
from core.ui.outputs.nearness import embeddings_view, similarities_view
from core.ui.outputs.pages import page_answers_view
from core.ui.outputs.plain import table_view, words_view
from core.ui.outputs.rewritten import summary_view, translation_view
from core.ui.outputs.sound import sound_view, sounds_in
from core.ui.outputs.table_answer import table_answer_view
from core.ui.outputs.text import text_view
from core.ui.outputs.transcript import spoken_pieces, transcript_view
from core.ui.read_along import read_along
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
    Similarities,
    Summary,
    Table,
    TableAnswer,
    Text,
    Transcript,
    Translation,
    Value,
    Words,
    atoms_in,
)

__all__ = ["VIEWS", "Download", "clipboard_text", "downloads_of", "show_output"]

_sounds: WeakKeyDictionary[Audio, bytes] = WeakKeyDictionary()
"""Each sound's WAV, for as long as somebody holds the sound: the page is drawn again at every click."""

View = Callable[[Any, Value | None], Markup]


def _vectors_view(output: Embeddings, inputs: Value | None) -> Markup:
    pictures = inputs is not None and any(isinstance(atom, Image) for atom in atoms_in(inputs))
    return alike_view(output, inputs) if pictures else embeddings_view(output, inputs)


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
    Matches: matches_view,
    TableAnswer: table_answer_view,
    Decisions: lambda output, _inputs: decisions_view(output),
    Transcript: transcript_view,
    Words: lambda output, _inputs: words_view(output),
    Audio: sound_view,
    Table: lambda output, _inputs: table_view(output),
    Caption: caption_view,
    Replies: lambda output, inputs: joined((asked_view(inputs), labels_view(output))),
    PageAnswers: page_answers_view,
    FilmLabels: lambda output, inputs: joined((labels_view(output), strip_view(output, inputs))),
    Mixed: mixed_view,
    Summary: summary_view,
    Translation: translation_view,
    Similarities: similarities_view,
    Embeddings: _vectors_view,
}
"""The view of each type of answer; of several answers each has its own. A task with another type fails a test,
not a visitor."""


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


def _play(audio: Audio, alt: str) -> None:
    st.audio(_wav(audio), format="audio/wav", alt=alt)


def _wav(audio: Audio) -> bytes:
    wav = _sounds.get(audio)
    if wav is None:
        wav = _sounds[audio] = encode_wav(audio)
    return wav
