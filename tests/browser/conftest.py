"""A Chromium, shared by the browser tests, which skip with the reason where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench.chromium import chromium, chromium_path
from bench.site import Site

STARTERS = Path(__file__).resolve().parent.parent.parent / "models" / "starters"
SPOKEN = STARTERS / "digit-strings" / "examples" / "three-one-four.wav"


expect.set_options(timeout=20_000)  # a busy machine may take its time; a quick one never waits for it


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    with chromium(microphone=SPOKEN) as started:
        yield started


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=site.url)
    made.grant_permissions(["microphone", "camera"], origin=site.url)
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
