"""Corrections of marks: each has a label that can be changed, and can be struck out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from core.values import Boxes, Entities, Masks

KEPT: Final = "Right"
"""The column whose tick keeps a row."""

LABEL: Final = "Label"


def correct_entities(output: Entities, labels: Sequence[str], key: str) -> Entities | None:
    """Ask which marked words are right, and for the right labels of the others."""
    found = output.entities
    kept = _edited("Word", [(one.word, one.entity_group) for one in found], sorted(set(labels)), key)
    if kept is None:
        return None
    right = tuple(found[number].model_copy(update={"entity_group": label}) for number, label in kept.items())
    return output.model_copy(update={"entities": right})


def correct_boxes(output: Boxes, labels: Sequence[str], key: str) -> Boxes | None:
    """Ask which boxes are right, and for the right labels of the others."""
    found = output.detections
    kept = _edited("Box", [(f"Box {number}", one.label) for number, one in enumerate(found, 1)], labels, key)
    if kept is None:
        return None
    right = tuple(found[number].model_copy(update={"label": label}) for number, label in kept.items())
    return output.model_copy(update={"detections": right})


def correct_masks(output: Masks, labels: Sequence[str], key: str) -> Masks | None:
    """Ask which regions are right, and for the right labels of the others."""
    found = output.masks
    kept = _edited("Region", [(f"{one.area:.0%} of the picture", one.label) for one in found], labels, key)
    if kept is None:
        return None
    right = tuple(found[number].model_copy(update={"label": label}) for number, label in kept.items())
    return output.model_copy(update={"masks": right})


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
