"""Measures the start and the memory of a Podium: `python -m bench.startup` prints one table.

Seconds from `streamlit run` to the first usable page and to the first answer, from a cold process;
memory (proportional set size of the server) at rest, per loaded model, and per further idle session.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Browser

from bench.chromium import chromium
from bench.site import Site, served, wait_until_warm

RUNS = 3
"""Cold starts; the median is printed."""

SESSIONS = 20
"""Further idle sessions, each a page of its own."""

SURVEYED_WITHIN_S = 900
QUIET_S = 5
"""Seconds without a survey after which there comes none: between two, models are loaded anew."""


def memory_mb(process_id: int) -> float:
    """Return the proportional set size of a process and its children, in MB."""
    total_kb = 0
    for folder in [Path("/proc") / str(process_id), *_children(process_id)]:
        try:
            rollup = (folder / "smaps_rollup").read_text()
        except OSError:
            continue
        total_kb += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total_kb / 1000


def _children(process_id: int) -> list[Path]:
    """Return the folders of a process's children, as proc(5) has them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == process_id:
                found.append(folder)
        except (OSError, IndexError):
            continue
    return found


def _command(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def first_page_s(browser: Browser, site: Site) -> tuple[float, float]:
    """Return seconds from start to the first usable page, and from the server's first answer to it."""
    page = browser.new_page()
    page.goto(site.url, wait_until="commit")
    page.locator("[class*='st-key-card_']").last.wait_for(timeout=30_000)
    now = time.monotonic()
    page.close()
    return now - site.started_s, now - site.answered_s


def first_answer_s(browser: Browser, site: Site) -> float:
    """Return seconds from start to the first answer on a page, of a visitor who goes straight to it."""
    page = browser.new_page()
    page.goto(f"{site.url}/text?task=text-classification", wait_until="commit")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".st-key-result").wait_for(timeout=60_000)
    now = time.monotonic()
    page.close()
    return now - site.started_s


def models_loaded(site: Site) -> int:
    """Return how many models are in memory; functions of `demos/` are none."""
    with urlopen(f"{site.url}/api/models", timeout=10) as answer:
        rows = json.load(answer)
    return sum(row["state"] == "loaded" and not row["id"].startswith("demos/") for row in rows)


def wait_until_surveyed(site: Site) -> None:
    """Wait until no survey of a model is a child of the server: until then memory is what they take, too.

    Raises: TimeoutError if they take too long.
    """
    give_up = time.monotonic() + SURVEYED_WITHIN_S
    last = time.monotonic()
    while time.monotonic() - last < QUIET_S:
        if time.monotonic() > give_up:
            raise TimeoutError("the models were not surveyed in time")
        if any(b"runtimes.survey" in _command(child) for child in _children(site.process.pid)):
            last = time.monotonic()
        time.sleep(0.2)


def ask(site: Site, text: str) -> None:
    """Send one text over the API."""
    request = Request(
        f"{site.url}/api/tasks/text-classification",
        json.dumps({"inputs": text}).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        answer.read()


def main() -> None:
    """Measure, and print the table."""
    starts, pages, answers = [], [], []
    with chromium() as browser:
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as site:
                from_start, from_answer = first_page_s(browser, site)
                starts.append(from_start)
                pages.append(from_answer)
                answers.append(first_answer_s(browser, site))
        with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as site:
            bare = memory_mb(site.process.pid)
            first_page_s(browser, site)
            wait_until_warm(site)
            wait_until_surveyed(site)
            loaded = models_loaded(site)
            ask(site, "Warm now.")
            warm = memory_mb(site.process.pid)
            sessions = [browser.new_page() for _ in range(SESSIONS)]
            for page in sessions:
                page.goto(f"{site.url}/text", wait_until="commit")
                page.get_by_role("button", name="Run", exact=True).wait_for(timeout=30_000)
            with_sessions = memory_mb(site.process.pid)
    print(
        f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {RUNS} cold starts"
    )
    rows = [
        ("`streamlit run` to the first usable page, s", statistics.median(starts)),
        ("server's first answer to the first usable page, s", statistics.median(pages)),
        ("`streamlit run` to the first answer of a model, s", statistics.median(answers)),
        ("memory before anything is asked, MB", bare),
        (f"memory with torch and the {loaded} models that ship, MB", warm),
        (f"memory for each further idle session (of {SESSIONS}), MB", (with_sessions - warm) / SESSIONS),
    ]
    print("\n".join(f"| {name} | {value:.2f} |" for name, value in rows))


if __name__ == "__main__":
    main()
