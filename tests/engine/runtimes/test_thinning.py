"""What findings may take on disk: those used longest ago go, never one whose program answers, nor another's work."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.engine import ModelKey
from core.engine.lanes import MOST
from core.engine.runtimes import exported
from core.engine.runtimes.findings import ABANDONED_S, FILE, PROGRAM, YOUNG_S, Findings, Tried, write
from core.engine.runtimes.rungs import named
from core.engine.runtimes.surveyor import Surveyor
from core.engine.torch_setup import allowed_cpus
from core.runtime import build
from core.settings import Settings
from core.showcase import Showcase

NOW = 1_800_000_000.0
HOUR_S = 3600.0
PROGRAM_BYTES = 10_000
IN_MEMORY_BYTES = PROGRAM_BYTES * min(MOST, allowed_cpus())  # it is opened anew for runs side by side
OPENVINO = named("openvino float32")
TRIED = (Tried(OPENVINO.name, "chosen"), Tried("torch float32", "slower"))
PATIENCE_S = 60.0


def fill(folder: Path) -> Path:
    (folder / PROGRAM).mkdir(parents=True)
    (folder / PROGRAM / "weights.bin").write_bytes(bytes(PROGRAM_BYTES))
    write(folder, TRIED)
    return folder


def keep(findings: Findings, *keys: str, before_now_s: float, now: float = NOW) -> None:
    """Keep findings that were last used so long ago, each a second after the one before it."""
    for at, key in enumerate(keys):
        findings.keep(key, fill(findings.scratch()))
        used_at = now - before_now_s + at
        os.utime(findings.place(key), (used_at, used_at))


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    return Findings(tmp_path)


def test_what_was_used_longest_ago_goes_until_the_rest_fits(findings: Findings, tmp_path: Path) -> None:
    keep(findings, "first", "second", "third", "fourth", before_now_s=HOUR_S)
    gone = findings.thin(2 * PROGRAM_BYTES + 2000, spared=set(), now=NOW)
    assert gone == {"first", "second"}
    assert names(tmp_path) == ["fourth", "third"]


def test_all_stay_where_there_is_room(findings: Findings, tmp_path: Path) -> None:
    keep(findings, "first", "second", before_now_s=HOUR_S)
    assert findings.thin(3 * PROGRAM_BYTES, spared=set(), now=NOW) == set()
    assert Findings(tmp_path / "never made").thin(0, spared=set(), now=NOW) == set()


def test_what_is_found_counts_as_used(findings: Findings) -> None:
    keep(findings, "asked for", "forgotten", before_now_s=HOUR_S, now=time.time())
    assert findings.find("asked for") is not None
    later = time.time() + 2 * YOUNG_S
    assert findings.thin(PROGRAM_BYTES + 1000, spared=set(), now=later) == {"forgotten"}


def test_what_answers_now_and_what_was_just_used_stay(findings: Findings) -> None:
    keep(findings, "answers", "idle", before_now_s=HOUR_S)
    keep(findings, "being loaded", before_now_s=YOUNG_S - 1)
    assert findings.thin(0, spared={"answers"}, now=NOW) == {"idle"}
    assert findings.find("answers") is not None
    assert findings.find("being loaded") is not None


def test_a_damaged_finding_goes_too_and_what_is_no_finding_does_not(findings: Findings, tmp_path: Path) -> None:
    keep(findings, "damaged", before_now_s=HOUR_S)
    (findings.place("damaged") / FILE).unlink()
    os.utime(findings.place("damaged"), (0, 0))
    (tmp_path / "somebody's own").mkdir()
    (tmp_path / "somebody's own" / "notes").write_bytes(bytes(PROGRAM_BYTES))
    assert findings.thin(0, spared=set(), now=NOW) == {"damaged"}
    assert (tmp_path / "somebody's own" / "notes").is_file()


def test_only_what_a_process_that_died_left_half_done_goes(findings: Findings, tmp_path: Path) -> None:
    abandoned, at_work = fill(findings.scratch()), fill(findings.scratch())
    os.utime(abandoned, (NOW - ABANDONED_S - 1,) * 2)
    os.utime(at_work, (NOW - ABANDONED_S + 1,) * 2)
    assert findings.thin(0, spared=set(), now=NOW) == set()
    assert names(tmp_path) == [at_work.name]


def test_what_another_process_removes_meanwhile_is_no_problem(
    findings: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(findings, "first", "second", before_now_s=HOUR_S)
    rename = Path.rename

    def too_late(folder: Path, target: Path) -> Path:
        shutil.rmtree(folder)
        return rename(folder, target)

    monkeypatch.setattr(Path, "rename", too_late)
    assert findings.thin(0, spared=set(), now=NOW) == {"first", "second"}
    findings.spoil("first", OPENVINO, "nobody is there to be told")
    findings.touch("first")


def test_what_cannot_be_moved_stays_whole(findings: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(findings, "held open", before_now_s=HOUR_S)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "rename", refuse)
    assert findings.thin(0, spared=set(), now=NOW) == set()
    assert (findings.place("held open") / PROGRAM / "weights.bin").is_file()


def test_of_two_processes_that_find_the_same_the_slower_leaves_it_to_the_other(
    findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slower = fill(findings.scratch())
    rename = Path.rename

    def other_first(folder: Path, target: Path) -> Path:
        if folder == slower:
            fill(target)
        return rename(folder, target)

    monkeypatch.setattr(Path, "rename", other_first)
    findings.keep("key", slower)
    found = findings.find("key")
    assert found is not None
    assert found.tried == TRIED


def test_a_scratch_folder_that_vanished_is_not_passed_off_as_kept(findings: Findings) -> None:
    scratch = findings.scratch()
    scratch.rmdir()
    with pytest.raises(FileNotFoundError):
        findings.keep("key", scratch)


class Module:
    """Stand in for a model: something that can be let go."""


KEY = ModelKey("text-classification", "starters/tiny", None, "float32", "cpu", "openvino")


class Watched:
    """Hold a surveyor whose surveys leave a program at once, and the folder it keeps them in."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.surveyor = Surveyor(folder, limit_bytes=limit_bytes)

    def survey(self, revision: str) -> Path:
        """Survey a revision; return the folder of its finding."""
        self.surveyor.look(KEY, revision, self.folder, 1)
        self.wait()
        return self.place(revision)

    def place(self, revision: str) -> Path:
        return self.folder / self.surveyor._place(KEY, revision)

    def load(self, revision: str) -> Module:
        assert self.surveyor.finding(KEY, revision) is not None
        model = Module()
        assert self.surveyor.put_in_place(model, KEY, revision, OPENVINO, Module) == IN_MEMORY_BYTES
        return model

    def wait(self) -> None:
        self.surveyor._line.submit(lambda: None).result(PATIENCE_S)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Watched]:
    def run(_: Surveyor, key: ModelKey, checkpoint: Path, scratch: Path) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        fill(scratch)
        return True

    def put_in_place(*_: Any) -> None:
        """Leave the stand-in as it is."""

    monkeypatch.setattr(Surveyor, "_run", run)
    monkeypatch.setattr(exported, "open_program", lambda *_: None)
    monkeypatch.setattr(exported, "put_in_place", put_in_place)
    return lambda limit_bytes: Watched(tmp_path / "runtimes", limit_bytes)


def age(*folders: Path) -> None:
    for folder in folders:
        os.utime(folder, (NOW - 1e9, NOW - 1e9))


def test_a_survey_makes_room_for_what_it_found(watched: Callable[[int], Watched]) -> None:
    site = watched(2 * PROGRAM_BYTES)
    old = site.survey("old")
    age(old)
    new = site.survey("new")
    assert not old.exists()
    assert new.exists()
    site.surveyor.close()


def test_a_model_whose_finding_went_is_surveyed_anew_when_it_comes_back(watched: Callable[[int], Watched]) -> None:
    site = watched(0)
    old = site.survey("old")
    age(old)
    site.survey("new")
    assert not old.exists()
    assert site.survey("old").exists()
    site.surveyor.close()


def test_a_program_stays_while_its_module_does(watched: Callable[[int], Watched]) -> None:
    site = watched(0)
    place = site.survey("in place")
    model = site.load("in place")
    age(place)
    site.surveyor.thin_in_background()
    site.wait()
    assert place.exists()
    assert time.time() - place.stat().st_mtime < YOUNG_S  # in use until now: no other process takes it for forgotten
    del model
    gc.collect()
    age(place)
    site.surveyor.thin_in_background()
    site.wait()
    assert not place.exists()
    site.surveyor.close()


def test_what_answered_until_the_end_is_not_what_goes_at_the_next_start(watched: Callable[[int], Watched]) -> None:
    before = watched(PROGRAM_BYTES)
    answering, idle = before.survey("answering"), before.survey("idle")
    model = before.load("answering")
    age(answering, idle)
    before.surveyor.close()
    before.surveyor.thin_in_background()  # too late: nothing happens
    after = watched(PROGRAM_BYTES + 1000)
    after.surveyor.thin_in_background()
    after.wait()
    assert (answering.exists(), idle.exists()) == (True, False)
    after.surveyor.close()
    assert model is not None


def test_a_podium_thins_out_when_its_first_models_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(Showcase, "warm", lambda _: done.append("warmed"))
    monkeypatch.setattr(Surveyor, "thin_in_background", lambda surveyor: done.append(f"{surveyor._limit_bytes}"))
    made = build(Settings(data_folder=tmp_path, runtimes_bytes=PROGRAM_BYTES))
    made.first_page_shown.set()
    made._warm()
    made.close()
    assert done == ["warmed", f"{PROGRAM_BYTES}"]
