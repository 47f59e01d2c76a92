"""The icons that pages draw, in a font of their own: a hundred of four thousand, in a twenty-fifth of the bytes.

Owns that font, the names of what is in it, and how it gets into Streamlit's style sheet. Streamlit's whole font is a
third of what a first page is sent, and was on its way when scripts were waited for. Where another icon is drawn, as an
author's text may name any, the browser fetches the whole font after all.

`python -m core.ui.icons` writes the font anew when another icon is drawn here or by another Streamlit; it needs
`requirements-dev.txt`.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from streamlit.file_util import get_static_dir

from core.settings import ROOT
from core.ui.navigation import SYMBOLS
from core.ui.sheet import name_by_content

FONT: Final = ROOT / "static" / "fonts" / "podium-icons.woff2"
NAMES: Final = FONT.with_suffix(".txt")
"""What is in the font, by the names under which the whole font has it, a line each."""

SOURCES: Final = ("Home.py", "core/**/*.py", "pages/**/*.py", "demos/**/*.py")
"""Where we name icons, from the project's folder."""

WHOLE: Final = "MaterialSymbols-Rounded.*.woff2"
"""Streamlit's font, in its package."""

_NAMED: Final = re.compile(r":material/(\w+)")
_WHOLE_IN_SHEET: Final = re.compile(r"url\(\.\./(media/MaterialSymbols-Rounded\.[\w.\-~]+\.woff2)\)")
_MORE_ICONS: Final = Path(__file__).with_name("more_icons.js").read_text(encoding="utf-8").rstrip()


def icons_named(streamlit_static: Path) -> set[str]:
    """Return the names of all icons that are drawn by us, or by Streamlit's own scripts."""
    ours = [path for pattern in SOURCES for path in ROOT.glob(pattern)]
    scripts = [*streamlit_static.glob("static/js/*.js")]
    texts = (path.read_text(encoding="utf-8") for path in [*ours, *scripts])
    return {name for text in texts for name in _NAMED.findall(text)} | set(SYMBOLS.values())


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


def write_font(streamlit_static: Path) -> None:
    """Write the font anew, with the icons that are named now, and their names beside it.

    Raises: KeyError if Streamlit's font has no icon of a name.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    (whole,) = streamlit_static.glob(f"static/media/{WHOLE}")
    made = TTFont(whole)
    letters, glyphs = made.getBestCmap(), ligatures(made)
    names = sorted(icons_named(streamlit_static) & glyphs.keys())
    options = Options(flavor="woff2", layout_features=["*"], layout_closure=False, notdef_outline=True)
    subsetter = Subsetter(options)
    spelled = {letters[ord(letter)] for name in names for letter in name}
    subsetter.populate(glyphs=[*spelled, *(glyphs[name] for name in names)])
    subsetter.subset(made)
    made.flavor = "woff2"
    made.save(FONT)
    NAMES.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def ligatures(opened: Any) -> dict[str, str]:
    """Return the glyphs of a font that words stand for, by those words."""
    characters = {glyph: chr(code) for code, glyph in opened.getBestCmap().items()}
    found = {}
    for lookup in opened["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            table = getattr(table, "ExtSubTable", table)
            for first, words in table.ligatures.items():
                for one in words:
                    found["".join(characters[glyph] for glyph in (first, *one.Component))] = one.LigGlyph
    return found


if __name__ == "__main__":
    write_font(Path(get_static_dir()))
