"""The frame around every page: navigation and theme."""

from __future__ import annotations

from copy import copy
from functools import cache

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.ui.gallery import show_home
from core.ui.navigation import show_wings
from core.ui.state import runtime
from core.ui.theme import apply_theme, icon_url


def show_site() -> None:
    """Show the page that the URL names, in its frame."""
    pages = {title: [copy(page) for page in section] for title, section in pages_once().items()}
    page = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=f"{page.title} · Podium", page_icon=icon_url(), layout="wide")
    apply_theme()
    show_wings(pages, page)
    page.run()
    runtime().first_page_shown.set()


@cache
def pages_once() -> dict[str, list[StreamlitPage]]:
    """Return the pages in their sections, to be copied for a rerun: it says on them which one it may run.

    Each looks for its file when it is made, folder by folder: a fifth of what a rerun took the server.

    The pages' symbols are drawn by the style sheet: one given to `st.Page` is also fetched as the
    tab's icon, from a font host.
    """
    return {
        "": [st.Page(show_home, title="Home", default=True)],
        "On stage": [
            st.Page("pages/text.py", title="Text"),
            st.Page("pages/image.py", title="Image"),
            st.Page("pages/audio.py", title="Audio"),
            st.Page("pages/video.py", title="Video"),
        ],
        "Backstage": [
            st.Page("pages/feedback.py", title="Feedback"),
            st.Page("pages/models.py", title="Models"),
        ],
    }
