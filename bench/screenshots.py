"""Takes the pictures in `docs/` and on Home's cards: pages served and driven as a visitor would.

`python -m bench.screenshots` remakes them all; `--cards` only the cards' pictures of real answers.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from bench.chromium import chromium
from bench.site import ROOT, Site, runnable_tasks, served

Device = Literal["desktop", "phone"]
Scheme = Literal["light", "dark"]

WIDTHS: dict[Device, tuple[int, int]] = {"desktop": (1280, 860), "phone": (390, 844)}
DOCS = ROOT / "docs"
CARDS = ROOT / "static" / "cards"
PAGES: tuple[tuple[str, Device, Scheme], ...] = (
    ("home", "desktop", "light"),
    ("token-classification", "desktop", "light"),
    ("object-detection", "desktop", "light"),
    ("image-segmentation", "desktop", "dark"),
    ("image-feature-extraction", "desktop", "light"),
    ("automatic-speech-recognition", "desktop", "dark"),
    ("demo-count-the-shapes", "desktop", "light"),
    ("text-classification", "phone", "light"),
    ("text-generation", "phone", "dark"),
)
"""What is taken for the README: a page or a task, the width and the theme."""

SETTLED_MS = 600
"""Milliseconds for transitions and fonts to come to rest before a picture is taken."""


def run_example(page: Page, url: str, task_id: str, modality: str) -> None:
    """Open a task with its first example in it, press `Run` and wait for the answer."""
    page.goto(f"{url}/{modality}?task={task_id}")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".st-key-result").wait_for(timeout=60_000)
    page.locator(".st-key-judge").wait_for(timeout=60_000)
    page.wait_for_timeout(SETTLED_MS)


def take_cards(browser: Browser, site: Site) -> None:
    """Take the answer of each task's first example, for its card."""
    CARDS.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light")
    for task in runnable_tasks(site):
        run_example(page, site.url, task.id, task.modality)
        page.locator(".st-key-result").screenshot(path=CARDS / f"{task.id}.png")


def take_pages(browser: Browser, site: Site) -> None:
    """Take the pages that the README shows."""
    DOCS.mkdir(exist_ok=True)
    modalities = {task.id: task.modality for task in runnable_tasks(site)}
    for name, device, scheme in PAGES:
        width, height = WIDTHS[device]
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        if name in modalities:
            run_example(page, site.url, name, modalities[name])
        else:
            page.goto(f"{site.url}/{'' if name == 'home' else name}")
            page.get_by_test_id("stMainBlockContainer").wait_for()
            page.wait_for_timeout(4 * SETTLED_MS)
        page.screenshot(path=DOCS / f"{name}-{device}.png")
        page.close()


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", action="store_true", help="only the pictures on Home's cards")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as site, chromium() as browser:
        if arguments.cards:
            take_cards(browser, site)
        else:
            take_pages(browser, site)


if __name__ == "__main__":
    main()
