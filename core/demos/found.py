"""The demos of a folder: its files imported, their marked functions declared, what is broken told apart.

Owns the one place where an owner's code is imported: once, at start, from the folder that the settings name.
Nothing that a visitor sends comes here.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from core.catalog import ModelCard
from core.demo import Wish, wish_of
from core.demos.declaration import Demo, declare
from core.tasks.spec import Task

log = logging.getLogger(__name__)

_PACKAGE: Final = "podium_demo_files"
"""The package whose modules they are, called so that it is in nobody's way."""


@dataclass(frozen=True)
class BrokenDemo:
    """Tell an owner what cannot be shown: the file, the function if it is one's fault, and the reason."""

    file: str
    function: str
    reason: str


@dataclass(frozen=True)
class Demos:
    """Hold what a folder has: the demos in the order of their files, and what is broken."""

    found: tuple[Demo, ...] = ()
    broken: tuple[BrokenDemo, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return their tasks."""
        return tuple(demo.task for demo in self.found)

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Return their rows of the catalog."""
        return tuple(demo.card for demo in self.found)


def find_demos(folder: Path) -> Demos:
    """Import the files of a folder, in the order of their names, and declare what is marked in them.

    Whatever a file does wrong is told of that file, and the others are found all the same.
    """
    _make_package(folder)
    found: dict[str, Demo] = {}
    broken: list[BrokenDemo] = []
    for file in sorted(folder.glob("[!_]*.py")):
        try:
            revision = hashlib.sha256(file.read_bytes()).hexdigest()[:40]
            marked = list(_marked(importlib.import_module(f"{_PACKAGE}.{file.stem}")))
        except (Exception, SystemExit) as err:
            log.exception("the demo %s cannot be imported", file)
            broken.append(BrokenDemo(file.name, "", _reason(err, file)))
            continue
        if not marked:
            broken.append(
                BrokenDemo(
                    file.name, "", "It declares no demo: write @demo before a function, or begin its name with _."
                )
            )
        for function, wish in marked:
            try:
                demo = declare(function, wish, file, revision)
                if demo.task.id in found:
                    raise ValueError(f"{found[demo.task.id].card.title} has a demo of this name already; rename one")
            except Exception as err:
                log.exception("the demo %s of %s cannot be shown", function.__name__, file)
                broken.append(BrokenDemo(file.name, function.__name__, _reason(err, file)))
            else:
                found[demo.task.id] = demo
    return Demos(tuple(found.values()), tuple(broken))


def _make_package(folder: Path) -> None:
    """Let the files of a folder be modules of one package, so that they can import from each other."""
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]
    package = ModuleType(_PACKAGE, "The owner's demos.")
    package.__path__ = [str(folder)]
    sys.modules[_PACKAGE] = package
    importlib.invalidate_caches()


def _marked(module: Any) -> Iterator[tuple[Callable[..., Any], Wish]]:
    """Yield the functions that are marked in this file itself, in its order, not those it imports."""
    for function in dict.fromkeys(value for value in vars(module).values() if callable(value)):
        wish = wish_of(function)
        if wish is not None and function.__module__ == module.__name__:
            yield function, wish


def _reason(err: BaseException, file: Path) -> str:
    """Return what went wrong in one line, with the line of the file where it did."""
    lines = [frame.lineno for frame in traceback.extract_tb(err.__traceback__) if Path(frame.filename) == file]
    if isinstance(err, SyntaxError):
        lines = [err.lineno]
    where = f" (line {lines[-1]})" if lines and lines[-1] else ""
    said = " ".join(str(err.msg if isinstance(err, SyntaxError) else err).split())
    kind = "" if isinstance(err, TypeError | ValueError) and not where else f"{type(err).__name__}: "
    return f"{kind}{said or 'it failed'}{where}."
