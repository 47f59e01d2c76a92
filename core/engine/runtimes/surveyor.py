"""Has models surveyed in the background, one after the other, and says when one is worth loading anew.

Owns the process that a survey runs in, and its bounds.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from core.engine.key import ModelKey
from core.engine.runtimes import exported
from core.engine.runtimes.findings import FILE, PROGRAM, Finding, Findings
from core.engine.runtimes.rungs import Rung, finding_key
from core.engine.runtimes.writers import put_writer_in_place, writes
from core.engine.torch_setup import allowed_cpus
from core.settings import ROOT, Settings

log = logging.getLogger(__name__)

SURVEY_S: Final = 900.0
"""Seconds after which a survey is given up; one of a 100 M model takes half a minute on two cores."""

LARGEST_BYTES: Final = 2_000_000_000
"""Weights beyond this, in float32, are not surveyed: a conversion takes about four times as much memory."""


class Surveyor:
    """Find the rung of each model.

    Args:
        folder: where findings are kept.
        limit_bytes: what they may take; those used longest ago go first, but none whose program answers here.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = Settings.runtimes_bytes) -> None:
        self._findings = Findings(folder)
        self._limit_bytes = limit_bytes
        self._line = ThreadPoolExecutor(1, thread_name_prefix="surveys")
        self._known: set[str] = set()
        self._in_place: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # ends with the module, whoever lets it go
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False
        self.found: Callable[[ModelKey], None] = lambda _: None

    @property
    def threads(self) -> int:
        """Return how many threads a rung gets."""
        return allowed_cpus()

    def finding(self, key: ModelKey, revision: str) -> Finding | None:
        """Return what is known about a model, None if it was not surveyed."""
        return self._findings.find(self._place(key, revision))

    def put_in_place(self, model: Any, key: ModelKey, revision: str, rung: Rung, remade: Callable[[], Any]) -> int:
        """Have a module answer with the program that was found best; return its bytes, 0 if it cannot be opened.

        Args:
            remade: makes the module again, for when the program fails: the answer is then torch's, and the model is
                loaded anew without the rung.
        """
        place = self._place(key, revision)
        folder = self._findings.place(place) / PROGRAM

        def instead(failure: Exception) -> Any:
            log.warning("%s of %s failed: torch computes it from now on", rung.name, key.model_id, exc_info=failure)
            self._findings.spoil(place, rung, f"failed on a visitor's input: {type(failure).__name__}")
            module = remade()
            self.found(key)
            return module

        try:
            # First: another process may remove what is open already.
            program_bytes = exported.size_bytes(folder, 1 if writes(model) else self.threads)
            if writes(model):
                put_writer_in_place(model, folder, rung, self.threads, instead)
            else:
                exported.put_in_place(model, exported.open_program(folder, rung, self.threads), instead)
            with self._lock:
                self._in_place[model] = place
            return program_bytes
        except Exception as err:  # the libraries below raise what they like; the module is as it was
            log.warning("%s of %s cannot be opened: torch computes it", rung.name, key.model_id, exc_info=err)
            return 0

    def look(self, key: ModelKey, revision: str, checkpoint: Path, float32_bytes: int) -> None:
        """Have a model surveyed unless it was, or is too large; `found` is called after it."""
        place = self._place(key, revision)
        with self._lock:
            if self._closed or place in self._known or float32_bytes > LARGEST_BYTES:
                return
            self._known.add(place)
            self._line.submit(self._survey, key, place, checkpoint)

    def thin_in_background(self) -> None:
        """Have findings removed that are too many, once the surveys in the line are done."""
        with self._lock:
            if not self._closed:
                self._line.submit(self._thin)

    def close(self) -> None:
        """End the survey that runs; none starts any more."""
        with self._lock:
            self._closed = True
            if self._running is not None:
                self._running.kill()
        self._line.shutdown(wait=True, cancel_futures=True)
        self._touched_in_place()

    def _place(self, key: ModelKey, revision: str) -> str:
        return finding_key((revision, key.task_id, key.runtime, key.dtype), self.threads)

    def _survey(self, key: ModelKey, place: str, checkpoint: Path) -> None:
        try:
            scratch = self._findings.scratch()
        except OSError as err:
            log.warning("Nothing can be kept of surveys: %s", err)
            return
        try:
            if self._run(key, checkpoint, scratch):
                self._findings.keep(place, scratch)
                self.found(key)
                self._thin()
        except Exception:  # whatever it is: the model answers as it did before
            log.exception("%s was not surveyed", key.model_id)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _thin(self) -> None:
        gone = self._findings.thin(self._limit_bytes, spared=self._touched_in_place(), now=time.time())
        with self._lock:
            self._known -= gone  # if its model comes back, it is surveyed anew
        if gone:
            log.info("Findings about models beyond PODIUM_RUNTIMES_GB removed, used longest ago: %d", len(gone))

    def _touched_in_place(self) -> set[str]:
        """Return the findings whose programs answer now, and note so: one is found once, and answers for months."""
        with self._lock:
            in_place = set(self._in_place.values())
        for place in in_place:
            self._findings.touch(place)
        return in_place

    def _run(self, key: ModelKey, checkpoint: Path, scratch: Path) -> bool:
        """Run a survey to its end; return whether it left a finding."""
        command = [sys.executable, "-m", "core.engine.runtimes.survey", key.task_id, str(checkpoint), str(scratch)]
        command += ["--runtime", key.runtime, "--dtype", key.dtype, "--threads", str(self.threads)]
        command += ["--server", str(os.getpid())]
        output = scratch / "survey.log"
        with self._lock, output.open("wb") as file:
            if self._closed:
                return False
            self._running = process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        try:
            process.wait(SURVEY_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            self._running = None
        if (scratch / FILE).is_file():
            output.unlink()
            return True
        if not self._closed:
            last = output.read_text(errors="replace").strip().splitlines()[-1:]
            log.warning("The survey of %s ended with %s: %s", key.model_id, process.returncode, *last or [""])
        return False
