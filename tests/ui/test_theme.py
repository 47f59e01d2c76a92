"""The look: contrast that can be read, options that Streamlit knows, fonts that are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit import config
from streamlit.commands.page_config import _get_favicon_string
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from core.settings import ROOT
from core.ui.outputs.colours import PALETTE, colours_of
from core.ui.sheet import stylesheet
from core.ui.theme import ICON, icon_url

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
SHEET = (ROOT / "core" / "ui" / "stylesheet.css").read_text(encoding="utf-8")
TOKENS = {
    name: (light, dark) for name, light, dark in re.findall(r"--pd-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", SHEET)
}

Linear = tuple[float, float, float]


def linear(colour: str) -> Linear:
    """Return linear RGB of `#rrggbb`."""
    shares = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return red, green, blue


def contrast(one: Linear, other: Linear) -> float:
    """Return the contrast ratio. Source: WCAG 2.2, relative luminance."""
    darker, lighter = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, share: float, other: str) -> Linear:
    """Return what color-mix(in oklab, colour share, other) gives. Source: Ottosson, "A perceptual color space"."""
    import numpy as np

    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    roots = [np.cbrt(to_lms @ np.array(linear(one))) for one in (colour, other)]
    # The second matrix of oklab is linear, so mixing before or after it is the same.
    red, green, blue = np.linalg.solve(to_lms, (share * roots[0] + (1 - share) * roots[1]) ** 3).clip(0, 1)
    return float(red), float(green), float(blue)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_links_can_be_read_on_every_background(theme: str) -> None:
    colours = CONFIG["theme"][theme]
    for background in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        assert contrast(linear(colours["textColor"]), linear(background)) >= 7
        assert contrast(linear(colours["linkColor"]), linear(background)) >= 4.5
        assert contrast(linear(colours["primaryColor"]), linear(background)) >= 4.5


@pytest.mark.parametrize("at", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "quiet", "accent", "alarm"])
@pytest.mark.parametrize("ground", ["page", "wash", "lit"])
def test_the_sheets_own_colours_can_be_read_on_each_other(ink: str, ground: str, at: int) -> None:
    assert contrast(linear(TOKENS[ink][at]), linear(TOKENS[ground][at])) >= 4.5


@pytest.mark.parametrize("at", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["wing", "wing-lit"])
def test_the_wings_can_be_read(ground: str, at: int) -> None:
    assert contrast(linear(TOKENS["wing-ink"][at]), linear(TOKENS[ground][at])) >= 7


@pytest.mark.parametrize("at", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colour", PALETTE)
def test_a_mark_and_its_label_can_be_read(colour: str, at: int) -> None:
    tint = float(re.search(r"mark \{[^}]*var\(--c\) (\d+)%, var\(--pd-page\)", SHEET)[1]) / 100
    word = float(re.search(r"mark small \{[^}]*var\(--c\) (\d+)%, var\(--pd-ink\)", SHEET)[1]) / 100
    ground = mixed(colour, tint, TOKENS["page"][at])
    label = mixed(colour, word, TOKENS["ink"][at])
    assert contrast(linear(TOKENS["ink"][at]), ground) >= 7
    assert contrast(label, ground) >= 4.5  # beside a word
    assert contrast(label, linear(TOKENS["lit"][at])) >= 4.5  # below a word
    assert contrast(linear(colour), linear(TOKENS["lit"][at])) >= 2.2  # the line under it; the label says it, too


def test_the_sheet_and_the_theme_agree() -> None:
    for at, theme in enumerate(("light", "dark")):
        colours = CONFIG["theme"][theme]
        pairs = {"page": "backgroundColor", "ink": "textColor", "accent": "primaryColor", "line": "borderColor"}
        assert {name: TOKENS[name][at] for name in pairs} == {name: colours[of].lower() for name, of in pairs.items()}


def options(table: dict[str, Any], prefix: str) -> list[str]:
    """Return every option that a configuration sets, by its full name."""
    names = []
    for name, value in table.items():
        names += options(value, f"{prefix}.{name}") if isinstance(value, dict) else [f"{prefix}.{name}"]
    return names


@pytest.mark.parametrize("option", [name for section in CONFIG for name in options(CONFIG[section], section)])
def test_streamlit_knows_every_option(option: str) -> None:
    assert option in config.get_config_options(force_reparse=False)


def test_what_speed_and_privacy_rest_on_is_set() -> None:
    assert CONFIG["server"]["fileWatcherType"] == "none"
    assert CONFIG["runner"]["postScriptGC"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_fonts_are_served_from_here_with_their_licence() -> None:
    folder = ROOT / "static" / "fonts"
    files = [ROOT / face["url"].removeprefix("app/") for face in CONFIG["theme"]["fontFaces"]]
    assert {path.parent for path in files} == {folder}
    assert all(path.read_bytes().startswith(b"wOF2") for path in files)
    assert sum(path.stat().st_size for path in files) < 200_000
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [ROOT / "static" / "logo.svg", ICON], ids=lambda path: path.name)
def test_the_marks_hold_no_code_and_no_link(path: Path) -> None:
    drawing = path.read_text(encoding="utf-8")
    assert drawing.startswith("<svg ")
    assert not re.search(r"script|href|onload|url\(", drawing)


def test_nothing_is_fetched_from_elsewhere() -> None:
    for text in (SHEET, (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")):
        assert not re.search(r"https?://|@import|url\(", text)


def test_the_sheet_is_small_and_whole() -> None:
    sheet = stylesheet()
    assert "<" not in sheet
    assert sheet.count("{") == sheet.count("}") == SHEET.count("{")
    assert "/*" not in sheet
    assert len(sheet) < len(SHEET)


@pytest.mark.parametrize("scheme", [None, "light", "dark", "sepia}*{color:red"])
def test_only_schemes_that_there_are_are_declared(scheme: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        from core.ui.theme import apply_theme

        apply_theme()

    monkeypatch.setattr(ContextProxy, "theme", SimpleNamespace(type=scheme))
    at = AppTest.from_function(page).run()
    assert not at.exception
    declared = [f"<style>:root{{color-scheme:{scheme}}}</style>"] if scheme in ("light", "dark") else []
    assert [element.proto.body for element in at.get("html")] == declared


def test_labels_keep_their_colour_and_share_none_while_there_are_enough() -> None:
    labels = [f"label {number}" for number in range(len(PALETTE))]
    colours = colours_of(labels)
    assert sorted(colours.values()) == sorted(PALETTE)
    assert colours_of(reversed(labels)) == colours
    assert colours_of(["PER"]) == colours_of(["PER", "PER"])
    assert set(colours_of([*labels, "one more"])) == {*labels, "one more"}


def test_a_page_begins_with_its_head() -> None:
    def page() -> None:
        from core.ui.theme import apply_theme, page_header

        apply_theme()
        page_header("A <title>", "What it does.", ":material/sell:")

    at = AppTest.from_function(page).run()
    assert not at.exception
    (head,) = at.main.get("html")
    assert "<h1>" in head.proto.body
    assert "A &lt;title&gt;" in head.proto.body
    assert 'aria-hidden="true">sell<' in head.proto.body


def test_the_tabs_icon_is_what_streamlit_would_make_of_the_file() -> None:
    assert icon_url() == _get_favicon_string(str(ICON))
    assert icon_url() == _get_favicon_string(icon_url())  # and it is taken as it is
