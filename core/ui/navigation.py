"""The wings: where a visitor goes from here, beside the page, or above it on a phone.

Owns what stands there. Which pages there are is `core.ui.site`'s; that a press changes the page without loading it anew
is `core.ui.front_end`'s.

Streamlit's own sidebar is drawn anew with everything that happens on a page: with it, a browser took a third longer to
show a page and a sixth longer to show an answer (`python -m bench.page`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.ui.outputs.markup import Markup, element, show

SYMBOLS: Final[Mapping[str, str]] = {
    "": "home",
    "text": "notes",
    "image": "image",
    "audio": "graphic_eq",
    "video": "movie",
    "feedback": "thumbs_up_down",
    "models": "deployed_code",
}
"""The Material symbol of each page, by its address."""


def show_wings(sections: Mapping[str, Sequence[StreamlitPage]], current: StreamlitPage) -> None:
    """Show the links to all pages in their sections, the current one marked."""
    logo = element("img", src="./app/static/logo.svg", alt="Podium", class_="pd-logo")
    parts: list[Markup] = []
    for title, pages in sections.items():
        parts += [element("p", title)] if title else []
        parts += [_link(page, is_current=page is current) for page in pages]
    with st.container(key="wings"):
        show(element("nav", logo, *parts, class_="pd-wings", aria_label="Pages"))


def _link(page: StreamlitPage, *, is_current: bool) -> Markup:
    symbol = element("span", SYMBOLS[page.url_path], class_="pd-symbol", aria_hidden="true")
    word = element("span", page.title)
    return element("a", symbol, word, href=page.url_path or "./", aria_current="page" if is_current else None)
