"""The files of a folder: what is found, and what is broken without hurting the rest."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from core.demos import find_demos
from core.settings import ROOT
from tests.demos.conftest import Find

FINE = "@demo\ndef fine(text: str) -> str:\n    return text\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name' (line 16)."),
        ("def f(:\n", "SyntaxError: invalid syntax (line 16)."),
        ("raise SystemExit('enough')\n", "SystemExit: enough (line 16)."),
        ("1 / 0\n", "ZeroDivisionError: division by zero (line 16)."),
        ("@demo\nclass Shout: ...\n", "TypeError: @demo belongs before a function (line 16)."),
        ("", "It declares no demo: write @demo before a function, or begin its name with _."),
    ],
)
def test_a_file_that_cannot_be_imported_hurts_no_other(source: str, reason: str, find: Find) -> None:
    find(FINE, name="zz_fine.py")
    demos = find(source, name="bad.py")
    assert [demo.task.id for demo in demos.found] == ["demo-fine"]
    (broken,) = demos.broken
    assert (broken.file, broken.function, broken.reason) == ("bad.py", "", reason)
    assert "podium_demo_files.bad" not in sys.modules or not source


def test_the_revision_is_a_digest_of_the_file(find: Find, tmp_path: Path) -> None:
    (demo,) = find(FINE).found
    file = tmp_path / "demos" / "mine.py"
    assert demo.revision == hashlib.sha256(file.read_bytes()).hexdigest()[:40]
    (changed,) = find(f"{FINE}# changed\n").found
    assert changed.revision != demo.revision


def test_a_name_is_given_once(find: Find) -> None:
    find(FINE, name="a.py")
    demos = find(FINE, name="b.py")
    assert [demo.card.model_id for demo in demos.found] == ["demos/a.py"]
    (broken,) = demos.broken
    assert (broken.file, broken.reason) == ("b.py", "a.py has a demo of this name already; rename one.")


def test_two_demos_may_stand_in_one_file_and_hidden_files_are_not_read(find: Find) -> None:
    find("raise RuntimeError\n", name="_notes.py")
    demos = find(f"{FINE}\n@demo\ndef other(text: str) -> str: ...\n\nagain = other\n")
    assert [demo.task.id for demo in demos.found] == ["demo-fine", "demo-other"]
    assert not demos.broken


def test_files_may_share_what_stands_in_a_hidden_one(find: Find) -> None:
    find("def louder(text: str) -> str:\n    return text.upper()\n", name="_voice.py")
    demos = find(f"from ._voice import louder\n{FINE}", name="a.py")
    assert [demo.task.id for demo in demos.found] == ["demo-fine"]
    assert not demos.broken


def test_what_a_file_imports_from_another_is_not_its_own(find: Find) -> None:
    find(FINE, name="a.py")
    demos = find(f"from .a import fine\n{FINE.replace('fine', 'finer')}", name="b.py")
    assert [demo.task.id for demo in demos.found] == ["demo-fine", "demo-finer"]
    assert not demos.broken


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert find_demos(tmp_path / "none") == find_demos(tmp_path)


def test_the_guides_example_runs(find: Find) -> None:
    """The first block of `core.demo`'s docstring is a whole file."""
    import core.demo

    lines = (core.demo.__doc__ or "").splitlines()
    start = lines.index("    # demos/shout.py")
    end = lines.index("After a restart it stands on Home, on the page of its kind, and in the API:")
    (demo,) = find("\n".join(line[4:] for line in lines[start:end])).found
    assert demo.task.id == "demo-shout"
    assert demo.task.parameters.model_fields["times"].default == 2


def test_the_demos_that_ship_are_found_without_torch() -> None:
    program = (
        "import sys; from core.demos import find_demos; from core.settings import ROOT; find_demos(ROOT / 'demos');"
        "heavy = {'torch', 'transformers', 'pandas', 'scipy'} & set(sys.modules);"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_demos_that_ship_are_whole() -> None:
    demos = find_demos(ROOT / "demos")
    assert not demos.broken
    assert {demo.task.modality for demo in demos.found} >= {"text", "image", "audio"}
    for demo in demos.found:
        assert len(demo.task.examples) >= 2
        assert all(field.description for field in demo.task.parameters.model_fields.values())
