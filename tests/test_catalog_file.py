"""The catalog file changed by a click: what a person wrote in it stays as it was."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from pathlib import Path

import pytest

from core.catalog import Catalog, ModelCard, file
from core.errors import ShowcaseError
from core.settings import ROOT

REAL = (ROOT / "models" / "catalog.toml").read_bytes()
WRITTEN = b"""# About this file.

[[model]]   # the first
id = "studio/mood"
# between
task = "text-classification"
requires = [
  "timm",  # why
]

# About the second.
[[model]]
id = "studio/parts"
task = "token-classification"
"""
ROW: file.Row = {"id": "studio/new", "task": "text-classification", "title": "New", "added": dt.date(2026, 1, 2)}
NAMED = {"id": "studio/new", "task": "text-classification"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "catalog.toml"
    made.write_bytes(WRITTEN)
    return made


@pytest.mark.parametrize("written", [WRITTEN, REAL, WRITTEN.replace(b"\n", b"\r\n"), b"# nothing yet\n", b""])
def test_a_row_is_added_at_the_end_and_taken_out_without_a_trace(path: Path, written: bytes) -> None:
    path.write_bytes(written)
    file.append(path, ROW)
    after = path.read_bytes()
    assert after.startswith(written)
    assert tomllib.loads(after.decode())["model"][-1] == ROW
    assert after.count(b"\r\n") in (0, after.count(b"\n"))
    assert (b"\r\n" in after) is (b"\r\n" in written)
    file.remove(path, NAMED)
    assert path.read_bytes() == written
    assert [entry.name for entry in path.parent.iterdir()] == ["catalog.toml"]


def test_a_file_without_a_last_line_end_gets_one(path: Path) -> None:
    path.write_bytes(WRITTEN.rstrip())
    file.append(path, ROW)
    assert tomllib.loads(path.read_text())["model"][-1] == ROW


def test_a_row_in_the_middle_goes_with_its_own_comments_and_no_others(path: Path) -> None:
    file.remove(path, {"id": "studio/mood"})
    assert path.read_text() == (
        '# About this file.\n\n# About the second.\n[[model]]\nid = "studio/parts"\ntask = "token-classification"\n'
    )


def test_a_row_that_is_no_longer_there_is_no_problem(path: Path) -> None:
    file.remove(path, NAMED)
    assert path.read_bytes() == WRITTEN


@pytest.mark.parametrize(
    "title", ['"]\n[[model]]\nid = "x', "tab\tand\x7fdel", "snow ☃ \U0001f600", "back\\slash", "\x01"]
)
def test_any_title_is_written_as_it_is(path: Path, title: str) -> None:
    file.append(path, {**ROW, "title": title})
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["model"]
    assert len(rows) == 3
    assert rows[-1]["title"] == title
    file.remove(path, NAMED)
    assert path.read_bytes() == WRITTEN


def test_a_name_that_is_no_text_is_refused_and_the_file_left_alone(path: Path) -> None:
    with pytest.raises(ShowcaseError, match="without harm"):
        file.append(path, {**ROW, "title": os.fsdecode(b"\xff")})
    assert path.read_bytes() == WRITTEN


def test_a_file_that_hides_its_rows_is_left_alone(path: Path) -> None:
    hidden = b'model = [{id = "a/b", task = "text-classification"}]\n'
    path.write_bytes(hidden)
    with pytest.raises(ShowcaseError, match="by hand"):
        file.remove(path, {"id": "a/b"})
    with pytest.raises(ShowcaseError, match="by hand"):
        file.append(path, ROW)
    tricky = b'[[model]]\nid = "a/b"\ntask = "text-classification"\nnote = """\n[[model]]\n"""\n'
    path.write_bytes(tricky)
    with pytest.raises(ShowcaseError, match="by hand"):
        file.remove(path, {"id": "a/b"})
    assert path.read_bytes() == tricky


def test_permissions_and_links_stay(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    file.append(link, ROW)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert b"studio/new" in path.read_bytes()


def test_a_file_that_cannot_be_written_says_so_with_the_fix(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ShowcaseError, match="PODIUM_CATALOG"):
        file.append(None, ROW)
    with pytest.raises(ShowcaseError, match="cannot be read"):
        file.append(path.with_name("none.toml"), ROW)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything, so that it may not is said here
    with pytest.raises(ShowcaseError, match=r"catalog\.toml cannot be written.* PODIUM_CATALOG"):
        file.append(path, ROW)


def test_a_disk_that_fails_midway_leaves_the_file_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(ShowcaseError, match="cannot be written") as caught:
        file.append(path, ROW)
    assert str(path.parent) not in str(caught.value)
    assert path.read_bytes() == WRITTEN
    assert [entry.name for entry in path.parent.iterdir()] == ["catalog.toml"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_kept_folder_is_called_the_same_after_a_restart(tmp_path: Path, inside: bool) -> None:
    home = tmp_path / "models"
    home.mkdir()
    path = home / "catalog.toml"
    path.write_bytes(b"")
    folder = (home / "mine" if inside else tmp_path / "my models!").resolve()
    folder.mkdir()
    catalog = Catalog.read(path)
    model_id = catalog.folder_id(folder)
    assert str(tmp_path) not in model_id
    assert model_id.startswith("folder:my-models-") is not inside
    card = ModelCard(task_id="fill-in", model_id=model_id, title="Mine", folder=folder, size_bytes=3_000_000)
    kept = catalog.keep(catalog.visit(card))
    (again,) = Catalog.read(path, ["fill-in"]).cards
    assert again == kept
    assert again.folder == folder
    assert catalog.keep(card) is kept  # a second click
    catalog.take_out(kept)
    assert path.read_bytes() == b""
    assert catalog.find("fill-in", model_id) == card
