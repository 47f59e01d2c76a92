"""HTML that cannot be broken out of: every text becomes markup here, and nowhere else.

Owns escaping and the few shapes that several views share: a percentage, a table. Knows no value type.
What is plain `str` is escaped when it goes into an element; only `Markup` goes in as it is, and only
this module makes one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

import streamlit as st

MAX_TABLE_ROWS: Final = 300
"""Rows a table shows at most: beyond it the page grows slow and nobody reads on; the download has all."""

_NO_CLASS: Final = re.compile(r"[^a-zA-Z0-9_-]")
"""What Streamlit writes as a hyphen where it makes a class of a key."""

_VOID: Final = frozenset({"img", "input"})


class Markup(str):
    """Hold HTML that this module made."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """Return a text as HTML that shows exactly that text, wherever it stands.

    Line breaks become references, because `st.html` dedents its lines; a lone half of a surrogate
    pair, which no message to the browser can carry, becomes a question mark.
    """
    whole = text.encode("utf-8", "replace").decode()
    return Markup(html.escape(whole, quote=True).replace("\r", "").replace("\n", "&#10;"))


def element(tag: str, *children: str, **attributes: str | bool | None) -> Markup:
    """Make an element: `class_` is written `class`, `aria_label` `aria-label`; None and False are left out."""
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(children)}</{tag}>")


def joined(children: Iterable[str]) -> Markup:
    """Join pieces, escaping those that are not markup yet."""
    return Markup("".join(child if isinstance(child, Markup) else escaped(child) for child in children))


def styles(rules: str) -> Markup:
    """Wrap rules written by this package, never by a visitor or a model, as a style sheet.

    Raises: ValueError if they hold a character that could end the sheet.
    """
    if "<" in rules:
        raise ValueError("a style sheet must not hold '<'")
    return Markup(f"<style>{rules}</style>") if rules else Markup("")


def percent(share: float) -> str:
    """Write a share as a percentage; nearly none and nearly all are not rounded to none and all."""
    if 0 < share < 0.0005:
        return "< 0.1\N{NO-BREAK SPACE}%"
    if 0.9995 <= share < 1:
        return "> 99.9\N{NO-BREAK SPACE}%"
    return f"{share * 100:.1f}\N{NO-BREAK SPACE}%"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str, numbers: int = 0) -> Markup:
    """Make a table that scrolls by itself where it is wider or longer than its place.

    Args:
        caption: what it lists; read aloud, not shown.
        numbers: how many columns, counted from the last, hold numbers.
    """
    first_number = len(head) - numbers
    cells = [
        element(
            "tr",
            *(element("td", cell, class_="pd-n" if at >= first_number else None) for at, cell in enumerate(row)),
            class_=f"pd-r{number}",
        )
        for number, row in enumerate(rows[:MAX_TABLE_ROWS])
    ]
    heads = (
        element("th", name, scope="col", class_="pd-n" if at >= first_number else None) for at, name in enumerate(head)
    )
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *heads)),
        element("tbody", *cells),
    )
    left_out = len(rows) - MAX_TABLE_ROWS
    note = element("p", f"And {left_out} more: the download has all.", class_="pd-note") if left_out > 0 else Markup("")
    return joined((element("div", whole, class_="pd-table", tabindex="0", role="region", aria_label=caption), note))


def folded(summary: str, *children: str) -> Markup:
    """Make a part that opens at a click on its summary."""
    return element("details", element("summary", summary), *children, class_="pd-fold")


def show(markup: Markup) -> None:
    """Show markup in the current container."""
    st.html(markup)


def show_style(key: str, rules: str) -> None:
    """Style what has a key, with rules written by this package."""
    show(styles(f".st-key-{_NO_CLASS.sub('-', key)}{{{rules}}}"))


def _attribute(name: str, value: str | bool | None) -> str:
    written = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {written}" if value is True else f' {written}="{escaped(value)}"'
