"""How a visitor corrects an answer, in the answer's own type: one function per output type.

    words     what is chosen or written
    marks     words, boxes and regions with a label each
    tables    cells and numbers in a sheet
    pictures  depths, pictures and matches

Each shows its widgets and returns the corrected answer, or None while it says what the answer says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from core.ui.corrections.marks import correct_boxes, correct_entities, correct_masks
from core.ui.corrections.pictures import correct_depth, correct_image, correct_matches
from core.ui.corrections.tables import correct_similarities, correct_table
from core.ui.corrections.words import (
    correct_answers,
    correct_audio,
    correct_decisions,
    correct_fillings,
    correct_labels,
    correct_mixed,
    correct_page_answers,
    correct_table_answer,
    correct_text,
    correct_transcript,
)
from core.ui.problem import plain
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
)


def show_correction(output: Value, *, labels: Sequence[str], key: str) -> Value | None:
    """Show what corrects an answer.

    Args:
        labels: the model's own labels; another word may be given too.
    """
    return CORRECTIONS[type(output)](output, labels, key)


def correct_several(output: Several, labels: Sequence[str], key: str) -> Several | None:
    """Correct each part in its own type, as far as it can be."""
    right: dict[int, Value] = {}
    for number, (title, part) in enumerate(output.titled()):
        if type(part) not in CORRECTIONS:
            continue
        if title:
            st.caption(plain(title))
        corrected = CORRECTIONS[type(part)](part, labels, f"{key}_{number}")
        if corrected is not None:
            right[number] = corrected
    parts = tuple(right.get(number, part) for number, part in enumerate(output.parts))
    return output.model_copy(update={"parts": parts}) if right else None


def correct_embeddings(_output: Embeddings, _labels: Sequence[str], _key: str) -> None:
    """Ask for words instead: nobody writes a vector by hand."""
    st.caption("Nobody writes a vector by hand: say in the comment which texts should be nearer, or farther apart.")


CORRECTIONS: Final[dict[type[Value], Callable[..., Value | None]]] = {
    Labels: correct_labels,
    Text: correct_text,
    Transcript: correct_transcript,
    Entities: correct_entities,
    Boxes: correct_boxes,
    Masks: correct_masks,
    Answers: correct_answers,
    Fillings: correct_fillings,
    Words: correct_text,
    Table: correct_table,
    Depth: correct_depth,
    Image: correct_image,
    Matches: correct_matches,
    Several: correct_several,
    Decisions: correct_decisions,
    TableAnswer: correct_table_answer,
    Caption: correct_text,
    Replies: correct_labels,
    PageAnswers: correct_page_answers,
    FilmLabels: correct_labels,
    Mixed: correct_mixed,
    Summary: correct_text,
    Translation: correct_text,
    Similarities: correct_similarities,
    Embeddings: correct_embeddings,
    Audio: correct_audio,
}
"""What corrects each output type. A task with another type fails a test, not a visitor."""
