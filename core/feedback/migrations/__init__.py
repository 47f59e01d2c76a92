"""How a database comes from any earlier version to this one's: numbered steps, each in this folder.

Owns the order of the steps, the table that says which were taken, and that two processes starting
at once take each only once. A step is frozen when it is released: it declares what it needs and
never imports `core.feedback.schema`, which moves on.

These steps are ours and not Alembic's: importing that costs half a second of start-up on top of
SQLAlchemy's own, its revisions want an ini file, an env.py and a folder found by path, and it
neither holds two processes apart nor refuses a database that is ahead. Should a step ever need an
ALTER that SQLite lacks, that step can import `alembic.operations` by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, inspect, select, text

from core.errors import StoreUnavailable
from core.feedback.migrations import m001_initial, m002_runtime
from core.feedback.schema import schema_version

Migration = Callable[[Connection], None]

MIGRATIONS: tuple[Migration, ...] = (m001_initial.apply, m002_runtime.apply)
"""Every step, in order: the first one makes version 1."""

_ADVISORY_LOCK = 0x706F_6469_756D  # "podium": any number that nobody else takes


def version_of(connection: Connection) -> int:
    """Return the version that the database is at; 0 for an empty one."""
    if not inspect(connection).has_table("schema_version"):
        return 0
    return connection.scalar(select(func.max(schema_version.c.version))) or 0


def is_current(connection: Connection, steps: Sequence[Migration] = MIGRATIONS) -> bool:
    """Say whether no step is missing.

    Raises: StoreUnavailable if the database was made by a newer Podium.
    """
    version = version_of(connection)
    if version > len(steps):
        raise StoreUnavailable(
            f"Feedback is not being kept: the database is at version {version}, this Podium knows up to {len(steps)}.",
            hint="Update Podium, or name another database in PODIUM_DATABASE_URL.",
        )
    return version == len(steps)


def migrate(connection: Connection, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Take the missing steps in the transaction that is open; others who try wait for its end.

    SQLite's writing transaction already keeps others out.

    Raises: StoreUnavailable if the database was made by a newer Podium.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    if is_current(connection, steps):
        return
    done = version_of(connection)
    schema_version.create(connection, checkfirst=True)
    for version, step in enumerate(steps[done:], start=done + 1):
        step(connection)
        connection.execute(insert(schema_version).values(version=version, applied_at=datetime.now(UTC)))
