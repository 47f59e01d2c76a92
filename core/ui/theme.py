"""The look that Streamlit's own theming cannot give: the scheme of colours, and the head of a page.

Owns where the marks of the house stand. Colours, fonts and radii are set in `.streamlit/config.toml`; what is added to
them is in `stylesheet.css` beside this file, which comes with the page (`core.ui.sheet`).
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
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
    """Say which of the style sheet's colours hold; once per rerun, before anything else on the page.

    Dialogs hang outside the element on which Streamlit declares its colour scheme, so it is declared here once more,
    for the whole document.
    """
    scheme = st.context.theme.type
    if scheme in ("light", "dark"):
        show(styles(f":root{{color-scheme:{scheme}}}"))


def page_header(title: str, summary: str, icon: str = "") -> None:
    """Show the head of a page: what it is called and, in one sentence, what it does.

    Args:
        icon: a Material symbol, as Streamlit writes it, or nothing.
    """
    name = icon.removeprefix(":material/").removesuffix(":")
    symbol = element("span", name, class_="pd-symbol", aria_hidden="true") if name else Markup("")
    show(element("header", element("h1", symbol, title), element("p", summary), class_="pd-head"))
