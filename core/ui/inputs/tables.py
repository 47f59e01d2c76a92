"""A table as input: typed cell by cell, pasted from a spreadsheet, or uploaded."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import streamlit as st

from core.errors import ShowcaseError
from core.media import table_of
from core.reading import read_value, to_wire
from core.tasks.spec import Task
from core.ui.inputs.given import Given, ShownField, field_key, file_widget, given_files, keep_files
from core.ui.outputs.markup import show_style
from core.ui.problem import show_problem
from core.ui.state import forget_run, runtime
from core.values import InputField, Table

TABLE_TYPES: Final = ("csv", "tsv", "txt", "xlsx", "json")

SPARE_COLUMNS: Final = 2
"""Empty columns beside the table, so that it can grow to the right too."""

EMPTY_ROWS: Final = 4

ROW_PX: Final = 35
HIGHEST_SHEET_PX: Final = 400
"""How high Streamlit draws a row, and a sheet that grows with its rows at most: its place is kept free meanwhile."""

TYPED: Final = "your typed table"
PASTED: Final = "your pasted table"


def table_widget(task: Task, field: InputField) -> ShownField:
    """Show where a table is typed, pasted or uploaded."""
    source = st.segmented_control(
        field.title, ["Type", "Paste", "Upload"], default="Type", key=field_key(task, field, "source"), required=True
    )
    if source == "Paste":
        _show_paste_box(task, field)
    elif source == "Upload":
        file_widget(task, field, st.file_uploader, "A CSV, TSV or Excel file", "upload", type=list(TABLE_TYPES))
    given = next(iter(given_files(task, field)), None)
    cells = _cells(given)
    if isinstance(cells, ShowcaseError):
        show_problem(cells)
        return ShownField(lambda: given.data if given else None, is_refused=True)
    edited = _show_cells(task, field, cells, given)

    def read() -> Any:
        table = table_of([list(row.values()) for row in edited], runtime().showcase.limits)
        columns = to_wire(table)
        if edited != cells:  # kept, so that what was typed is there again after another page
            keep_files(task, field, (Given(json.dumps(columns).encode(), TYPED),))
        return columns

    return ShownField(read)


def _show_paste_box(task: Task, field: InputField) -> None:
    key = field_key(task, field, "pasted")

    def keep() -> None:
        text = st.session_state.get(key)
        if text and text.strip():
            forget_run()
            keep_files(task, field, (Given(text.encode("utf-8", "replace"), PASTED),))

    st.text_area(
        "Cells copied from a spreadsheet, or CSV",
        key=key,
        on_change=keep,
        height=120,
        placeholder="Copy cells with their heading in your spreadsheet and paste them here",
    )


def _cells(given: Given | None) -> list[dict[str, str]] | ShowcaseError:
    """Return the table as the editor takes it, its heading the first row; why not, if it cannot be read."""
    if given is None or not given.data:
        columns = [_letter(at) for at in range(EMPTY_ROWS)]
        return [dict.fromkeys(columns, "") for _ in range(EMPTY_ROWS)]
    try:
        table = read_value(Table, given.data, runtime().showcase.limits, name=given.name)
    except ShowcaseError as err:
        return err
    spare = [""] * SPARE_COLUMNS
    return [{_letter(at): cell for at, cell in enumerate([*row, *spare])} for row in (table.columns, *table.rows)]


def _show_cells(task: Task, field: InputField, cells: list[dict[str, str]], given: Given | None) -> Any:
    # A key for each table: the editor's changes belong to the table they were made in.
    digest = hashlib.sha256(given.data if given else b"").hexdigest()[:12]
    key = field_key(task, field, f"cells_{digest}")
    rows = len(cells) + 2  # the columns' letters, and one to be added
    show_style(key, f"min-height:{min(HIGHEST_SHEET_PX, ROW_PX * rows + 2)}px")
    edited = st.data_editor(
        cells,
        key=key,
        num_rows="dynamic",
        width="stretch",
        hide_index=True,
        on_change=forget_run,
        column_config={name: st.column_config.TextColumn(name) for name in cells[0]},
        alt=f"{field.title}: {given.name if given else 'empty'}",
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("The first row names the columns.", width="content")
        st.button(
            "Clear",
            key=field_key(task, field, "clear"),
            type="tertiary",
            icon=":material/ink_eraser:",
            on_click=_clear,
            args=(task, field),
        )
    return edited


def _clear(task: Task, field: InputField) -> None:
    forget_run()
    keep_files(task, field, (Given(b"", TYPED),))


def _letter(at: int) -> str:
    """Return the name that spreadsheets give a column, counted from 0: A, B, ... Z, AA."""
    name = ""
    at += 1
    while at:
        at, place = divmod(at - 1, 26)
        name = chr(ord("A") + place) + name
    return name
