"""How a visitor corrects an answer, in the answer's own type: one function per output type.

Each shows its widgets and returns the corrected answer, or None while it says what the answer says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from core.values import Boxes, Entities, Label, Labels, Masks, Text, Transcript, Value

KEPT: Final = "Right"
LABEL: Final = "Label"


def show_correction(output: Value, *, labels: Sequence[str], key: str) -> Value | None:
    """Show what corrects an answer.

    Args:
        labels: the model's own labels; another word may be given too.
    """
    return CORRECTIONS[type(output)](output, labels, key)


def _labels(output: Labels, labels: Sequence[str], key: str) -> Labels | None:
    options = list(labels) or [label.label for label in output.labels]
    right = st.selectbox(
        "The right label",
        options,
        index=None,
        key=key,
        placeholder="Choose, or type another",
        accept_new_options=True,
    )
    return Labels(labels=(Label(label=right.strip(), score=1.0),)) if right and right.strip() else None


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


CORRECTIONS: Final[dict[type[Value], Callable[..., Value | None]]] = {
    Labels: _labels,
    Text: _text,
    Transcript: _transcript,
    Entities: _entities,
    Boxes: _boxes,
    Masks: _masks,
}
"""What corrects each output type. A task with another type fails a test, not a visitor."""


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
