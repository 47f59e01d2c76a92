"""The README says what is: every task, route, setting and error, and the two commands as they are."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bench.readme import with_tables
from bench.site import Site
from core.api.rest import rest_app
from core.catalog import Catalog
from core.runtime import Runtime
from core.settings import ROOT, Settings
from core.tasks import TASKS

README = (ROOT / "README.md").read_text()


def test_the_tables_of_the_readme_are_those_of_the_declarations() -> None:
    assert with_tables(README) == README, "run: python -m bench.readme"


def test_every_route_is_in_the_readme(session_runtime: Runtime) -> None:
    paths = rest_app(session_runtime).openapi()["paths"]
    for path, methods in paths.items():
        for method in methods:
            assert f"`{method.upper()} /api{path}`" in README


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_the_python_of_the_readme_runs(block: str, site: Site, tmp_path: Path) -> None:
    if block.startswith("# demos/"):  # a demo, which tests/demos runs
        ast.parse(block)
        return
    (tmp_path / "block.py").write_text(block.replace("http://localhost:8501", site.url))
    environment = {**os.environ, "PYTHONPATH": ""}
    environment.pop("HF_HUB_OFFLINE")
    done = subprocess.run(
        [sys.executable, tmp_path / "block.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert any(word in done.stdout for word in ("positive", "three one four", "PROPN")), done.stdout


def test_every_starter_is_in_the_readme_with_its_card() -> None:
    starters = {card.model_id for card in Catalog.read(Settings().catalog_path).cards if card.is_starter}
    cards = (ROOT / "models" / "starters").glob("*/README.md")
    assert {f"starters/{card.parent.name}" for card in cards} == starters
    for model_id in starters:
        assert README.count(f"(models/{model_id}/README.md)") >= 2, model_id
        assert (ROOT / "models" / model_id / "README.md").stat().st_size > 500


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


def paths_in(inputs: object) -> Iterator[Path]:
    if isinstance(inputs, Path):
        yield inputs
    for part in inputs.values() if isinstance(inputs, Mapping) else inputs if isinstance(inputs, tuple) else ():
        yield from paths_in(part)


def test_every_example_is_there() -> None:
    for task in TASKS:
        assert 2 <= len(task.examples) <= 3, task.id
        for example in task.examples:
            task.checked_parameters(example.parameters)
            for path in paths_in(example.inputs):
                assert (ROOT / path).exists(), path


def test_the_rows_that_scaling_shows_can_stand_in_a_catalog(tmp_path: Path) -> None:
    rows = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "scaling.md").read_text(), re.DOTALL)
    assert len(rows) >= 3
    path = tmp_path / "catalog.toml"
    path.write_text("\n".join(rows))
    assert all(card.endpoint is not None for card in Catalog.read(path).cards)
