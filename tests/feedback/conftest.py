"""Databases of both kinds, and records as a test wants them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.feedback.store import FeedbackStore
from tests.feedback.postgres import NoPostgres, empty_schema, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    try:
        with running_server() as url:
            yield url
    except NoPostgres as err:
        pytest.skip(str(err))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'data' / 'podium.db'}"


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    with empty_schema(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Name an empty database, of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(url: str) -> Iterator[FeedbackStore]:
    with opened(url) as store:
        yield store


@contextmanager
def opened(url: str, **options: object) -> Iterator[FeedbackStore]:
    store = FeedbackStore(url, **options)
    try:
        yield store
    finally:
        store.close()


class Clock:
    """Tell the time that a test says."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()
