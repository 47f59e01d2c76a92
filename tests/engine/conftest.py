"""Engines that are closed when their test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.engine import Engine, Ticket
from core.tasks.spec import Task
from tests.engine.fakes import EVERYTHING, FakeLoader, Suffix, key, text
from tests.engine.kitchen import Kitchen


@pytest.fixture
def start() -> Iterator[Callable[..., Engine]]:
    """Start engines; let every run go on and close them at the end."""
    started: list[tuple[Engine, FakeLoader]] = []

    def start_engine(loader: FakeLoader, budget_bytes: int = EVERYTHING, **settings: Any) -> Engine:
        engine = Engine(loader=loader, budget_bytes=budget_bytes, **settings)
        started.append((engine, loader))
        return engine

    yield start_engine
    for engine, loader in started:
        loader.open()
        engine.close()


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def ask(kitchen: Kitchen) -> Callable[..., Ticket]:
    """Return what asks an engine for a text that the kitchen prepares."""
    task = kitchen.task()

    def submit(engine: Engine, value: str, task: Task = task, **changes: Any) -> Ticket:
        return engine.submit(task, key(), text(value), Suffix(), **changes)

    return submit
