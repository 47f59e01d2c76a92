"""Corrections in a sheet: cells, and how near texts are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from core.values import Similarities, Table

SCORE: Final = "How near"


def correct_table(output: Table, _: Sequence[str], key: str) -> Table | None:
    """Ask for the right cells."""
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


def correct_similarities(output: Similarities, _: Sequence[str], key: str) -> Similarities | None:
    """Ask how near each text is."""
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
