"""What every test may use: a showcase of its own with the real starters, and where the outside tools are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub is imported by anyone

from core import runtime as runtime_module
from core.runtime import Runtime


@pytest.fixture(scope="session")
def session_runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Make one runtime for the whole session: the pages find it as they find the real one."""
    folder = tmp_path_factory.mktemp("podium")
    patch = pytest.MonkeyPatch()
    for variable in list(os.environ):
        if variable.startswith("PODIUM_") and variable not in ("PODIUM_CI", "PODIUM_TEST_POSTGRES_URL"):
            patch.delenv(variable)
    patch.setenv("PODIUM_DATA", str(folder))
    runtime_module.runtime.cache_clear()
    made = runtime_module.runtime()
    yield made
    made.showcase.close()
    runtime_module.runtime.cache_clear()
    patch.undo()


@pytest.fixture
def starters_folder() -> Path:
    return Path(__file__).resolve().parent.parent / "models" / "starters"
