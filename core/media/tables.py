"""Tables as they come in: CSV and its kin, Excel workbooks, JSON's rows and columns; and every limit on them.

Owns what a table may be: a heading, at least one row, every cell a text. Formulas are never evaluated: of a cell
that holds one, the value that was saved with it is read.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import itertools
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from zlib import error as ZlibError

from core.errors import BadInput, TooLarge, UnsupportedMedia
from core.media.kinds import PLAIN_TEXT, UNKNOWN, Kind, sniff
from core.media.limits import Limits, millions
from core.media.texts import read_text
from core.values import Table

MAX_ROWS: Final = 1_000
MAX_COLUMNS: Final = 100
MAX_CELLS: Final = 10_000
"""What a table may hold: far more than a model reads, and little enough to be shown and edited on a page."""

MAX_SHEET_BYTES: Final = 2_000_000
"""What a workbook's sheet, or all its texts, may unpack to: ten thousand cells are half of it, and a row of
nothing but empty cells, which becomes a hundred times its size in objects, still fits into memory."""

MAX_PART_BYTES: Final = 500_000
"""What any other part of a workbook may unpack to, such as its styles: these become objects all at once."""

DELIMITERS: Final = ("\t", ",", ";", "|")
"""What may stand between cells; the first wins a tie, because a spreadsheet copies with tabs."""

_SNIFFED_LINES: Final = 20
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGE_PARTS: Final = ("xl/worksheets/", "xl/sharedStrings.xml", "xl/media/")
"""Parts of a workbook that may be large; pictures are not read, but any part may be declared to be any other."""

_DAMAGED: Final = (
    zipfile.BadZipFile,
    ZlibError,
    ParseError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    EOFError,
    NotImplementedError,
    OSError,
)
"""What openpyxl and what it stands on raise on a workbook that is not sound."""


def read_table(data: str | bytes, limits: Limits, *, name: str = "") -> Table:
    """Read a table from text with cells between tabs, commas, semicolons or bars, or from an Excel workbook.

    The first row that is not empty holds the names of the columns. Of a workbook the first sheet that shows is read.

    Raises: BadInput, TooLarge or UnsupportedMedia saying what is wrong and what to do.
    """
    if isinstance(data, bytes):
        limits.check_upload(data)
        kind = sniff(data)
        if data.startswith(b"PK\x03\x04"):
            return table_of(_workbook_rows(data), limits)
        if data.startswith(_OLD_EXCEL):
            raise UnsupportedMedia(
                "This is an Excel workbook of before 2007, or one with a password.",
                hint="Save it as .xlsx without a password, or as CSV.",
            )
        if kind not in (PLAIN_TEXT, UNKNOWN):
            raise _refusal(kind, name)
    # A table is limited by its cells; the limit of a single text says nothing about a file.
    text = read_text(data, dataclasses.replace(limits, max_text_chars=limits.max_upload_bytes)).text
    return table_of(_text_rows(text), limits)


def table_of(rows: Iterable[Sequence[object]], limits: Limits) -> Table:
    """Make a table of rows of cells, the first of which that is not empty names the columns.

    Empty rows and columns are left out, a column without a name is called by its number, and of two columns with
    the same name the second gets a number: a request names columns, so their names have to differ.

    Raises: BadInput if there is no row under the heading; TooLarge beyond a limit.
    """
    kept: list[list[str]] = []
    chars = 0
    for row in rows:
        cells = _without_trailing([_cell(value) for value in row])
        if not cells:
            continue
        kept.append(cells)
        chars += sum(map(len, cells))
        if len(cells) > MAX_COLUMNS:
            raise TooLarge(f"The table has over {MAX_COLUMNS} columns, the limit.", hint="Leave some out.")
        if len(kept) > MAX_ROWS + 1:
            raise TooLarge(f"The table has over {MAX_ROWS:,} rows, the limit.", hint="Leave some out.")
        if chars > limits.max_text_chars:
            raise TooLarge(
                f"The table holds over {limits.max_text_chars:,} characters, the limit.",
                hint="Leave out rows or columns that the question does not need.",
            )
    width = max(map(len, kept), default=0)
    whole = [[*row, *[""] * (width - len(row))] for row in kept]
    filled = [at for at in range(width) if any(row[at] for row in whole)]
    if len(whole) < 2:
        raise BadInput("The table has no rows under its heading.", hint="Put the columns' names first, then a row.")
    if len(filled) * (len(whole) - 1) > MAX_CELLS:
        raise TooLarge(f"The table has over {MAX_CELLS:,} cells, the limit.", hint="Leave out rows or columns.")
    heading, *body = ([row[at] for at in filled] for row in whole)
    return Table(columns=_names(heading), rows=tuple(map(tuple, body)))


def rows_of_json(given: Mapping[Any, Any] | Sequence[Any]) -> list[list[object]]:
    """Return JSON data as rows, the names of the columns first: columns by name, or a list of rows by name.

    Raises: BadInput if it is neither, or if the columns are not equally long.
    """
    if isinstance(given, Mapping):
        columns = list(given.values())
        if not all(isinstance(column, Sequence) and not isinstance(column, str | bytes) for column in columns):
            raise _json_problem()
        if len({len(column) for column in columns}) > 1:
            lengths = ", ".join(f"'{name}' {len(column)}" for name, column in list(given.items())[:5])
            raise BadInput(
                f"The table's columns differ in length: {lengths}.", hint="Give every column a cell for each row."
            )
        return [list(given), *map(list, zip(*columns, strict=True))]
    if not all(isinstance(row, Mapping) for row in given):
        raise _json_problem()
    names = list(dict.fromkeys(name for row in given for name in row))
    return [names, *([row.get(name) for name in names] for row in given)]


def _json_problem() -> BadInput:
    return BadInput(
        "A table is an object with a list of cells for each column, or a list of rows.",
        hint='For example {"city": ["Oslo", "Rome"], "people": ["709000", "2748000"]}.',
    )


def _refusal(kind: Kind, name: str) -> UnsupportedMedia:
    called = f"'{name[-60:]}' is only its name. " if name.lower().endswith((".csv", ".tsv", ".txt", ".xlsx")) else ""
    return UnsupportedMedia(f"This is {kind.phrase}, not a table.", hint=f"{called}Send a table as CSV, TSV or XLSX.")


def _text_rows(text: str) -> Iterator[list[str]]:
    delimiter = _delimiter(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from rows
    except csv.Error as err:
        raise BadInput(
            f"Line {rows.line_num} of the table cannot be read: {err}.", hint="Save it as CSV again."
        ) from err


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the first lines into most cells, and into equally many."""
    head = "\n".join(text.splitlines()[:_SNIFFED_LINES])

    def tidiness(delimiter: str) -> tuple[bool, float, int]:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(head), delimiter=delimiter) if row]
        except csv.Error:
            return (False, 0.0, 0)
        usual = max(set(widths), key=widths.count, default=1)
        return (usual > 1, widths.count(usual) / max(1, len(widths)), usual)

    return max(DELIMITERS, key=tidiness)


def _workbook_rows(data: bytes) -> Iterator[Sequence[object]]:
    """Yield the rows of a workbook's first sheet that shows, as far as they are asked for."""
    _check_parts(data)
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            sheet = next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), None)
            if sheet is None:
                raise BadInput("The workbook has no sheet that shows.", hint="Show one and save it again.")
            sheet.reset_dimensions()  # what a sheet says of its size may be wrong
            # A row far below the rest comes after that many empty ones, which end as soon as one is not.
            yield from itertools.islice(sheet.iter_rows(values_only=True), 2**20)
    except _DAMAGED as err:
        raise BadInput("The workbook is damaged.", hint="Open it and save it again, or save it as CSV.") from err


def _check_parts(data: bytes) -> None:
    """Refuse a ZIP archive that is no workbook or would unpack to far more than a table.

    Python's zipfile never unpacks more of a part than its entry says, so the entries can be believed.
    """
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except _DAMAGED as err:
        raise BadInput("The workbook is damaged.", hint="Open it and save it again, or save it as CSV.") from err
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise UnsupportedMedia("This ZIP archive is not an Excel workbook.", hint="Send a table as CSV, TSV or XLSX.")
    for part in parts:
        limit = MAX_SHEET_BYTES if part.filename.startswith(_LARGE_PARTS) else MAX_PART_BYTES
        if part.file_size > limit:
            raise TooLarge(
                f"A part of the workbook unpacks to {millions(part.file_size)} MB; the limit is {millions(limit)} MB.",
                hint="Copy the cells into a new workbook, or save the sheet as CSV.",
            )


def _cell(value: object) -> str:
    """Write a cell as a person would.

    Raises: BadInput if it holds more than one value.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"  # Source: the digits that a spreadsheet keeps
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    if not isinstance(value, str | int | dt.date | dt.time | dt.timedelta):
        raise BadInput("A cell of the table holds several values.", hint="Put one text or number into each cell.")
    return str(value).encode("utf-8", "replace").decode().strip()


def _without_trailing(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _names(heading: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for number, cell in enumerate(heading, 1):
        name = base = cell or f"Column {number}"
        at = 1
        while name in names:
            at += 1
            name = f"{base} ({at})"
        names.append(name)
    return tuple(names)
