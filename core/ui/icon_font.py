"""Takes the icons that are drawn here out of Streamlit's font: `python -m core.ui.icon_font`.

Owns which those are, and the making of the font; what becomes of it is `core.ui.icons`'s. To be run when another icon
is drawn here, or by another Streamlit; it needs `requirements-dev.txt`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from streamlit.file_util import get_static_dir

from core.settings import ROOT
from core.ui.icons import FONT, NAMES
from core.ui.navigation import SYMBOLS

SOURCES: Final = ("Home.py", "core/**/*.py", "pages/**/*.py", "demos/**/*.py")
"""Where we name icons, from the project's folder."""

WHOLE: Final = "MaterialSymbols-Rounded.*.woff2"
"""Streamlit's font, in its package."""

_NAMED: Final = re.compile(r":material/(\w+)")


def icons_named(streamlit_static: Path) -> set[str]:
    """Return the names of all icons that are drawn by us, or by Streamlit's own scripts."""
    ours = [path for pattern in SOURCES for path in ROOT.glob(pattern)]
    scripts = [*streamlit_static.glob("static/js/*.js")]
    texts = (path.read_text(encoding="utf-8") for path in [*ours, *scripts])
    return {name for text in texts for name in _NAMED.findall(text)} | set(SYMBOLS.values())


def write_font(streamlit_static: Path) -> None:
    """Write the font anew, with the icons that are named now, and their names beside it.

    What is named and has no icon in Streamlit's font is left out.
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
