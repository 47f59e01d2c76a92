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


MOST_SCRIPTS = 40
"""Scripts that a task's page fetches, 33; Streamlit's own page fetches 97."""

BEFORE_ANYTHING_IS_DRAWN = 60
"""Scripts that Streamlit's own page has fetched by then at least, 69; those of its elements come as they are drawn."""

FORBIDDEN = "Object.defineProperty(self, 'podiumTakesData', { value: 0 })"
"""What the page finds where a policy allows no script of a `data:` address, as a proxy may have it."""


def scripts_fetched(page: Page) -> list[str]:
    """Open a task's page and return the names of the scripts that came over the network."""
    page.goto("/text?task=text-classification")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=90_000)
    fetched: list[str] = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    return [name.rpartition("/")[2] for name in fetched if name.endswith(".js")]


def test_most_scripts_come_in_one_file(page: Page) -> None:
    fetched = scripts_fetched(page)
    assert any(name.startswith("podium-scripts.") for name in fetched)
    assert len(fetched) <= MOST_SCRIPTS
    assert len(fetched) == len(set(fetched))


def test_where_a_policy_forbids_it_each_is_fetched_and_the_page_works(page: Page) -> None:
    page.add_init_script(FORBIDDEN)
    assert len(scripts_fetched(page)) > BEFORE_ANYTHING_IS_DRAWN
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".pd-best")).to_be_visible()
