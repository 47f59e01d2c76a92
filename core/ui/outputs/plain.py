"""The views of what a function may answer with: words, a table."""

from __future__ import annotations

from typing import Final

from core.ui.outputs.markup import Markup, element, table
from core.values import Table, Words

SAID_CHARS: Final = 80
"""Up to this many characters an answer in words is set large; a longer one is there to be read."""


def words_view(words: Words) -> Markup:
    """Return the view of words that stand by themselves."""
    if not words.text.strip():
        return element("p", "The answer is empty.", class_="pd-none")
    return element("p", words.text, class_="pd-said" if len(words.text) <= SAID_CHARS else "pd-text")


def table_view(sheet: Table) -> Markup:
    """Return the view of a table; columns that hold numbers alone stand to the right of their cells."""
    if not sheet.rows:
        return element("p", "The table has no rows.", class_="pd-none")
    numbers = 0
    while numbers < len(sheet.columns) - 1 and all(_is_number(row[-1 - numbers]) for row in sheet.rows):
        numbers += 1
    return table(sheet.columns, sheet.rows, caption="The answer as a table", numbers=numbers)


def _is_number(cell: str) -> bool:
    return cell.strip().removesuffix("%").strip().lstrip("+-").replace(",", "").replace(".", "", 1).isdecimal()
