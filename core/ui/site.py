"""The frame around every page: navigation, theme, logo."""

from __future__ import annotations

import streamlit as st

from core.ui.gallery import show_home
from core.ui.state import runtime
from core.ui.theme import ICON, apply_theme


def show_site() -> None:
    """Show the page that the URL names, in its frame."""
    pages = {
        "": [st.Page(show_home, title="Home", icon=":material/home:", default=True)],
        "On stage": [
            st.Page("pages/text.py", title="Text", icon=":material/notes:"),
            st.Page("pages/image.py", title="Image", icon=":material/image:"),
            st.Page("pages/audio.py", title="Audio", icon=":material/graphic_eq:"),
        ],
        "Backstage": [
            st.Page("pages/feedback.py", title="Feedback", icon=":material/thumbs_up_down:"),
            st.Page("pages/models.py", title="Models", icon=":material/deployed_code:"),
        ],
    }
    page = st.navigation(pages)
    st.set_page_config(page_title=f"{page.title} · Podium", page_icon=str(ICON), layout="wide")
    apply_theme()
    page.run()
    runtime().first_page_shown.set()
