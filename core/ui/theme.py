"""The look that Streamlit's own theming cannot give: one style sheet, and the head of a page.

Owns where the style sheet and the marks of the house stand. Colours, fonts and radii are set in
`.streamlit/config.toml`; what the sheet adds is in `stylesheet.css` beside this file.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st

from core.settings import ROOT
from core.ui.outputs.markup import Markup, element, show, styles

ICON: Final = ROOT / "static" / "icon.svg"
"""The mark, for the tab of the browser."""


@cache
def icon_url() -> str:
    """Return the mark as a URL that holds it: what Streamlit makes of a file at every rerun, made once."""
    return f"data:image/svg+xml;base64,{b64encode(ICON.read_bytes()).decode()}"


def apply_theme() -> None:
    """Apply the style sheet; once per rerun, before anything else on the page."""
    show(_stylesheet(st.context.theme.type or ""))


def page_header(title: str, summary: str, icon: str = "") -> None:
    """Show the head of a page: what it is called and, in one sentence, what it does.

    Args:
        icon: a Material symbol, as Streamlit writes it, or nothing.
    """
    name = icon.removeprefix(":material/").removesuffix(":")
    symbol = element("span", name, class_="pd-symbol", aria_hidden="true") if name else Markup("")
    show(element("header", element("h1", symbol, title), element("p", summary), class_="pd-head"))


@cache
def _stylesheet(scheme: str) -> Markup:
    """Return the style sheet, for a browser that shows the theme `scheme`, without comments and blanks.

    Dialogs hang outside the element on which Streamlit declares its colour scheme, so it is declared
    here once more, for the whole document. The sheet is over 10 kB, from where on Streamlit sends a
    message once and then only its hash: 74 bytes a rerun, measured.
    """
    text = Path(__file__).with_name("stylesheet.css").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", text).replace(";}", "}")
    text = re.sub(r"(?<![\d.])0(?=\.\d)", "", text).strip()
    return styles(f"{text}:root{{color-scheme:{scheme}}}" if scheme in ("light", "dark") else text)
