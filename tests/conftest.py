"""What every test may use: a showcase of its own with the real starters, and where the outside tools are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub is imported by anyone
os.environ["PODIUM_RUNTIME"] = "torch"  # else every server of a test would survey its models, half a minute each

from bench.site import Site, served
from core import runtime as runtime_module
from core.catalog import Catalog
from core.engine import lanes
from core.runtime import Runtime
from core.settings import ROOT
from core.tasks import TASKS
from tests import tiny
from tests.tiny import texts

CHAT = "tiny-chat"
"""The folder of the model that converses."""


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives the folder of a task's tiny checkpoint, made at the first call."""

    @cache
    def folder(task_id: str) -> Path:
        return tiny.build(task_id, tmp_path_factory.mktemp("tiny") / task_id)

    return folder


def write_catalog(path: Path, tiny_folder: Callable[[str], Path]) -> None:
    """Write the real catalog with a tiny checkpoint more for each task that has no starter, and one that converses."""
    chat_folder = texts.chat(path.parent / CHAT)
    (path.parent / "starters").symlink_to(ROOT / "models" / "starters")
    real = ROOT / "models" / "catalog.toml"
    with_starter = {card.task_id for card in Catalog.read(real).cards if card.is_starter}
    rows = [
        f'\n[[model]]\ntask = "{task.id}"\npath = "{tiny_folder(task.id)}"\ndtype = "float32"\n'
        for task in TASKS
        if task.id not in with_starter
    ]
    chat = f'\n[[model]]\ntask = "text-generation"\npath = "{chat_folder}"\ntitle = "Tiny chat"\ndtype = "float32"\n'
    path.write_text(real.read_text() + "".join(rows) + chat)


def write_demos(folder: Path) -> None:
    """Copy the demos that ship into a folder, and one more that has a parameter of every kind."""
    folder.mkdir()
    for file in [*(ROOT / "demos").glob("*.py"), *(ROOT / "tests" / "demos" / "more").glob("*.py")]:
        shutil.copy(file, folder)


@pytest.fixture(scope="session")
def session_runtime(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Callable[[str], Path]) -> Iterator[Runtime]:
    """Make one runtime for the whole session: the pages find it as they find the real one."""
    folder = tmp_path_factory.mktemp("podium")
    write_catalog(folder / "catalog.toml", tiny_folder)
    write_demos(folder / "demos")
    patch = pytest.MonkeyPatch()
    for variable in list(os.environ):
        if variable.startswith("PODIUM_") and variable not in (
            "PODIUM_CI",
            "PODIUM_RUNTIME",
            "PODIUM_TEST_POSTGRES_URL",
        ):
            patch.delenv(variable)
    patch.setenv("PODIUM_DATA", str(folder))
    patch.setenv("PODIUM_DEMOS", str(folder / "demos"))
    patch.setenv("PODIUM_CATALOG", str(folder / "catalog.toml"))
    runtime_module.runtime.cache_clear()
    made = runtime_module.runtime()
    yield made
    made.close()
    runtime_module.runtime.cache_clear()
    patch.undo()


@pytest.fixture
def starters_folder() -> Path:
    return Path(__file__).resolve().parent.parent / "models" / "starters"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Callable[[str], Path]) -> Iterator[Site]:
    """Serve a site in which every task can run, in a process of its own."""
    folder = tmp_path_factory.mktemp("site")
    write_catalog(folder / "catalog.toml", tiny_folder)
    with served(folder, {"PODIUM_CATALOG": str(folder / "catalog.toml")}) as running:
        yield running


@pytest.fixture
def one_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the runs of a model take turns, however many processors there are: who comes second waits."""
    monkeypatch.setattr(lanes, "_cpus", lambda: 1)
