"""core.media.tables: which tables are read, what their cells say, and what is too large."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from core.errors import BadInput, ShowcaseError, TooLarge, UnsupportedMedia
from core.media import read_table, rows_of_json, table_of
from tests.media.samples import LIMITS, picture, saved

CITIES = (("Oslo", "709000"), ("Rome", "2748000"))
STRINGS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
SST = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def workbook(*rows: tuple[object, ...], hidden: bool = False) -> bytes:
    book = openpyxl.Workbook()
    if hidden:
        book.create_sheet("first", 0).sheet_state = "hidden"
        book.active = 1
    for row in rows:
        book.worksheets[-1].append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook with one part changed, or with shared strings added."""
    before, file = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    parts = {part: before.read(part) for part in before.namelist()}
    if name not in parts:
        declared = f'<Override PartName="/{name}" ContentType="{STRINGS}"/></Types>'.encode()
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", declared)
    parts[name] = change(parts.get(name, b""))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after:
        for part, content in parts.items():
            after.writestr(part, content)
    return file.getvalue()


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_is_read_whatever_stands_between_cells_and_lines(delimiter: str, end: str) -> None:
    lines = [delimiter.join(row) for row in (("city", "people"), *CITIES)]
    table = read_table(end.join(lines).encode(), LIMITS)
    assert (table.columns, table.rows) == (("city", "people"), CITIES)


def test_quotes_hold_delimiters_and_line_ends() -> None:
    table = read_table('name,"said, so"\n"Ann","one\ntwo; three"\n\n"B ""b""",\n', LIMITS)
    assert table.columns == ("name", "said, so")
    assert table.rows == (("Ann", "one\ntwo; three"), ('B "b"', ""))


def test_decimal_commas_do_not_cut_cells() -> None:
    table = read_table("city;share\nOslo;1,5\nRome;2,25\n", LIMITS)
    assert table.rows == (("Oslo", "1,5"), ("Rome", "2,25"))


def test_utf_16_as_spreadsheets_save_it_is_read() -> None:
    assert read_table("stadt\tgrüße\nKöln\t1\n".encode("utf-16"), LIMITS).columns == ("stadt", "grüße")


def test_columns_get_names_that_differ_and_empty_ones_go() -> None:
    table = read_table("a,,a,a,\n1,,2,3,\n,,,,\n4,,5,6,7\n", LIMITS)
    assert table.columns == ("a", "a (2)", "a (3)", "Column 4")
    assert table.rows == (("1", "2", "3", ""), ("4", "5", "6", "7"))


def test_a_workbook_is_read_as_it_shows() -> None:
    rows = (
        ("what", "cell"),
        ("number", 3.0),
        ("float", 0.1 + 0.2),
        ("true", True),
        ("day", dt.date(2024, 2, 1)),
        ("moment", dt.datetime(2024, 2, 1, 13, 5)),
        ("nothing", None),
        ("text", " =1+1 ish"),
    )
    table = read_table(workbook(*rows, hidden=True), LIMITS)
    assert table.columns == ("what", "cell")
    assert [row[1] for row in table.rows] == [
        "3",
        "0.3",
        "TRUE",
        "2024-02-01",
        "2024-02-01 13:05:00",
        "",
        "=1+1 ish",
    ]


def test_a_formula_is_not_evaluated() -> None:
    table = read_table(workbook(("a", "b"), ("x", "=1+1"), ("y", "=HYPERLINK(A1)")), LIMITS)
    assert table.rows == (("x", ""), ("y", ""))  # no value was ever saved with them


def test_shared_texts_are_read() -> None:
    data = with_part(workbook(("a",), (1,)), "xl/sharedStrings.xml", lambda _: SST + b"<si><t>shared</t></si></sst>")
    cells = b'<row r="3"><c r="A3" t="s"><v>0</v></c></row></sheetData>'
    data = with_part(data, "xl/worksheets/sheet1.xml", lambda sheet: sheet.replace(b"</sheetData>", cells))
    assert read_table(data, LIMITS).rows == (("1",), ("shared",))


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", BadInput, "empty"),
        (b" \n ", BadInput, "no text"),
        (b"only,a,heading\n", BadInput, "no rows under its heading"),
        (b"caf\xe9,1\nb,2\n", BadInput, "UTF-8"),
        (b'a,b\n"' + b"x" * 200_000, BadInput, "Line 2 of the table cannot be read"),
        (b"a\n" + b"b\n" * 1_001, TooLarge, "over 1,000 rows"),
        (b"a," * 100 + b"a\n" + b"1," * 100 + b"1\n", TooLarge, "over 100 columns"),
        (b",".join([b"a"] * 100) + b"\n" + (b",".join([b"1"] * 100) + b"\n") * 101, TooLarge, "10,000 cells"),
        (b"a\n" + b"x" * 20_001, TooLarge, "over 20,000 characters"),
        (saved(picture(), "PNG"), UnsupportedMedia, "PNG picture, not a table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), UnsupportedMedia, "before 2007"),
        (b"%PDF-1.7 a", UnsupportedMedia, "PDF document"),
        (b"PK\x03\x04" + bytes(100), BadInput, "workbook is damaged"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_one_sentence(data: bytes, error: type[ShowcaseError], says: str) -> None:
    with pytest.raises(error, match=says):
        read_table(data, LIMITS, name="table.csv")


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(UnsupportedMedia, match="not an Excel workbook"):
        read_table(file.getvalue(), LIMITS)


LAUGHS = (
    b"<!DOCTYPE l [<!ENTITY a0 'lol'>"
    + b"".join(b"<!ENTITY a%d '%s'>" % (at + 1, b"&a%d;" % at * 10) for at in range(9))
    + b"]>" + SST + b"<si><t>&a9;</t></si></sst>"
)  # fmt: skip
OUTSIDE = b"<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>" + SST + b"<si><t>&a;</t></si></sst>"


@pytest.mark.parametrize(
    ("part", "change", "error", "says"),
    [
        ("xl/sharedStrings.xml", lambda _: bytes(3_000_000), TooLarge, "unpacks to 3 MB; the limit is 2 MB"),
        ("xl/worksheets/sheet1.xml", lambda sheet: sheet + b" " * 3_000_000, TooLarge, "unpacks to 3.1 MB"),
        ("xl/styles.xml", lambda styles: styles + b" " * 600_000, TooLarge, "the limit is 0.5 MB"),
        ("xl/sharedStrings.xml", lambda _: LAUGHS, BadInput, "damaged"),
        ("xl/sharedStrings.xml", lambda _: OUTSIDE, BadInput, "damaged"),
        ("xl/workbook.xml", lambda _: b"<a>" * 50_000, BadInput, "damaged"),
        ("xl/workbook.xml", lambda book: book.replace(b'state="visible"', b'state="hidden"'), BadInput, "no sheet"),
        (
            "xl/worksheets/sheet1.xml",
            lambda sheet: sheet.replace(b"<sheetData>", b"<sheetData><row>" + b"<c><v>1</v></c>" * 999 + b"</row>"),
            TooLarge,
            "over 100 columns",
        ),
    ],
)  # fmt: skip
def test_workbooks_that_would_like_to_be_large_are_refused(
    part: str, change: Callable[[bytes], bytes], error: type[ShowcaseError], says: str
) -> None:
    with pytest.raises(error, match=says):
        read_table(with_part(workbook(("a", "b"), (1, 2)), part, change), LIMITS)


def test_json_is_read_by_columns_and_by_rows() -> None:
    columns = {"city": ["Oslo", "Rome"], "people": [709000, 2748000]}
    rows = [{"city": "Oslo", "people": 709000}, {"people": 2748000.0, "city": "Rome"}]
    for given in (columns, rows):
        table = table_of(rows_of_json(given), LIMITS)
        assert (table.columns, table.rows) == (("city", "people"), CITIES)
    assert table_of(rows_of_json([{"a": 1}, {"b": None, "a": True}, {"b": 2}]), LIMITS).rows == (
        ("1", ""),
        ("TRUE", ""),
        ("", "2"),
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a": ["1"], "b": []}, "'a' 1, 'b' 0"),
        ({"a": "text"}, "list of cells for each column"),
        (["a", "b"], "list of rows"),
        ({}, "no rows"),
        ([], "no rows"),
        ({"a": [["nested"]]}, "several values"),
    ],
)
def test_json_that_is_no_table_is_refused(given: object, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        table_of(rows_of_json(given), LIMITS)  # type: ignore[arg-type]
