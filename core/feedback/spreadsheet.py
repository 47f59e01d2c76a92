"""Cells that no spreadsheet runs as a formula.

Owns which texts are dangerous to open in one, and what is done about it.
"""

from __future__ import annotations

import re
import unicodedata

_FORMULA = "=+-@"
_CONTROL = ("\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def defuse(text: str) -> str:
    """Return a cell's text as no spreadsheet runs it: with an apostrophe before it where one might.

    That is before = + - @ in any width, also behind white space, characters that do not show, and
    apostrophes; and before a tab or line end. A plain number stays. A cell that begins with an
    apostrophe and stays dangerous without it was defused, so that a reader can take it off again.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if is_dangerous(text) else text


def is_dangerous(text: str) -> bool:
    """Say whether a spreadsheet might take a cell for a formula."""
    if _NUMBER.fullmatch(text):
        return False
    bare = text.lstrip("'")
    if bare.startswith(_CONTROL):
        return True
    for character in bare:
        if character != "'" and not _is_unseen(character):
            return unicodedata.normalize("NFKC", character)[0] in _FORMULA or character == "\u2212"  # minus sign
    return False


def _is_unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")
