"""How answers look: one view per type of answer.

`show_output` draws into the current container. `markup` is the one place where text
becomes HTML; `export` is what Copy and Download take along. Every view can be read without colours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from core.ui.outputs.alike import alike_view
from core.ui.outputs.answers import answers_view
from core.ui.outputs.asked import asked_view, caption_view, strip_view
from core.ui.outputs.boxes import boxes_view
from core.ui.outputs.decisions import decisions_view
from core.ui.outputs.depth import depth_view
from core.ui.outputs.entities import entities_view
from core.ui.outputs.export import Download, clipboard_text, downloads_of
from core.ui.outputs.fillings import fillings_view
from core.ui.outputs.image import image_view
from core.ui.outputs.labels import labels_view
from core.ui.outputs.markup import Markup, element, joined, show
from core.ui.outputs.masks import masks_view
from core.ui.outputs.matches import matches_view
from core.ui.outputs.mixed import mixed_view
from core.ui.outputs.nearness import embeddings_view, similarities_view
from core.ui.outputs.pages import page_answers_view
from core.ui.outputs.plain import table_view, words_view
from core.ui.outputs.players import PLAYERS
from core.ui.outputs.rewritten import summary_view, translation_view
from core.ui.outputs.sound import sound_view
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
