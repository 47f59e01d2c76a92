"""A real Chromium, Debian's, driven by Playwright: for measurements, screenshots and tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright


def chromium_path() -> str | None:
    """Return where Chromium is, or None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium(*, microphone: Path | None = None) -> Iterator[Browser]:
    """Start Chromium for the block; `microphone` is a WAV that its fake microphone plays."""
    with sync_playwright() as playwright:
        browser = launched(playwright, microphone=microphone)
        try:
            yield browser
        finally:
            browser.close()


def launched(playwright: Playwright, *, microphone: Path | None = None) -> Browser:
    """Return a started Chromium.

    Raises: FileNotFoundError if it is not installed.
    """
    path = chromium_path()
    if path is None:
        raise FileNotFoundError("Chromium is not installed. On Debian: apt-get install chromium")
    arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    return playwright.chromium.launch(executable_path=path, args=arguments)
