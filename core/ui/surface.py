"""A surface over a picture that is turned by mouse, finger, keyboard or buttons.

Owns the element; its browser side is the static `surface.html`, `surface.css` and `surface.js` beside this
file: plain WebGL 2. What goes in goes in as data.
"""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import streamlit as st

from core.media import Surface
from core.media.surfaces import RELIEF


def _part(suffix: str) -> str:
    return Path(__file__).with_suffix(suffix).read_text(encoding="utf-8")


_surface = st.components.v2.component("podium_surface", html=_part(".html"), css=_part(".css"), js=_part(".js"))


def show_surface(surface: Surface, *, picture: str | None, colours: str, alt: str, key: str) -> None:
    """Show a surface to turn.

    Args:
        picture: the data URL of the picture that lies on it; None where it is not kept.
        colours: the data URL of its colours by nearness.
        alt: what it shows in words.
    """
    rows, columns = surface.heights.shape
    heights = np.round(surface.heights * 65_535).astype("<u2").tobytes()
    _surface(
        key=key,
        data={
            "rows": rows,
            "columns": columns,
            "heights": base64.b64encode(heights).decode(),
            "width": surface.width,
            "height": surface.height,
            "relief": RELIEF,
            "picture": picture,
            "colours": colours,
            "alt": alt,
        },
    )
