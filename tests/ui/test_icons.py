"""The font of the icons that are drawn here: all of them are in it, and where another is, it is fetched."""

from __future__ import annotations

from pathlib import Path

from fontTools.ttLib import TTFont
from streamlit.file_util import get_static_dir

from core.tasks import TASKS
from core.ui.icon_font import WHOLE, icons_named, ligatures
from core.ui.icons import FONT, NAMES, fetches_more, font_name, with_few_icons

STREAMLIT = Path(get_static_dir())
(WHOLE_FONT,) = (STREAMLIT / "static" / "media").glob(WHOLE)
SHEETS = [path.read_text(encoding="utf-8") for path in (STREAMLIT / "static" / "css").glob("index.*.css")]
HELD = set(NAMES.read_text(encoding="utf-8").split())


def test_all_icons_that_are_named_are_in_the_font() -> None:
    named = icons_named(STREAMLIT) & ligatures(TTFont(WHOLE_FONT)).keys()
    assert named == HELD, "write it anew: python -m core.ui.icon_font"
    assert ligatures(TTFont(FONT)).keys() >= HELD
    assert {task.icon for task in TASKS} <= {f":material/{name}:" for name in HELD}


def test_an_icon_looks_as_it_does_in_the_whole_font() -> None:
    few, whole = TTFont(FONT), TTFont(WHOLE_FONT)
    for name in HELD:
        ours, theirs = (opened["glyf"][ligatures(opened)[name]] for opened in (few, whole))
        assert ours == theirs, name


def test_the_font_is_small() -> None:
    assert FONT.stat().st_size < WHOLE_FONT.stat().st_size / 20


def test_streamlits_sheet_names_our_font_and_its_other_files_from_one_folder_higher() -> None:
    (sheet,) = SHEETS
    ours = with_few_icons(sheet)
    assert f"url({font_name()})" in ours
    assert WHOLE_FONT.name not in ours
    assert WHOLE_FONT.name in fetches_more(sheet)
    assert "url(../" in sheet
    assert "url(../" not in ours


def test_a_sheet_without_that_font_is_left_alone() -> None:
    sheet = "@font-face{font-family:Another;src:url(../media/Another.woff2)}"
    assert with_few_icons(sheet) == sheet.replace("../", "")
    assert fetches_more(sheet) == ""
