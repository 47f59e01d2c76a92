"""Two pictures one over the other, with an edge between them that is moved by mouse, finger or keyboard.

Owns the element; its browser side is the static `slider.html`, `slider.css` and `slider.js` beside this file.
Nothing that anybody typed is ever put into them: what goes in goes in as data.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st


def _part(suffix: str) -> str:
    return Path(__file__).with_suffix(suffix).read_text(encoding="utf-8")


_slider = st.components.v2.component("podium_slider", html=_part(".html"), css=_part(".css"), js=_part(".js"))


class Side(NamedTuple):
    """Be one of the two pictures: its data URL, what it is called, and what it shows in words."""

    url: str
    name: str
    alt: str


def show_slider(before: Side, after: Side, *, width: int, height: int, key: str) -> None:
    """Show two pictures one over the other, in the proportions of `width` by `height`."""
    _slider(key=key, data={"before": before._asdict(), "after": after._asdict(), "width": width, "height": height})
