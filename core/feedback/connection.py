"""How a database is reached: the URL, the driver's settings, what every connection and transaction starts with.

Owns everything that differs between SQLite and PostgreSQL below the tables. Keeps no state.
"""

from __future__ import annotations

import json
import math
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

CONNECT_TIMEOUT_S = 2
"""How long a PostgreSQL server may take to answer; libpq takes no less."""
STATEMENT_TIMEOUT_S = 30
POOL_TIMEOUT_S = 5
"""How long a thread waits for one of this process's connections."""

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_POSTGRES: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": CONNECT_TIMEOUT_S * 1000,  # a network that swallows packets is noticed as soon
    "application_name": "podium",
}


def read_url(url: str) -> URL:
    """Read what PODIUM_DATABASE_URL says.

    Raises: ValueError, without the URL in it, since that may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise ValueError("PODIUM_DATABASE_URL cannot be read; write sqlite:///file.db or postgresql://...") from err
    if parsed.drivername not in _DRIVERS:
        raise ValueError(f"PODIUM_DATABASE_URL names {parsed.drivername!r}; it may be sqlite or postgresql.")
    return parsed.set(drivername=_DRIVERS[parsed.drivername])


def is_in_memory(url: URL) -> bool:
    """Say whether it is an SQLite database that lives no longer than its connection."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def file_of(url: URL) -> Path | None:
    """Return the file of an SQLite database; None for one in memory, by a file: URI, or on a server."""
    named = url.database or ""
    if url.get_backend_name() != "sqlite" or is_in_memory(url) or named.startswith("file:"):
        return None
    return Path(named)


def make_engine(url: URL, *, busy_timeout_s: float) -> Engine:
    """Make SQLAlchemy's engine; nothing is opened yet.

    A transaction of a connection begins as its execution option `begin` says: "" for none,
    else what SQLite is to write there.
    """
    sqlite = url.get_backend_name() == "sqlite"
    in_memory = is_in_memory(url)
    db = create_engine(
        url,
        hide_parameters=True,  # or what visitors wrote would stand in logs
        json_serializer=_to_json,
        poolclass=QueuePool,
        pool_size=1 if in_memory else 4,  # each connection to memory would be a database of its own
        max_overflow=0 if in_memory else 4,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=not sqlite,
        connect_args=_sqlite_arguments(busy_timeout_s) if sqlite else _postgres_arguments(url),
    )
    if sqlite:
        event.listen(db, "connect", _open_sqlite)
        event.listen(db, "begin", _begin_sqlite)
    else:
        limits = {"lock_timeout": busy_timeout_s, "statement_timeout": STATEMENT_TIMEOUT_S}
        setting = ", ".join(f"set_config('{name}', '{round(limit * 1000)}', true)" for name, limit in limits.items())
        event.listen(db, "begin", lambda connection: connection.exec_driver_sql(f"SELECT {setting}"))
    return db


def _sqlite_arguments(busy_timeout_s: float) -> dict[str, Any]:
    return {"timeout": busy_timeout_s, "check_same_thread": False}


def _postgres_arguments(url: URL) -> dict[str, Any]:
    """Leave what the URL sets; prepare no statements, since poolers such as PgBouncer lose them."""
    return {"prepare_threshold": None} | {name: given for name, given in _POSTGRES.items() if name not in url.query}


def _open_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions by itself; see _begin_sqlite
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk when it returns
    connection.execute("PRAGMA secure_delete = ON")  # an input that was taken back is overwritten, not just unlinked


def _begin_sqlite(connection: Connection) -> None:
    statement = connection.get_execution_options().get("begin", "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _to_json(form: Any) -> str:
    """Write JSON; a number that JSON has not (NaN, infinity) becomes null, which PostgreSQL takes."""
    try:
        return json.dumps(form, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(form), allow_nan=False)


def _finite(form: Any) -> Any:
    if isinstance(form, float):
        return form if math.isfinite(form) else None
    if isinstance(form, dict):
        return {key: _finite(value) for key, value in form.items()}
    return [_finite(value) for value in form] if isinstance(form, list | tuple) else form
