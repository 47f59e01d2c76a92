"""Icons in a real browser: ours are drawn from a small font, and another one has the whole font fetched."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from core.ui.icons import NAMES
from tests.browser.drawn import is_drawn

pytestmark = pytest.mark.browser


WIDTHS = """names => document.fonts.load("20px 'Material Symbols Rounded'").then(() => names.map(name => {
  const icon = document.createElement("span");
  icon.style.cssText = "font: 20px 'Material Symbols Rounded'; font-feature-settings: 'liga'; position: absolute";
  icon.textContent = name;
  document.body.append(icon);
  const { width } = icon.getBoundingClientRect();
  icon.remove();
  return width;
}))"""
"""Measures words in the font of the icons: one of its icons is a square, another word is as long as its letters."""


def test_every_icon_of_ours_is_drawn_as_one(page: Page) -> None:
    page.goto("/models")
    is_drawn(page)
    names = NAMES.read_text(encoding="utf-8").split()
    assert set(page.evaluate(WIDTHS, names)) == {20}
    assert page.evaluate(WIDTHS, ["rocket_launch"]) != [20]


def test_another_icon_has_the_whole_font_fetched_and_is_drawn(page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.rpartition("/")[2]))
    page.goto("/models")
    is_drawn(page)
    assert not any(name.startswith("MaterialSymbols") for name in fetched)
    with page.expect_response("**/MaterialSymbols-Rounded.*.woff2"):
        page.evaluate("document.querySelector('.pd-symbol').textContent = 'rocket_launch'")
    page.wait_for_function(f"({WIDTHS})(['rocket_launch']).then(([width]) => width === 20)")
    assert page.evaluate(WIDTHS, ["home"]) == [20]
