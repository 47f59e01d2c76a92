"""A browser that was never here: what its first page waits for, and what it does not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from bench.site import Site
from core.ui.state import XSRF_COOKIE, unmasked

pytestmark = pytest.mark.browser

FRAME = "<iframe src='{}' style='width:1200px;height:800px'></iframe>"


def test_the_page_connects_without_asking_first(page: Page) -> None:
    # Streamlit connects at once where the page says what it would ask; else it waits for both answers.
    asked: list[str] = []
    page.route("**/_stcore/{health,host-config}", lambda route: asked.append(route.request.url))  # never answered
    page.goto("/text")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    assert asked  # so these are still what it asks


def test_in_a_frame_the_site_around_it_may_still_answer(page: Page, site: Site) -> None:
    page.set_content(FRAME.format(f"{site.url}/text"))
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    inside = page.frames[1]
    assert inside.evaluate("'BACKEND_BASE_URL' in window.__streamlit && !('HOST_CONFIG' in window.__streamlit)")


def test_the_first_page_brings_the_cookie_by_which_a_visitor_is_known_again(page: Page, site: Site) -> None:
    answer = page.request.get(f"{site.url}/text", headers={"Accept": "text/html"})
    first = answer.headers["set-cookie"].split(";")[0].partition("=")
    assert first[0] == XSRF_COOKIE
    page.goto("/text")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert unmasked(kept[XSRF_COOKIE]) == unmasked(first[2])
