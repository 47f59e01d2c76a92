"""The icons that pages draw, in a font of their own: a hundred of four thousand, in a twenty-fifth of the bytes.

Owns that font, the names of what is in it, and how it gets into Streamlit's style sheet. Streamlit's whole font is a
third of what a first page is sent, and was on its way when scripts were waited for. Where another icon is drawn, as an
author's text may name any, the browser fetches the whole font after all.

How the font is made is `core.ui.icon_font`'s.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

from core.settings import ROOT
from core.ui.sheet import name_by_content

FONT: Final = ROOT / "static" / "fonts" / "podium-icons.woff2"
NAMES: Final = FONT.with_suffix(".txt")
"""What is in the font, by the names under which the whole font has it, a line each."""

_WHOLE_IN_SHEET: Final = re.compile(r"url\(\.\./(media/MaterialSymbols-Rounded\.[\w.\-~]+\.woff2)\)")
_MORE_ICONS: Final = Path(__file__).with_name("more_icons.js").read_text(encoding="utf-8").rstrip()


@cache
def font() -> bytes:
    """Return the font of the icons that are drawn here."""
    return FONT.read_bytes()


@cache
def font_name() -> str:
    """Return its file name, which says what is in it."""
    return name_by_content(FONT.stem, font(), "woff2")


def with_few_icons(sheet: str) -> str:
    """Return Streamlit's style sheet with our font of icons, as it stands beside it.

    Args:
        sheet: its text, which names files from one folder further down.
    """
    return _WHOLE_IN_SHEET.sub(f"url({font_name()})", sheet).replace("url(../", "url(")


def fetches_more(sheet: str) -> str:
    """Return the script that has the whole font fetched once an icon is drawn that is not in ours.

    Args:
        sheet: Streamlit's style sheet; nothing is fetched where it names no such font.
    """
    whole = _WHOLE_IN_SHEET.search(sheet)
    if whole is None:
        return ""
    few = json.dumps(NAMES.read_text(encoding="utf-8").split())
    return f"<script>({_MORE_ICONS})({few},{json.dumps(f'./static/{whole[1]}')})</script>"
