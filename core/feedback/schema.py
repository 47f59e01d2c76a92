"""The tables and views as they are now, in types that SQLite and PostgreSQL share.

Owns their shape for queries. They are made by `core.feedback.migrations`, and a test holds the two
together. `sequence` is the order in which the database took the rows: what is newest goes by it and
never by a clock, since clocks jump and differ between machines.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")
"""The type of `sequence`: SQLite counts by itself only in INTEGER."""


class Moment(TypeDecorator[datetime]):
    """Keep an aware time as UTC; SQLite, which has no time zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into what the database keeps."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn what the database keeps into an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def _sequence() -> Column[int]:
    return Column("sequence", SEQUENCE, primary_key=True, autoincrement=True)


metadata = MetaData()

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Moment, nullable=False),
)

runs = Table(
    "runs",
    metadata,
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
    Column("created_at", Moment, nullable=False),
    Column("client", String, nullable=False),
    Column("app_version", String, nullable=False),
    Column("source", String, nullable=False),
    Column("runtime", String, nullable=False, server_default="torch"),
    Index("runs_by_model", "task_id", "model_id"),
)

judgements = Table(
    "judgements",
    metadata,
    _sequence(),
    Column("judgement_id", String, nullable=False, unique=True),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("rating", Double),
    Column("scale", String),
    Column("correction", JSON(none_as_null=True)),
    Column("correction_type", String),
    Column("comment", String, nullable=False),
    Column("comment_folded", String, nullable=False),  # for searching: lower() knows only ASCII in SQLite
    Column("judge", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("replaces", String),
    Column("withdrawn", Boolean, nullable=False),
    UniqueConstraint("judgement_id", "run_id", "judge", name="judgement_of_judge"),
    # Nobody replaces what somebody else said, or what was said about another run.
    ForeignKeyConstraint(
        ["replaces", "run_id", "judge"],
        ["judgements.judgement_id", "judgements.run_id", "judgements.judge"],
        name="replaces_own",
    ),
    Index("judgements_by_run", "run_id", "judge"),
    Index("judgements_by_time", "created_at"),
)

judgement_tags = Table(
    "judgement_tags",
    metadata,
    Column("judgement_id", String, ForeignKey("judgements.judgement_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("tag", String, nullable=False),
    Index("judgement_tags_by_tag", "tag"),
)

consents = Table(
    "consents",
    metadata,
    _sequence(),
    Column("consent_id", String, nullable=False, unique=True),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("scope", String, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("client", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("consents_by_run", "run_id", "scope"),
)

kept_inputs = Table(
    "kept_inputs",
    metadata,
    Column("run_id", String, ForeignKey("runs.run_id"), primary_key=True),
    Column("media_type", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

deletion_log = Table(
    "deletion_log",
    metadata,
    _sequence(),
    Column("run_id", String, ForeignKey("runs.run_id"), nullable=False),
    Column("consent_id", String, ForeignKey("consents.consent_id")),  # the last word on it then, if any
    Column("deleted_at", Moment, nullable=False),
    Index("deletion_log_by_run", "run_id"),
)

_views = MetaData()

current_judgements = Table("current_judgements", _views, *(Column(c.name, c.type) for c in judgements.columns))
"""What each judge has said last about each run, unless that was an undo: then nothing, not what came before."""

current_consents = Table("current_consents", _views, *(Column(c.name, c.type) for c in consents.columns))
"""The last word on each run and scope, granted or taken back."""
