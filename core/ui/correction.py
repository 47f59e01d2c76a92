"""How a visitor corrects an answer, in the answer's own type: one function per output type.

Each shows its widgets and returns the corrected answer, or None while it says what the answer says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from core.media import read_image
from core.ui.outputs.answers import NOWHERE
from core.ui.outputs.fillings import word_of
from core.ui.problem import problems_shown
from core.ui.state import runtime
from core.values import (
    Answer,
    Answers,
    Boxes,
    Depth,
    Embeddings,
    Entities,
    Filling,
    Fillings,
    Image,
    Label,
    Labels,
    Masks,
    Matches,
    Text,
    Transcript,
    Value,
)

KEPT: Final = "Right"
LABEL: Final = "Label"


def show_correction(output: Value, *, labels: Sequence[str], key: str) -> Value | None:
    """Show what corrects an answer.

    Args:
        labels: the model's own labels; another word may be given too.
    """
    return CORRECTIONS[type(output)](output, labels, key)


def _labels(output: Labels, labels: Sequence[str], key: str) -> Labels | None:
    right = _chosen("The right label", list(labels) or [label.label for label in output.labels], key)
    return Labels(labels=(Label(label=right, score=1.0),)) if right else None


def _text(output: Text, _: Sequence[str], key: str) -> Text | None:
    right = st.text_area("The right text", output.text, key=key, height=160)
    return Text(text=right) if right != output.text else None


def _transcript(output: Transcript, _: Sequence[str], key: str) -> Transcript | None:
    right = st.text_area("What was really said", output.text, key=key, height=100)
    return Transcript(text=right) if right != output.text else None


def _entities(output: Entities, labels: Sequence[str], key: str) -> Entities | None:
    kept = _edited("Word", [(entity.word, entity.entity_group) for entity in output.entities], sorted(set(labels)), key)
    return (
        output.model_copy(
            update={
                "entities": tuple(
                    entity.model_copy(update={"entity_group": kept[number]})
                    for number, entity in enumerate(output.entities)
                    if number in kept
                )
            }
        )
        if kept is not None
        else None
    )


def _boxes(output: Boxes, labels: Sequence[str], key: str) -> Boxes | None:
    names = [f"Box {number}" for number in range(1, len(output.detections) + 1)]
    kept = _edited(
        "Box", list(zip(names, (detection.label for detection in output.detections), strict=True)), labels, key
    )
    return (
        output.model_copy(
            update={
                "detections": tuple(
                    detection.model_copy(update={"label": kept[number]})
                    for number, detection in enumerate(output.detections)
                    if number in kept
                )
            }
        )
        if kept is not None
        else None
    )


def _masks(output: Masks, labels: Sequence[str], key: str) -> Masks | None:
    names = [f"{mask.area:.0%} of the picture" for mask in output.masks]
    kept = _edited("Region", list(zip(names, (mask.label for mask in output.masks), strict=True)), labels, key)
    return (
        output.model_copy(
            update={
                "masks": tuple(
                    mask.model_copy(update={"label": kept[number]})
                    for number, mask in enumerate(output.masks)
                    if number in kept
                )
            }
        )
        if kept is not None
        else None
    )


def _answers(output: Answers, _: Sequence[str], key: str) -> Answers | None:
    right = _chosen("The right answer", [answer.answer or NOWHERE for answer in output.answers], key)
    if right is None:
        return None
    words = "" if right == NOWHERE else right
    known = next((answer for answer in output.answers if answer.answer == words), None)
    # Where another answer stands is not known here; (0, 0) is how a reader says "nowhere in particular".
    place = (known.start, known.end) if known else (0, 0)
    return Answers(answers=(Answer(answer=words, score=1.0, start=place[0], end=place[1]),))


def _fillings(output: Fillings, _: Sequence[str], key: str) -> Fillings | None:
    several = len(output.gaps) > 1
    chosen = [
        _chosen(f"The right word in gap {number}" if several else "The right word", list(map(word_of, words)), at)
        for number, words in enumerate(output.gaps, 1)
        for at in [f"{key}_{number}" if several else key]
    ]
    gaps = tuple(_filled(words, right) if right else words for words, right in zip(output.gaps, chosen, strict=True))
    return Fillings(gaps=gaps) if any(chosen) else None


def _filled(words: Sequence[Filling], right: str) -> tuple[Filling, ...]:
    known = next((one for one in words if word_of(one) == right), None)
    if known is not None:
        return (known.model_copy(update={"score": 1.0}),)
    # Of a word that the model did not offer, neither the token nor the sentence is known here.
    return (Filling(token_str=right, token=-1, score=1.0, sequence=""),)


def _depth(output: Depth, _: Sequence[str], key: str) -> Depth | None:
    swapped = st.checkbox("Near and far are the wrong way round", key=key)
    return output.model_copy(update={"nearness": not output.nearness}) if swapped else None


def _image(_output: Image, _: Sequence[str], key: str) -> Image | None:
    file = st.file_uploader("The right picture", type=["png", "jpg", "jpeg", "webp"], key=key)
    with problems_shown():
        return read_image(file.getvalue(), runtime().showcase.limits, name=file.name) if file else None
    return None


def _embeddings(_output: Embeddings, _labels: Sequence[str], _key: str) -> None:
    st.caption("Nobody writes a vector by hand: say in the comment what should be nearer, or farther apart.")


def _matches(output: Matches, _: Sequence[str], key: str) -> Matches | None:
    if not output.matches:
        return None
    edited = st.data_editor(
        [{KEPT: True, "Match": number} for number in range(1, len(output.matches) + 1)],
        key=key,
        hide_index=True,
        disabled=["Match"],
        column_config={
            KEPT: st.column_config.CheckboxColumn(KEPT, help="Take the tick away to strike it out", width="small"),
        },
    )
    kept = tuple(match for match, row in zip(output.matches, edited, strict=True) if row[KEPT])
    return output.model_copy(update={"matches": kept}) if kept != output.matches else None


CORRECTIONS: Final[dict[type[Value], Callable[..., Value | None]]] = {
    Labels: _labels,
    Text: _text,
    Transcript: _transcript,
    Entities: _entities,
    Boxes: _boxes,
    Masks: _masks,
    Answers: _answers,
    Fillings: _fillings,
    Depth: _depth,
    Image: _image,
    Embeddings: _embeddings,
    Matches: _matches,
}
"""What corrects each output type. A task with another type fails a test, not a visitor."""


def _chosen(question: str, options: Sequence[str], key: str) -> str | None:
    """Show options of which one, or another word, can be chosen; return it, or None while there is none."""
    right = st.selectbox(
        question,
        list(dict.fromkeys(options)),
        index=None,
        key=key,
        placeholder="Choose, or type another",
        accept_new_options=True,
    )
    return right.strip() or None if right else None


def _edited(noun: str, rows: Sequence[tuple[str, str]], labels: Sequence[str], key: str) -> dict[int, str] | None:
    """Show rows whose label can be changed and which can be struck out.

    Returns: the label of each row that stays, by its number; None if all is as it was.
    """
    if not rows:
        return None
    shown = [label for _, label in rows]
    edited = st.data_editor(
        [{KEPT: True, noun: name, LABEL: label} for name, label in rows],
        key=key,
        hide_index=True,
        disabled=[noun],
        width="stretch",
        column_config={
            KEPT: st.column_config.CheckboxColumn(KEPT, help="Take the tick away to strike it out", width="small"),
            LABEL: st.column_config.SelectboxColumn(
                LABEL, options=list(dict.fromkeys([*labels, *shown])), required=True
            ),
        },
    )
    kept = {number: str(row[LABEL]) for number, row in enumerate(edited) if row[KEPT]}
    return None if kept == dict(enumerate(shown)) else kept
