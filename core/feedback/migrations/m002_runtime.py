"""Version 2: which library computed a run. Everything before was torch's.

Frozen as it was released; later changes are later steps.
"""

from __future__ import annotations

from sqlalchemy import Connection, text


def apply(connection: Connection) -> None:
    """Add the column."""
    connection.execute(text("ALTER TABLE runs ADD COLUMN runtime VARCHAR NOT NULL DEFAULT 'torch'"))
