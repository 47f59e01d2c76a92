"""The snippets on the pages, taken from the page and run as they stand against the same site."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench.site import ROOT, Site

CASES = [
    ("text", "text-classification", {}, "positive"),
    ("text", "token-classification", {"aggregation_strategy": "none"}, "PROPN"),
    ("text", "text-generation", {"max_new_tokens": "12"}, ""),
    ("image", "object-detection", {}, "star"),
    ("image", "image-feature-extraction", {}, "["),
    ("image", "visual-question-answering", {}, "score"),
    ("audio", "automatic-speech-recognition", {}, "three one four"),
]
"""Page, task, parameters in its address, and what the answer says."""


def snippet(page: Page, language: str) -> str:
    """Return the snippet that the page shows."""
    page.get_by_role("tab", name=language, exact=True).click()
    code = page.get_by_role("tabpanel", name=language, exact=True).locator("code")
    expect(code).to_be_visible()
    return code.inner_text()


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder that has the files the snippets name; return what it prints."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a picture and a sound under the names that the snippets give them."""
    made = tmp_path_factory.mktemp("snippets")
    starters = ROOT / "models" / "starters"
    (made / "picture.png").write_bytes((starters / "shapes-detection/examples/shapes-apart.png").read_bytes())
    (made / "sound.wav").write_bytes((starters / "digit-strings/examples/three-one-four.wav").read_bytes())
    return made


@pytest.mark.parametrize(("modality", "task", "parameters", "says"), CASES, ids=[case[1] for case in CASES])
def test_python_and_curl_give_what_the_page_gives(
    modality: str, task: str, parameters: dict[str, str], says: str, page: Page, site: Site, folder: Path
) -> None:
    query = "&".join(f"{name}={value}" for name, value in {"task": task, **parameters}.items())
    page.goto(f"/{modality}?{query}")
    page.get_by_text("Use from code", exact=True).click()
    python, curl = snippet(page, "Python"), snippet(page, "curl")
    assert f"{site.url}/api/tasks/{task}" in python
    (folder / "snippet.py").write_text(python)
    assert says in run([sys.executable, "snippet.py"], folder)
    assert says in run(["bash", "-c", curl.replace("curl ", "curl -sS --fail-with-body ", 1)], folder)
