"""The view of an answer from a table: the answer large, the table with the cells used, and these as a list."""

from __future__ import annotations

import re
from typing import Final

from core.ui.outputs.markup import Markup, element, joined, table
from core.values import Table, TableAnswer, Value

_NUMBER: Final = re.compile(r"[+-]?\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?|[+-]?\d*\.?\d+")
"""A number as a cell holds it, alone or with a unit beside it: 1,250.5 or 12 kg."""

_DONE: Final = {"SUM": "Sum of", "AVERAGE": "Average of", "COUNT": "Count of"}


def table_answer_view(answer: TableAnswer, inputs: Value | None) -> Markup:
    """Return the view of an answer from a table."""
    given = getattr(inputs, "table", None)
    whole = given if isinstance(given, Table) else None
    if not answer.cells and not answer.answer:
        none = element("p", "The model chose no cell of this table.", class_="pd-none")
        return joined((none, _table(answer, whole))) if whole else none
    done = _DONE.get(answer.aggregator)
    cells = "1 cell" if len(answer.cells) == 1 else f"{len(answer.cells)} cells"
    headline = element("p", element("strong", worked_out(answer)), class_="pd-best pd-answer")
    said = element("p", f"{done} {cells}, as the model says", class_="pd-note") if done else Markup("")
    shown = _table(answer, whole) if whole else Markup("")
    return element("div", headline, said, shown, _used(answer, whole), class_="pd-from-table")


def worked_out(answer: TableAnswer) -> str:
    """Return what comes of doing with the cells what the model says; its own words where that cannot be done.

    A model only names the cells and says sum, average or count: it does not calculate.
    """
    if answer.aggregator == "COUNT":
        return str(len(answer.cells))
    numbers = [_number(cell) for cell in answer.cells]
    known = [number for number in numbers if number is not None]
    if answer.aggregator in ("SUM", "AVERAGE") and known and len(known) == len(numbers):
        total = sum(known)
        return f"{total if answer.aggregator == 'SUM' else total / len(known):.10g}"
    return ", ".join(answer.cells) if answer.cells else answer.answer


def _number(cell: str) -> float | None:
    found = _NUMBER.findall(cell)
    return float(found[0].replace(",", "").replace(" ", "")) if len(found) == 1 else None


def _table(answer: TableAnswer, whole: Table) -> Markup:
    used = set(answer.coordinates)
    rows = [
        [element("mark", cell) if (at, column) in used else cell for column, cell in enumerate(row)]
        for at, row in enumerate(whole.rows)
    ]
    return table(whole.columns, rows, caption="The table, with the cells used marked")


def _used(answer: TableAnswer, whole: Table | None) -> Markup:
    """Return the cells used in words: which row, which column, what stands there."""
    rows = []
    for (row, column), cell in zip(answer.coordinates, answer.cells, strict=False):
        known = whole is not None and column < len(whole.columns)
        name = whole.columns[column] if known and whole else f"column {column + 1}"
        rows.append(element("li", element("small", f"Row {row + 1}, {name}"), " ", element("b", cell)))
    return element("ul", *rows, class_="pd-used", aria_label="Cells used") if rows else Markup("")
