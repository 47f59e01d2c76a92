"""A transcript that follows its sound: what is heard is lit, a click or Enter on a word plays from there.

Owns the element; its browser side is the static `read_along.html`, `read_along.css` and `read_along.js` beside
this file. What was said goes in as data and becomes text there, never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import streamlit as st
from streamlit import runtime


class Piece(TypedDict):
    """Be a word or a phrase: its text, when it is heard, in seconds, and what hovering over it says."""

    text: str
    start: float
    end: float
    title: str


def _part(suffix: str) -> str:
    return Path(__file__).with_suffix(suffix).read_text(encoding="utf-8")


_along = st.components.v2.component("podium_read_along", html=_part(".html"), css=_part(".css"), js=_part(".js"))


def read_along(wav: bytes, pieces: Sequence[Piece], *, key: str) -> None:
    """Show a player and what is said in it.

    Args:
        wav: the sound; the browser fetches it from where Streamlit keeps the files of its own players.
        pieces: in the order in which they are heard.
    """
    url = ""
    if runtime.exists():  # not so in Streamlit's test runner
        url = runtime.get_instance().media_file_mgr.add(wav, "audio/wav", f"read_along.{key}")
    _along(key=key, data={"url": url, "pieces": list(pieces)})
