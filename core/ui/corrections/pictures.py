"""Corrections of answers about pictures that have no labels: depths, pictures and matches."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.media import read_image
from core.ui.corrections.marks import KEPT
from core.ui.problem import problems_shown
from core.ui.state import runtime
from core.values import Depth, Image, Matches


def correct_depth(output: Depth, _: Sequence[str], key: str) -> Depth | None:
    """Let a visitor say that near and far are the wrong way round."""
    swapped = st.checkbox("Near and far are the wrong way round", key=key)
    return output.model_copy(update={"nearness": not output.nearness}) if swapped else None


def correct_image(_output: Image, _: Sequence[str], key: str) -> Image | None:
    """Let a visitor give the right picture."""
    file = st.file_uploader("The right picture", type=["png", "jpg", "jpeg", "webp"], key=key)
    with problems_shown():
        return read_image(file.getvalue(), runtime().showcase.limits, name=file.name) if file else None
    return None


def correct_matches(output: Matches, _: Sequence[str], key: str) -> Matches | None:
    """Let a visitor strike out matches."""
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
