"""Demos written by a test: their source in a folder, and a showcase that has them beside a fake model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.demos import Demo, Demos, find_demos
from core.showcase import Showcase
from tests.fake_engine import showcase_of

HEAD = """
from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import PIL.Image
from numpy.typing import NDArray
from pydantic import Field

from core.demo import BadInput, Example, demo, model
from core.values import *
"""

Find = Callable[..., Demos]
Stage = Callable[..., Showcase]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Find the demos of some source."""

    def write(source: str, *, name: str = "mine.py") -> Demos:
        folder = tmp_path / "demos"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(HEAD + source)
        return find_demos(folder)

    return write


@pytest.fixture
def only(find: Find) -> Callable[[str], Demo]:
    """Find the one demo of some source."""

    def found(source: str) -> Demo:
        demos = find(source)
        assert not demos.broken, demos.broken
        (demo,) = demos.found
        return demo

    return found


@pytest.fixture
def stage(find: Find, tmp_path: Path) -> Iterator[Stage]:
    """Build a showcase with the demos of some source; its models are `pipe`."""
    made: list[Showcase] = []

    def build(source: str, pipe: Callable[..., Any] = lambda *_, **__: [], **settings: Any) -> Showcase:
        demos = find(source)
        assert not demos.broken, demos.broken
        made.append(showcase_of(tmp_path, pipe, demos, **settings))
        return made[-1]

    yield build
    for showcase in made:
        showcase.close(grace_s=2)
