"""What surveys found, on disk: one folder for each model, task, processor and set of versions.

Owns the folder's form: `finding.json`, and the exported program of the rung that won, if it has one; and what goes
when they take more than they may. Other processes may keep theirs in the same place.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

from core.engine.runtimes.rungs import Rung, named

log = logging.getLogger(__name__)

FILE: Final = "finding.json"
PROGRAM: Final = "program"
_SCRATCH: Final = ".part"

YOUNG_S: Final = 300.0
"""Seconds after its last use in which a finding stays: its model may be under way to memory, here or elsewhere."""

ABANDONED_S: Final = 3600.0
"""Seconds after which nobody works in a scratch folder any more: four times what a survey may take."""

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
        memory_bytes: what the process grew by when its program was opened and asked; 0 of torch, which has none.
    """

    rung: str
    verdict: Verdict
    note: str = ""
    probe_ms: float = 0.0
    difference: float = 0.0
    memory_bytes: int = 0

    @staticmethod
    def missing(rung: Rung) -> Tried:
        """Return a rung whose packages are not installed."""
        return Tried(rung.name, "missing", f"pip install {' '.join(rung.packages)}")

    @staticmethod
    def failed(rung: Rung, task_id: str, err: Exception) -> Tried:
        """Return a rung that cannot be exported or run, and log why."""
        log.warning("%s does not work for %s", rung.name, task_id, exc_info=err)
        # OpenVINO says first where in its own source it stood.
        lines = [line for line in str(err).splitlines() if line.strip() and not line.startswith("Exception from")]
        return Tried(rung.name, "failed", f"{type(err).__name__}: {lines[0] if lines else ''}"[:300])


@dataclass(frozen=True)
class Finding:
    """Hold what a survey found about one model."""

    tried: tuple[Tried, ...]

    @property
    def chosen(self) -> Rung | None:
        """Return the rung that won; None where none could be compared."""
        return next((named(one.rung) for one in self.tried if one.verdict == "chosen"), None)

    def chosen_within(self, limit_bytes: float) -> Rung | None:
        """Return the rung that won, or the fastest of torch's where its program takes more memory than that."""
        chosen = self.chosen
        if chosen is None or chosen.runtime == "torch" or self.memory_bytes(chosen) <= limit_bytes:
            return chosen
        best = _fastest_of_torch(self.tried)
        return None if best is None else named(best.rung)

    def memory_bytes(self, rung: Rung) -> int:
        """Return what the process of the survey grew by when a rung's program was opened and asked."""
        return max((one.memory_bytes for one in self.tried if one.rung == rung.name), default=0)


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
        """Return a finding and note that it was used; None if there is none, or none that can be read."""
        try:
            rows = json.loads((self.place(key) / FILE).read_text(encoding="utf-8"))
            found = Finding(tuple(Tried(**row) for row in rows))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as err:
            log.warning("What was found about a model cannot be read (%s): it is looked for again", err)
            return None
        self.touch(key)
        return found

    def touch(self, key: str) -> None:
        """Note that a finding is in use: its folder's time says when it last was."""
        with suppress(OSError):  # it may be gone, or nothing may be written here
            os.utime(self.place(key))

    def spoil(self, key: str, rung: Rung, note: str) -> None:
        """Note that a rung failed after all; the next fastest in torch is chosen in its place."""
        finding = self.find(key)
        if finding is None:
            return
        tried = [replace(one, verdict="failed", note=note) if one.rung == rung.name else one for one in finding.tried]
        best = _fastest_of_torch(tried)
        with suppress(OSError):  # it may be gone, or nothing may be written here: who finds it next fails and notes it
            write(self.place(key), [replace(one, verdict="chosen") if one is best else one for one in tried])

    def scratch(self) -> Path:
        """Return a new folder beside the findings, to be moved to its place when it is complete."""
        folder = self._new_scratch()
        folder.mkdir(parents=True)
        return folder

    def keep(self, key: str, scratch: Path) -> None:
        """Move a complete folder to its place."""
        self._remove(key)
        try:
            scratch.rename(self.place(key))
        except OSError:
            if not (self.place(key) / FILE).is_file():  # else another process has just found the same
                raise

    def thin(self, limit_bytes: int, *, spared: Set[str], now: float) -> set[str]:
        """Remove what was used longest ago until the rest fits, and what processes that died left half done.

        Args:
            spared: findings that stay, whatever they take.
            now: seconds since the epoch.

        Returns: the keys of the findings that went.
        """
        for scratch in self._folder.glob(f"*{_SCRATCH}"):
            if now - _used_at(scratch) > ABANDONED_S:
                shutil.rmtree(scratch, ignore_errors=True)
        kept = sorted((_used_at(folder), folder.name, _size_bytes(folder)) for folder in self._kept())
        total = sum(size_bytes for _, _, size_bytes in kept)
        gone: set[str] = set()
        for used_at, key, size_bytes in kept:
            if total <= limit_bytes or now - used_at < YOUNG_S:  # those that follow are younger still
                break
            if key not in spared and self._remove(key):
                total -= size_bytes
                gone.add(key)
        return gone

    def _kept(self) -> list[Path]:
        """Return the folders of all findings, and of what is left of damaged ones; nothing else is touched."""
        complete = [folder for folder in self._folder.glob("*") if folder.suffix != _SCRATCH]
        return [folder for folder in complete if (folder / FILE).is_file() or (folder / PROGRAM).is_dir()]

    def _new_scratch(self) -> Path:
        return self._folder / f"{uuid4().hex[:8]}{_SCRATCH}"

    def _remove(self, key: str) -> bool:
        """Remove a finding whole or not at all, as half a program would be found and fail each time; say if it went."""
        away = self._new_scratch()
        with suppress(OSError):  # there is none, another process was quicker, or its files are held open
            self.place(key).rename(away)
            shutil.rmtree(away, ignore_errors=True)
        return not self.place(key).exists()


def _fastest_of_torch(tried: Sequence[Tried]) -> Tried | None:
    """Return the rung of torch to go back to where a program cannot be used; None where none was compared."""
    left = [one for one in tried if one.verdict == "slower" and named(one.rung).runtime == "torch"]
    return min(left, key=lambda one: one.probe_ms, default=None)


def write(folder: Path, tried: Sequence[Tried]) -> None:
    """Write what was found into a folder."""
    (folder / FILE).write_text(json.dumps([asdict(one) for one in tried], indent=2), encoding="utf-8")


def _used_at(folder: Path) -> float:
    """Return when a folder was last used, in seconds since the epoch; of one that does not say, not in the past."""
    try:
        return folder.stat().st_mtime
    except OSError:
        return math.inf


def _size_bytes(folder: Path) -> int:
    """Return what all files below a folder take; those that vanish meanwhile take nothing."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total
