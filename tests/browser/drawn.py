"""When a page is drawn whole."""

from __future__ import annotations

from playwright.sync_api import Page


def is_drawn(page: Page) -> None:
    """Return once a page of the site has its heading and the server has nothing more to send."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning'] h1").wait_for(timeout=90_000)
