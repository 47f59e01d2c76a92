"""The frame around every page: navigation and theme."""

from __future__ import annotations

import streamlit as st

from core.ui.gallery import show_home
from core.ui.navigation import show_wings
from core.ui.state import runtime
from core.ui.theme import ICON, apply_theme


def show_site() -> None:
    """Show the page that the URL names, in its frame.

    The pages' symbols are drawn by the style sheet: one given to `st.Page` is also fetched as the
    tab's icon, from a font host.
    """
    pages = {
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
    page = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=f"{page.title} · Podium", page_icon=str(ICON), layout="wide")
    apply_theme()
    show_wings(pages, page)
    page.run()
    runtime().first_page_shown.set()
