"""The README says what is: every task, route, setting and error, and the two commands as they are."""

from __future__ import annotations

import re

import pytest

from core import errors
from core.api.rest import rest_app
from core.catalog import Catalog
from core.runtime import Runtime
from core.settings import ROOT, Settings
from core.tasks import TASKS

README = (ROOT / "README.md").read_text()

ERRORS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.ShowcaseError) and value.__doc__
]


@pytest.mark.parametrize(("variable", "default", "text"), Settings.documented())
def test_every_setting_is_in_the_readme(variable: str, default: str, text: str) -> None:
    assert f"| `{variable}` | {f'`{default}`' if default else 'none'} | {text} |" in README


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_in_the_readme(error: type[errors.ShowcaseError]) -> None:
    assert f"| `{error.code}` | {error.status} | {error.__doc__.splitlines()[0]} |" in README


def test_every_route_is_in_the_readme(session_runtime: Runtime) -> None:
    paths = rest_app(session_runtime).openapi()["paths"]
    for path, methods in paths.items():
        for method in methods:
            assert f"`{method.upper()} /api{path}`" in README


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_task_and_its_starter_is_in_the_readme(task: object) -> None:
    catalog = Catalog.read(Settings().catalog_path)
    starters = [card for card in catalog.models(task.id) if card.is_starter]
    assert f"| {task.title} |" in README
    assert starters
    for card in starters:
        assert f"(models/{card.model_id}/README.md)" in README
        assert (ROOT / "models" / card.model_id / "README.md").stat().st_size > 500


def test_every_picture_and_link_of_the_readme_is_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_two_commands_name_files_that_are_there() -> None:
    assert "pip install -r requirements.txt && streamlit run Home.py" in README
    assert "pip install -r requirements-dev.txt && pytest" in README
    for name in ("requirements.txt", "requirements-dev.txt", "Home.py"):
        assert (ROOT / name).exists()
    assert (ROOT / ".ci" / "run").read_text().count("pip install -q -r requirements-dev.txt && pytest") == 1


def test_the_starters_are_small() -> None:
    sizes = {path.parent.name: path.stat().st_size for path in (ROOT / "models" / "starters").glob("*/*.safetensors")}
    assert max(sizes.values()) <= 20_000_000, sizes
    assert sum(sizes.values()) <= 60_000_000, sizes


def test_every_example_is_there() -> None:
    for task in TASKS:
        for example in task.examples:
            assert isinstance(example.inputs, str) or (ROOT / example.inputs).exists(), example
