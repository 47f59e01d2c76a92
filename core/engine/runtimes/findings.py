"""What surveys found, on disk: one folder for each model, task, processor and set of versions.

Owns the folder's form: `finding.json`, and the exported program of the rung that won, if it has one.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

from core.engine.runtimes.rungs import Rung, named

log = logging.getLogger(__name__)

FILE: Final = "finding.json"
PROGRAM: Final = "program"

Verdict = Literal["chosen", "slower", "disagrees", "failed", "missing", "skipped"]


@dataclass(frozen=True)
class Tried:
    """Say what came of a rung.

    Args:
        verdict: chosen; slower than another; disagrees with plain float32; failed to convert or run; missing a package;
            skipped, as the model cannot be asked through a program.
        note: a few words for the owner.
        probe_ms: how long it took for the probe; 0 where it never ran.
        difference: the largest difference of a score from plain float32.
    """

    rung: str
    verdict: Verdict
    note: str = ""
    probe_ms: float = 0.0
    difference: float = 0.0


@dataclass(frozen=True)
class Finding:
    """Hold what a survey found about one model."""

    tried: tuple[Tried, ...]

    @property
    def chosen(self) -> Rung | None:
        """Return the rung that won; None where none could be compared, as with what generates."""
        return next((named(one.rung) for one in self.tried if one.verdict == "chosen"), None)


class Findings:
    """Keep findings in a folder.

    Args:
        folder: made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, key: str) -> Path:
        """Return the folder of one finding, there or not."""
        return self._folder / key

    def find(self, key: str) -> Finding | None:
        """Return a finding; None if there is none, or none that can be read."""
        try:
            rows = json.loads((self.place(key) / FILE).read_text(encoding="utf-8"))
            return Finding(tuple(Tried(**row) for row in rows))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as err:
            log.warning("What was found about a model cannot be read (%s): it is looked for again", err)
            return None

    def spoil(self, key: str, rung: Rung, note: str) -> None:
        """Note that a rung failed after all; the next fastest in torch is chosen in its place."""
        finding = self.find(key)
        if finding is None:
            return
        tried = [replace(one, verdict="failed", note=note) if one.rung == rung.name else one for one in finding.tried]
        left = [one for one in tried if one.verdict == "slower" and named(one.rung).runtime == "torch"]
        best = min(left, key=lambda one: one.probe_ms, default=None)
        write(self.place(key), [replace(one, verdict="chosen") if one is best else one for one in tried])

    def scratch(self) -> Path:
        """Return a new folder beside the findings, to be moved to its place when it is complete."""
        folder = self._folder / f"{uuid4().hex[:8]}.part"
        folder.mkdir(parents=True)
        return folder

    def keep(self, key: str, scratch: Path) -> None:
        """Move a complete folder to its place."""
        shutil.rmtree(self.place(key), ignore_errors=True)
        scratch.rename(self.place(key))


def write(folder: Path, tried: Sequence[Tried]) -> None:
    """Write what was found into a folder."""
    (folder / FILE).write_text(json.dumps([asdict(one) for one in tried], indent=2), encoding="utf-8")
