"""One database: made ready on first use, its transactions, and what is told when it fails.

Owns when it is opened, migrated and given up for a while. Knows no table of its own; rows are the
store's. Every failure of the driver leaves here as StoreUnavailable, with nothing half written.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, TimeoutError

from core.errors import StoreUnavailable
from core.feedback.connection import file_of, is_in_memory, make_engine, read_url
from core.feedback.disk import is_network_disk
from core.feedback.failures import Pause, locked, unavailable
from core.feedback.migrations import is_current, migrate

_logger = logging.getLogger(__name__)

_Mode = Literal["read", "write"]
_BEGIN: dict[_Mode, str] = {"read": "BEGIN", "write": "BEGIN IMMEDIATE"}  # a read that turns writer can lose its place


class Database:
    """Open transactions on the database at a URL.

    Safe to use from any thread. Building one opens nothing.

    Args:
        busy_timeout_s: how long to wait for somebody else's lock.
        pause_s: how long a failure is remembered before the next try.
        clock: seconds that only grow.

    Raises: ValueError if the URL cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        busy_timeout_s: float = 5.0,
        pause_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = read_url(url)
        self._engine = make_engine(self._url, busy_timeout_s=busy_timeout_s)
        # Apart: a full disk can still be read.
        self._pauses: dict[_Mode, Pause] = {"read": Pause(pause_s, clock), "write": Pause(pause_s, clock)}
        self._preparing = threading.Lock()
        # SQLite lets one writer in and others knock at random: in a queue, 16 threads wrote half as much again, and
        # the unluckiest waited 0.2 s instead of 0.9 s (two busy cores, a disk that takes 4 ms for each commit).
        self._queue = threading.Lock() if self._url.get_backend_name() == "sqlite" else None
        self._queue_timeout_s = busy_timeout_s
        self._file = file_of(self._url)
        self._ready = False
        self._made: tuple[int, int] | None = None

    @property
    def problem(self) -> StoreUnavailable | None:
        """Return why nothing is being kept, as far as is known without asking the database."""
        return self._pauses["write"].problem

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads.

        Raises: StoreUnavailable.
        """
        with self._transaction("read") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes; it is on the disk when this ends without an error.

        Raises: StoreUnavailable.
        """
        with self._transaction("write") as connection:
            yield connection

    def scrub(self) -> None:
        """Empty SQLite's write-ahead log, where deleted bytes would else stand until it is written over.

        PostgreSQL does the like by itself when it vacuums.
        """
        if self._engine.dialect.name != "sqlite":
            return
        try:
            with self._begun("") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except (DBAPIError, TimeoutError) as err:
            _logger.warning("The write-ahead log was not emptied: %s", _first_line(err))

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, mode: _Mode) -> Iterator[Connection]:
        pause = self._pauses[mode]
        failures = pause.failures
        pause.check()
        with self._settling(pause), self._turn(mode):
            self._make_ready(pause, failures)
            with self._begun(_BEGIN[mode]) as connection:
                yield connection

    @contextmanager
    def _turn(self, mode: _Mode) -> Iterator[None]:
        """Wait for this process's other writers, where the database takes one at a time."""
        if mode == "read" or self._queue is None:
            yield
            return
        if not self._queue.acquire(timeout=self._queue_timeout_s):
            raise locked()
        try:
            yield
        finally:
            self._queue.release()

    @contextmanager
    def _settling(self, pause: Pause) -> Iterator[None]:
        """Translate failures of the database and remember them; what else is raised says nothing about it."""
        problem = None
        try:
            yield
        except (DataError, IntegrityError):
            raise  # rows that do not fit are a bug of ours
        except (DBAPIError, TimeoutError) as err:
            problem = unavailable(err)
            _logger.warning("The database failed: %s", _first_line(err))
            raise problem from err
        except StoreUnavailable as err:
            problem = err
            raise
        finally:
            if problem is not None:
                self._ready = False
                self._drop_idle_connections()
            pause.settle(problem)

    def _drop_idle_connections(self) -> None:
        """Forget connections that a failure may have left useless; one to memory *is* the database."""
        if not is_in_memory(self._url):
            self._engine.dispose()

    @contextmanager
    def _begun(self, begin: str) -> Iterator[Connection]:
        with self._engine.connect().execution_options(begin=begin) as connection, connection.begin():
            yield connection

    def _make_ready(self, pause: Pause, failures: int) -> None:
        """Make file and tables where they are missing; once, and again after a failure or when the file is gone."""
        if self._is_ready():
            return
        with self._preparing:
            if self._is_ready():
                return
            _check_news(pause, failures)
            self._drop_idle_connections()
            if self._file is not None:
                self._make_file(self._file)
            with self._begun("BEGIN") as connection:
                current = is_current(connection)
            if not current:
                with self._begun("BEGIN IMMEDIATE") as connection:
                    migrate(connection)
            self._made = self._identity()
            self._ready = True

    def _is_ready(self) -> bool:
        """Say so only while the file is the one that was made: a deleted one would take rows and lose them."""
        return self._ready and self._made == self._identity()

    def _identity(self) -> tuple[int, int] | None:
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _make_file(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                file.touch(mode=0o600)  # what visitors wrote is nobody else's on this machine
        except OSError as err:
            raise unavailable(err) from err
        wanted = "delete" if is_network_disk(file) else "wal"
        with self._begun("") as connection:
            if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != wanted:
                connection.exec_driver_sql(f"PRAGMA journal_mode = {wanted}")


def _check_news(pause: Pause, failures: int) -> None:
    """Give up if another thread has failed while this one waited: it would only wait as long again."""
    if pause.problem is not None and pause.failures != failures:
        raise StoreUnavailable(pause.problem.message, hint=pause.problem.hint)


def _first_line(err: Exception) -> str:
    """Return what the driver says without its details, where rows may stand."""
    return str(getattr(err, "orig", None) or err).partition("\n")[0]
