"""Version 1: runs, judgements, consents, kept inputs, and what is current as views.

Frozen as it was released; later changes are later steps.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

_SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")
_MOMENT = DateTime(timezone=True)


def _sequence() -> Column[int]:
    return Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True)


_metadata = MetaData()

Table(
    "runs",
    _metadata,
    _sequence(),
    Column("run_id", String, nullable=False, unique=True),
    Column("task_id", String, nullable=False),
    Column("model_id", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("dtype", String, nullable=False),
    Column("device", String, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("input_type", String, nullable=False),
    Column("input_digest", String, nullable=False),
    Column("output_type", String, nullable=False),
    Column("output", JSON, nullable=False),
    Column("queue_ms", Double, nullable=False),
    Column("run_ms", Double, nullable=False),
    Column("batch_size", Integer, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("client", String, nullable=False),
    Column("app_version", String, nullable=False),
    Column("source", String, nullable=False),
    Index("runs_by_model", "task_id", "model_id"),
)

Table(
    "judgements",
    _metadata,
    _sequence(),
    Column("judgement_id", String, nullable=False, unique=True),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("rating", Double),
    Column("scale", String),
    Column("correction", JSON(none_as_null=True)),
    Column("correction_type", String),
    Column("comment", String, nullable=False),
    Column("comment_folded", String, nullable=False),
    Column("judge", String, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("replaces", String),
    Column("withdrawn", Boolean, nullable=False),
    UniqueConstraint("judgement_id", "run_id", "judge", name="judgement_of_judge"),
    ForeignKeyConstraint(
        ["replaces", "run_id", "judge"],
        ["judgements.judgement_id", "judgements.run_id", "judgements.judge"],
        name="replaces_own",
    ),
    Index("judgements_by_run", "run_id", "judge"),
    Index("judgements_by_time", "created_at"),
)

Table(
    "judgement_tags",
    _metadata,
    Column("judgement_id", String, ForeignKey("judgements.judgement_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("tag", String, nullable=False),
    Index("judgement_tags_by_tag", "tag"),
)

Table(
    "consents",
    _metadata,
    _sequence(),
    Column("consent_id", String, nullable=False, unique=True),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("scope", String, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("client", String, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Index("consents_by_run", "run_id", "scope"),
)

Table(
    "kept_inputs",
    _metadata,
    Column("run_id", String, ForeignKey("runs.run_id"), primary_key=True),
    Column("media_type", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

Table(
    "deletion_log",
    _metadata,
    _sequence(),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("consent_id", String, ForeignKey("consents.consent_id")),
    Column("deleted_at", _MOMENT, nullable=False),
    Index("deletion_log_by_run", "run_id"),
)

_CURRENT_JUDGEMENTS = """
CREATE VIEW current_judgements AS
SELECT said.* FROM judgements AS said
WHERE NOT said.withdrawn AND NOT EXISTS (
    SELECT 1 FROM judgements AS later
    WHERE later.run_id = said.run_id AND later.judge = said.judge AND later.sequence > said.sequence
)
"""

_CURRENT_CONSENTS = """
CREATE VIEW current_consents AS
SELECT said.* FROM consents AS said
WHERE NOT EXISTS (
    SELECT 1 FROM consents AS later
    WHERE later.run_id = said.run_id AND later.scope = said.scope AND later.sequence > said.sequence
)
"""


def apply(connection: Connection) -> None:
    """Make the tables and views of version 1."""
    _metadata.create_all(connection, checkfirst=False)
    connection.execute(text(_CURRENT_JUDGEMENTS))
    connection.execute(text(_CURRENT_CONSENTS))
