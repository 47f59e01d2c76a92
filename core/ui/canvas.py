"""A sheet to draw on, with finger, pen or mouse.

Owns the element; its browser side is the static `canvas.html`, `canvas.css` and `canvas.js` beside this
file. Nothing that anybody typed or drew is ever put into them: what goes in goes in as data.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Final

import streamlit as st

from core.errors import BadInput, TooLarge

MAX_BYTES: Final = 2_000_000
"""The largest drawing. The sheet sends at most 1024 pixels a side, which as strokes stays below 200 kB."""

_PNG_URL: Final = "data:image/png;base64,"
_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"


def _part(suffix: str) -> str:
    return Path(__file__).with_suffix(suffix).read_text(encoding="utf-8")


_sheet = st.components.v2.component("podium_canvas", html=_part(".html"), css=_part(".css"), js=_part(".js"))


def draw(key: str, height: int = 320) -> bytes | None:
    """Show a sheet to draw on; return what is on it as PNG bytes, or None while it is empty.

    The page runs again once a stroke has ended and no other follows within a quarter of a second.
    The strokes outlive reruns and other pages, as long as the key is the same.

    Args:
        height: of the sheet, in points of the screen; as wide as its place.

    Raises: BadInput, TooLarge if what the browser sent is not a drawing of the sheet's.
    """
    before = st.session_state.get(key)
    kept = before is not None and before.get("png") is not None
    answer = _sheet(key=key, data={"key": key, "height": height, "kept": kept}, on_png_change=_changed)
    return png_of(answer.get("png"))


def png_of(sent: object) -> bytes | None:
    """Return the PNG in a data URL that a browser sent, or None where it sent nothing.

    Raises: BadInput if it is something else; TooLarge if it is over `MAX_BYTES`.
    """
    if sent is None:
        return None
    if not isinstance(sent, str) or not sent.startswith(_PNG_URL):
        raise BadInput("The drawing did not arrive as a picture.", hint="Clear the sheet and draw again.")
    if len(sent) > MAX_BYTES * 4 // 3 + len(_PNG_URL):
        raise TooLarge(f"The drawing is over {MAX_BYTES // 1_000_000} MB.", hint="Clear the sheet and draw less.")
    try:
        data = base64.b64decode(sent.removeprefix(_PNG_URL), validate=True)
    except binascii.Error as err:
        raise BadInput("The drawing arrived damaged.", hint="Clear the sheet and draw again.") from err
    if not data.startswith(_PNG_MAGIC):
        raise BadInput("The drawing did not arrive as a picture.", hint="Clear the sheet and draw again.")
    return data


def _changed() -> None:
    """Be the callback without which Streamlit keeps no state of the sheet."""
