"""Measures a page as its visitor waits for it: `python -m bench.page [text|image|audio ...]`.

Prints, beside Gradio's own interface on the same checkpoint in the same run, taking turns: ms from the click on the
button to the painted answer (p50, p95), and ms from the navigation to a form that can be used, in a browser that was
never there. Clicks begin when Podium has surveyed the model, for a survey takes both servers' processors. Every input
differs; the known-answer cache is off. Then what `bench.reruns` measures: a rerun that does nothing, with 1, 25 and
100 visitors at once, and with 0 to 8 models loaded.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from bench import reruns
from bench.checkpoints import CHECKPOINTS
from bench.chromium import chromium
from bench.faces import Face, gradio_face, podium_face
from bench.rival import gradio_served
from bench.serving import LOADS, podium_request, settled
from bench.site import served

WARM_UP: Final = 5
"""Answers on each page before those that count."""

WINDOW_OPENS_MS: Final = 1000
"""What a new window of Chromium's is given to open: till then it takes a core itself, which no page is to blame for."""

VIEWPORT: Final = {"width": 1280, "height": 900}


@dataclass
class Seen:
    """Collect what was measured on one page, in ms."""

    answers: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def figures(self) -> tuple[float, float, float]:
        """Return p50 and p95 of the answers, and the median load."""
        quantiles = statistics.quantiles(self.answers, n=20)
        return quantiles[9], quantiles[18], statistics.median(self.loads)


def compare(kind: str, folder: Path, *, answers: int, loads: int) -> dict[str, Seen]:
    """Serve one checkpoint twice and use both pages, taking turns; return what was measured, by the page's name."""
    checkpoint = CHECKPOINTS[kind](folder / "checkpoint")
    task_id, make, media_type, _ = LOADS[kind]
    catalog = folder / "catalog.toml"
    catalog.write_text(f'[[model]]\npath = "checkpoint"\ntask = "{task_id}"\n')
    environment = {"PODIUM_CATALOG": str(catalog), "PODIUM_ANSWER_CACHE_MB": "0"}
    with served(folder / "data", environment) as site, gradio_served(kind, checkpoint, batch=0) as port:
        faces = ((podium_face(kind), site.url), (gradio_face(kind), f"http://127.0.0.1:{port}"))
        found = {face.name: Seen() for face, _ in faces}
        settled(site, task_id, podium_request(task_id, make, media_type))
        with chromium() as browser:
            pages = []
            for face, url in faces:
                page = browser.new_page(viewport=VIEWPORT)
                face.load_ms(page, url)  # the first load of a server does not count
                face.open(page)
                pages.append(page)
            for number in range(WARM_UP + answers):
                for (face, _), page in zip(faces, pages, strict=True):
                    took_ms = face.answer_ms(page, number)
                    if number >= WARM_UP:
                        found[face.name].answers.append(took_ms)
            for page in pages:
                page.close()
            for _ in range(loads):
                for face, url in faces:
                    found[face.name].loads.append(_first_load_ms(browser, face, url))
    return found


def _first_load_ms(browser: Browser, face: Face, url: str) -> float:
    """Return the load in a browser that has nothing of the page yet."""
    context = browser.new_context(viewport=VIEWPORT)
    try:
        page = context.new_page()
        page.wait_for_timeout(WINDOW_OPENS_MS)
        return face.load_ms(page, url)
    finally:
        context.close()


def report(kind: str, found: dict[str, Seen]) -> list[str]:
    """Return the rows of a table, and of their ratios."""
    figures = {name: seen.figures() for name, seen in found.items()}
    rows = [f"| {kind}: {name} | " + " | ".join(f"{one:.0f}" for one in of) + " |" for name, of in figures.items()]
    ratio = [ours / theirs for ours, theirs in zip(figures["Podium"], figures["Gradio"], strict=True)]
    return [*rows, f"| {kind}: Podium / Gradio | " + " | ".join(f"{one:.2f}" for one in ratio) + " |"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # for Gradio, too: idle threads that spin take the browser's core
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(LOADS), help="text, image, audio")
    parser.add_argument("--answers", type=int, default=100, help="answers on each page")
    parser.add_argument("--loads", type=int, default=10, help="loads of each page")
    parser.add_argument("--no-reruns", action="store_true", help="leave out what `bench.reruns` measures")
    chosen = parser.parse_args(arguments)
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print("| page | click to answer p50, ms | p95, ms | load, ms |\n| --- | --- | --- | --- |")
    for kind in chosen.kinds:
        with tempfile.TemporaryDirectory() as folder:
            found = compare(kind, Path(folder), answers=chosen.answers, loads=chosen.loads)
        print("\n".join(report(kind, found)), flush=True)
    if not chosen.no_reruns:
        print()
        reruns.main()


if __name__ == "__main__":
    main()
