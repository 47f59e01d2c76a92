"""How a visitor corrects an answer, in the answer's own type: one function per output type.

Each shows its widgets and returns the corrected answer, or None while it says what the answer says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from core.media import read_audio
from core.ui.outputs.answers import NOWHERE
from core.ui.outputs.fillings import word_of
from core.ui.outputs.table_answer import worked_out
from core.ui.picture_correction import (
    KEPT,
    depth_correction,
    image_correction,
    matches_correction,
)
from core.ui.problem import plain
from core.ui.state import runtime
from core.values import (
    Answer,
    Answers,
    Audio,
    Boxes,
    Caption,
    Decision,
    Decisions,
    Depth,
    Embeddings,
    Entities,
    Filling,
    Fillings,
    FilmLabels,
    Image,
    Label,
    Labels,
    Masks,
    Matches,
    Mixed,
    PageAnswer,
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

LABEL: Final = "Label"
SCORE: Final = "How near"


def show_correction(output: Value, *, labels: Sequence[str], key: str) -> Value | None:
    """Show what corrects an answer.

    Args:
        labels: the model's own labels; another word may be given too.
    """
    return CORRECTIONS[type(output)](output, labels, key)


def _labels(output: Labels, labels: Sequence[str], key: str) -> Labels | None:
    right = _chosen("The right label", list(labels) or [label.label for label in output.labels], key)
    return type(output)(labels=(Label(label=right, score=1.0),)) if right else None


def _text(output: Text, _: Sequence[str], key: str) -> Text | None:
    right = st.text_area("The right text", output.text, key=key, height=160)
    return output.model_copy(update={"text": right}) if right != output.text else None


def _transcript(output: Transcript, _: Sequence[str], key: str) -> Transcript | None:
    right = st.text_area("What was really said", output.text, key=key, height=100)
    return Transcript(text=right) if right != output.text else None


def _audio(_output: Audio, _labels: Sequence[str], key: str) -> Audio | None:
    spoken = st.audio_input("Say it as it should sound", key=key)
    return read_audio(spoken.getvalue(), runtime().showcase.limits, name=spoken.name) if spoken else None


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
    right = _chosen("The right answer", [*(answer.answer or NOWHERE for answer in output.answers), NOWHERE], key)
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


def _table(output: Table, _: Sequence[str], key: str) -> Table | None:
    columns = [
        f"{number}: {name}" if name in output.columns[:number] else name for number, name in enumerate(output.columns)
    ]
    edited = st.data_editor(
        [dict(zip(columns, row, strict=True)) for row in output.rows],
        key=key,
        hide_index=True,
        num_rows="dynamic",
        width="stretch",
    )
    rows = tuple(tuple(str(row.get(column) or "") for column in columns) for row in edited)
    return None if rows == output.rows else output.model_copy(update={"rows": rows})


def _several(output: Several, labels: Sequence[str], key: str) -> Several | None:
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


def _table_answer(output: TableAnswer, _: Sequence[str], key: str) -> TableAnswer | None:
    right = st.text_input("The right answer", worked_out(output), key=key).strip()
    changed = right and right != worked_out(output)
    return TableAnswer(answer=right, coordinates=(), cells=(), aggregator="") if changed else None


def _decisions(output: Decisions, _: Sequence[str], key: str) -> Decisions | None:
    several = len(output.decisions) > 1
    chosen = [
        _chosen(f"The right answer: {one.name}", [option.label for option in one.options], at)
        for number, one in enumerate(output.decisions, 1)
        for at in [f"{key}_{number}" if several else key]
    ]
    decided = tuple(
        Decision(name=one.name, answer=right, options=(Label(label=right, score=1.0),)) if right else one
        for one, right in zip(output.decisions, chosen, strict=True)
    )
    return Decisions(decisions=decided) if any(chosen) else None


def _page_answers(output: PageAnswers, _: Sequence[str], key: str) -> PageAnswers | None:
    found = output.answers[0].answer if output.answers else ""
    right = st.text_input("The right answer", found, key=key)
    return output.model_copy(update={"answers": (PageAnswer(answer=right, score=1.0),)}) if right != found else None


def _mixed(output: Mixed, _: Sequence[str], key: str) -> Mixed | None:
    right = st.text_area("The right answer, in words", output.text, key=key, height=160)
    return Mixed(text=right) if right != output.text else None


def _similarities(output: Similarities, _: Sequence[str], key: str) -> Similarities | None:
    edited = st.data_editor(
        [{"Text": number, SCORE: round(score, 2)} for number, score in enumerate(output.scores, start=1)],
        key=key,
        hide_index=True,
        disabled=["Text"],
        width="stretch",
        column_config={
            "Text": st.column_config.NumberColumn("Text", help="In the order in which they were given"),
            SCORE: st.column_config.NumberColumn(SCORE, min_value=-1.0, max_value=1.0, step=0.01, required=True),
        },
    )
    pairs = zip(edited, output.scores, strict=True)
    scores = tuple(was if row[SCORE] == round(was, 2) else float(row[SCORE]) for row, was in pairs)
    return output.model_copy(update={"scores": scores}) if scores != output.scores else None


def _embeddings(_output: Embeddings, _labels: Sequence[str], _key: str) -> None:
    st.caption("Nobody writes a vector by hand: say in the comment which texts should be nearer, or farther apart.")


CORRECTIONS: Final[dict[type[Value], Callable[..., Value | None]]] = {
    Labels: _labels,
    Text: _text,
    Transcript: _transcript,
    Entities: _entities,
    Boxes: _boxes,
    Masks: _masks,
    Answers: _answers,
    Fillings: _fillings,
    Depth: depth_correction,
    Image: image_correction,
    Matches: matches_correction,
    Words: _text,
    Table: _table,
    Several: _several,
    Decisions: _decisions,
    TableAnswer: _table_answer,
    Caption: _text,
    Replies: _labels,
    PageAnswers: _page_answers,
    FilmLabels: _labels,
    Mixed: _mixed,
    Summary: _text,
    Translation: _text,
    Similarities: _similarities,
    Embeddings: _embeddings,
    Audio: _audio,
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
