"""A Podium in a process of its own, as a visitor meets it: for measurements and for tests.

Owns starting it with the README's command, waiting until it answers, and ending it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent

UP_WITHIN_S = 60.0
"""Seconds after which a server that does not answer is given up; it takes one or two."""

WARM_WITHIN_S = 300.0
"""Seconds after which a server that still loads models is given up; the starters take five to ten."""


@dataclass(frozen=True)
class Site:
    """Name a running site: where it is, its process, when it was started and first answered (monotonic seconds)."""

    url: str
    process: subprocess.Popen[bytes]
    started_s: float
    answered_s: float

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self.url.rpartition(":")[2])


class Runnable(NamedTuple):
    """Name a task or demo, and the page it stands on."""

    id: str
    modality: str


def runnable_tasks(site: Site) -> list[Runnable]:
    """Return the tasks and demos that can run on this machine as it is."""
    with urlopen(f"{site.url}/api/models", timeout=10) as answer:
        here = {row["task"] for row in json.load(answer) if row["state"] in ("here", "loaded")}
    with urlopen(f"{site.url}/api/tasks", timeout=10) as answer:
        return [Runnable(row["id"], row["modality"]) for row in json.load(answer) if row["id"] in here]


@contextmanager
def served(data_folder: Path, environment: Mapping[str, str] | None = None, log: Path | None = None) -> Iterator[Site]:
    """Run `streamlit run Home.py` on a free port until the block ends.

    Raises: RuntimeError with the server's output if it does not answer in time.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    output_path = log or data_folder / "server.log"
    data_folder.mkdir(parents=True, exist_ok=True)
    with output_path.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "Home.py", f"--server.port={port}", "--server.headless=true"],
            cwd=ROOT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "PODIUM_DATA": str(data_folder), **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_up(url, process, output_path)
            yield Site(url, process, started, time.monotonic())
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_warm(site: Site) -> None:
    """Wait until a site has loaded what its tasks start with: a server that still loads models is not idle.

    Raises: RuntimeError if it does not within a few minutes.
    """
    give_up = time.monotonic() + WARM_WITHIN_S
    while time.monotonic() < give_up:
        with suppress(URLError), urlopen(f"{site.url}/api/ready", timeout=10):  # 503 until then
            return
        time.sleep(0.2)
    raise RuntimeError(f"the models were not loaded within {WARM_WITHIN_S:g} s")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    give_up = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError(f"the server did not come up:\n{output.read_text()[-3000:]}")
