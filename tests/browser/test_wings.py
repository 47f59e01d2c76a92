"""The links beside every page: they change it within the session, and are where a thumb finds them on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.site import Site

pytestmark = pytest.mark.browser

PAGES = ("Home", "Text", "Image", "Audio", "Video", "Feedback", "Models")


def wings(page: Page) -> dict[str, str]:
    """Return the address of each link by its word."""
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    return {link.inner_text().split("\n")[-1]: link.get_attribute("href") or "" for link in links.all()}


def follow(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()


def current(page: Page) -> str:
    return page.locator(".pd-wings [aria-current=page]").inner_text().split("\n")[-1]


def test_every_page_is_a_press_away_and_back_again_without_loading_anew(page: Page) -> None:
    page.goto("/text?task=token-classification")
    expect(page.get_by_role("heading", name="Token classification")).to_be_visible(timeout=90_000)
    assert tuple(wings(page)) == PAGES
    assert current(page) == "Text"
    page.evaluate("window.stillHere = true")
    follow(page, "Models")
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/models$"))
    expect(page).to_have_title(re.compile("^Models"))
    assert current(page) == "Models"
    page.go_back()
    expect(page.get_by_role("heading", name="Token classification")).to_be_visible()
    follow(page, "Home")
    expect(page.get_by_role("heading", name="Put a model")).to_be_visible()
    expect(page).to_have_url(re.compile(r"[0-9]/$"))
    assert page.evaluate("window.stillHere")


def test_the_link_of_the_page_itself_starts_it_afresh(page: Page) -> None:
    page.goto("/text?task=token-classification")
    expect(page.get_by_role("heading", name="Token classification")).to_be_visible(timeout=90_000)
    follow(page, "Text")
    expect(page.get_by_role("heading", name="Text classification")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/text$"))


def test_the_keyboard_follows_a_link_and_another_tab_is_the_browsers_business(page: Page) -> None:
    page.goto("/text")
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Audio")
    expect(link).to_be_visible(timeout=90_000)
    with page.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", name="Audio classification")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/text$"))
    link.press("Enter")
    expect(page.get_by_role("heading", name="Audio classification")).to_be_visible()


def test_on_a_phone_all_links_stand_above_the_page(browser: Browser, site: Site) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, base_url=site.url, has_touch=True)
    page = phone.new_page()
    page.goto("/image")
    for name in PAGES:
        expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name=name)).to_be_in_viewport(
            ratio=1, timeout=90_000
        )
    nav, main = (page.locator(one).bounding_box() for one in (".pd-wings", "[data-testid=stMain]"))
    phone.close()
    assert nav
    assert main
    assert nav["y"] == 0
    assert nav["y"] + nav["height"] <= main["y"]
