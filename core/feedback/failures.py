"""What a database's failure is called on the page, and for how long it is remembered.

Owns the sentences and the pause after a failure, so that one request finds out that a database is
down and the next ones do not each wait for it again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, TimeoutError

from core.errors import StoreUnavailable

NOT_KEPT = "Feedback is not being kept right now"

_SILENT = ("the database does not answer", "Answers still come; try again in a little while.")
_FULL = ("the disk of the database is full", "Free some space there; nothing else needs doing.")
_LOCKED = ("the database is locked by somebody else", "Try again in a little while.")
_READ_ONLY = ("the database can be read but not written", "Check who owns its file and folder, or its role.")
_NO_PLACE = ("the database's file cannot be opened", "Check who owns its folder.")
_NOT_ONE = ("the database's file is damaged or is not a database", "Put it aside, or restore a copy.")
_CROWDED = ("too many requests wait for the database", "Try again in a little while.")

_REASONS = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _NO_PLACE,
    sqlite3.SQLITE_CORRUPT: _NOT_ONE,
    sqlite3.SQLITE_NOTADB: _NOT_ONE,
    "53100": _FULL,
    "53300": _CROWDED,
    "55P03": _LOCKED,
    "57014": _LOCKED,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
}
"""By SQLite's primary result code or by SQLSTATE. Source: sqlite.org/rescode.html; PostgreSQL manual, appendix A."""


def unavailable(err: DBAPIError | TimeoutError | OSError) -> StoreUnavailable:
    """Return what to tell a visitor about a failure."""
    if isinstance(err, OSError):
        return _told(_NO_PLACE)
    if isinstance(err, TimeoutError):
        return _told(_CROWDED)
    code = getattr(err.orig, "sqlstate", None) or getattr(err.orig, "sqlite_errorcode", -1)
    return _told(_REASONS.get(code & 0xFF if isinstance(code, int) else code, _SILENT))


def locked() -> StoreUnavailable:
    """Return what to tell a visitor when other writers take too long."""
    return _told(_LOCKED)


def _told(reason: tuple[str, str]) -> StoreUnavailable:
    return StoreUnavailable(f"{NOT_KEPT}: {reason[0]}.", hint=reason[1])


class Pause:
    """Remember a failure for some seconds; then let one caller find out whether it is over.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, pause_s: float, clock: Callable[[], float]) -> None:
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._problem: StoreUnavailable | None = None
        self._until = 0.0
        self.failures = 0

    @property
    def problem(self) -> StoreUnavailable | None:
        """Return the failure that nobody has found to be over, if there is one."""
        return self._problem

    def check(self) -> None:
        """Pass, or raise what is remembered. Of several callers after the pause one passes.

        Raises: StoreUnavailable.
        """
        with self._lock:
            if self._problem is None:
                return
            if self._clock() < self._until:
                raise StoreUnavailable(self._problem.message, hint=self._problem.hint)
            self._until = self._clock() + self._pause_s

    def settle(self, problem: StoreUnavailable | None) -> None:
        """Take note of how a try went."""
        with self._lock:
            self._problem = problem
            if problem is not None:
                self.failures += 1
                self._until = self._clock() + self._pause_s
