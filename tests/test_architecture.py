"""The layout and the import rule of `core/__init__.py`, proved from the syntax tree of every file."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

RANKS = {
    "errors": 0,
    "values": 0,
    "settings": 0,
    "admission": 1,
    "media": 1,
    "hub": 1,
    "tasks": 2,
    "demo": 3,
    "catalog": 3,
    "engine": 3,
    "feedback": 3,
    "reading": 2,
    "protocol": 3,
    "remote": 4,
    "cluster": 5,
    "snippets": 3,
    "job": 4,
    "recording": 5,
    "showcase": 6,
    "judging": 7,
    "adopting": 7,
    "demos": 7,
    "runtime": 8,
    "api": 9,
    "ui": 9,
}
"""A part imports parts of lower rank; within one rank only what is listed in SIDEWAYS."""

SIDEWAYS = {("values", "errors"), ("engine", "catalog"), ("catalog", "engine")}

ONLY_IN = {
    "streamlit": ("core/ui/", "pages/", "Home.py"),
    "torch": ("core/engine/", "core/tasks/"),
    "transformers": ("core/engine/", "core/tasks/"),
    "sqlalchemy": ("core/feedback/",),
    "ray": ("core/cluster/",),
    "starlette": ("core/api/", "Home.py"),
    "fastapi": ("core/api/", "Home.py"),
}

NEVER_AT_IMPORT = {"torch", "transformers", "ray"}

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

MODULES = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "Home.py"])
ALL_PYTHON = sorted(
    [
        *MODULES,
        *ROOT.glob("demos/*.py"),
        *ROOT.glob("training/*.py"),
        *ROOT.glob("bench/*.py"),
        *ROOT.glob("tests/**/*.py"),
    ]
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_while_importing(tree: ast.Module) -> Iterator[str]:
    """List the imports outside functions and outside `if TYPE_CHECKING:`."""
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports_of(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                pending.append(child)


@pytest.mark.parametrize("path", sorted(set(ROOT.glob("core/**/*.py")) - {ROOT / "core" / "__init__.py"}), ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    own = parts[1]
    for module in imports_of(ast.parse(path.read_text())):
        if not module.startswith("core."):
            continue
        other = module.split(".")[1]
        if other == own or (own, other) in SIDEWAYS:
            continue
        assert other in RANKS, f"{name_of(path)} imports core.{other}, which has no place in the map"
        assert RANKS[other] < RANKS[own], f"{name_of(path)} ({own}) must not import core.{other}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_library_is_used_only_where_it_belongs(path: Path) -> None:
    for module in imports_of(ast.parse(path.read_text())):
        places = ONLY_IN.get(module.split(".")[0])
        assert places is None or name_of(path).startswith(places), f"{name_of(path)} must not import {module}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_torch_is_never_imported_while_a_module_is(path: Path) -> None:
    heavy = {module.split(".")[0] for module in imports_while_importing(ast.parse(path.read_text()))} & NEVER_AT_IMPORT
    assert not heavy, f"{name_of(path)} imports {heavy} at its top"


def test_the_site_can_be_built_without_torch() -> None:
    program = (
        "import sys, core.runtime, core.ui.site, core.api.server; "
        "heavy = {'torch', 'transformers', 'av', 'scipy'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ALL_PYTHON, ids=name_of)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= 300, f"{name_of(path)} has {len(source.splitlines())} lines"
    assert ast.get_docstring(ast.parse(source)), f"{name_of(path)} has no docstring"
    assert path.stem not in FORBIDDEN_NAMES


def test_the_median_module_fits_on_two_screens() -> None:
    lengths = sorted(len(path.read_text().splitlines()) for path in MODULES)
    assert lengths[len(lengths) // 2] <= 120


@pytest.mark.parametrize("path", sorted(ROOT.glob("pages/*.py")), ids=name_of)
def test_a_page_is_a_declaration(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 15


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_visitors_text_is_never_rendered_as_html(path: Path) -> None:
    source = path.read_text()
    assert "unsafe_allow_html" not in source
    assert "unsafe_allow_javascript" not in source
    assert "trust_remote_code=True" not in source


def reads_environment(tree: ast.AST) -> bool:
    """Tell whether code reads the environment; a text that says so, as in a snippet, is no reading."""
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(used & {"environ", "getenv"})


def test_only_settings_and_its_readers_touch_the_environment() -> None:
    """One variable is set for torch, one for OpenVINO; `core/runtime.py` hands the rest on; nobody else reads it."""
    allowed = {"Home.py", "core/engine/runtimes/openvino_setup.py", "core/runtime.py"}
    found = {name_of(path) for path in MODULES if reads_environment(ast.parse(path.read_text()))}
    assert found <= allowed
