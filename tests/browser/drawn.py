"""When a page is drawn whole, and a script of Streamlit's that it has to wait for."""

from __future__ import annotations

from playwright.sync_api import Page, Route


def is_drawn(page: Page) -> None:
    """Return once a page of the site has its heading and the server has nothing more to send."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning'] h1").wait_for(timeout=90_000)


def script_held(page: Page, name: str = "index.*.js") -> list[Route]:
    """Have a script of Streamlit's, or its first, wait for the test; return where it will be once it is asked for."""
    held: list[Route] = []
    page.route(f"**/static/js/{name}", lambda route: held.append(route))
    return held
