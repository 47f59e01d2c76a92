"""Records as rows and rows as records, and what a filter is in SQL.

Owns that translation and nothing else: no transaction, no order of events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from core.feedback.filters import JudgementFilter
from core.feedback.records import ConsentRecord, JudgedRun, JudgementRecord, RunRecord, Scope
from core.feedback.schema import current_consents, current_judgements, judgement_tags, kept_inputs, runs

_said = current_judgements.c
_RUN = tuple(item.name for item in fields(RunRecord))
_JUDGEMENT = tuple(item.name for item in fields(JudgementRecord) if item.name != "tags")
_CONSENT = tuple(item.name for item in fields(ConsentRecord))


def insert_once(connection: Connection, table: Table, key: str, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same key is there; return whether it was not."""
    statement = _insert_once(connection, table, key).values(values)
    # Asked for the new `sequence`, as it is if not inline, PostgreSQL would not count.
    result = connection.execute(statement.inline(), execution_options={"preserve_rowcount": True})
    return result.rowcount == 1


def insert_all_once(connection: Connection, table: Table, key: str, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with one statement, but for those with a key that is there."""
    connection.execute(_insert_once(connection, table, key).inline(), values)


def _insert_once(connection: Connection, table: Table, key: str) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing(index_elements=[key])


def run_values(run: RunRecord) -> dict[str, Any]:
    """Return the row of a run."""
    return _values(run, _RUN)


def judgement_values(judgement: JudgementRecord) -> dict[str, Any]:
    """Return the row of a judgement, without its tags."""
    return _values(judgement, _JUDGEMENT) | {"comment_folded": judgement.comment.casefold()}


def consent_values(consent: ConsentRecord) -> dict[str, Any]:
    """Return the row of a consent."""
    return _values(consent, _CONSENT)


def read_run(row: Row[Any]) -> RunRecord:
    """Read a run from a row that has all columns of `runs`."""
    return RunRecord(**_read(row, runs, _RUN))


def read_consent(row: Row[Any], table: Table) -> ConsentRecord:
    """Read a consent from a row that has all columns of `table`."""
    return ConsentRecord(**_read(row, table, _CONSENT))


def read_judgements(connection: Connection, rows: list[Row[Any]], table: Table) -> list[JudgementRecord]:
    """Read judgements, with their tags, from rows that have all columns of `table`."""
    ids = [row._mapping[table.c.judgement_id] for row in rows]
    tags: dict[str, list[str]] = {judgement_id: [] for judgement_id in ids}
    tagged = judgement_tags.c
    found = select(tagged.judgement_id, tagged.tag).where(tagged.judgement_id.in_(ids)).order_by(tagged.position)
    for judgement_id, tag in connection.execute(found):
        tags[judgement_id].append(tag)
    return [
        JudgementRecord(**_read(row, table, _JUDGEMENT), tags=tuple(tags[judgement_id]))
        for judgement_id, row in zip(ids, rows, strict=True)
    ]


def select_judged(wanted: JudgementFilter) -> Select[Any]:
    """Select current judgements with their runs and consents, in no order."""
    return (
        select(
            runs,
            current_judgements,
            _granted("keep_input").label("may_keep"),
            _granted("share").label("may_share"),
            exists().where(kept_inputs.c.run_id == _said.run_id).label("has_input"),
        )
        .join_from(current_judgements, runs, _said.run_id == runs.c.run_id)
        .where(*conditions(wanted))
    )


def read_judged(connection: Connection, rows: list[Row[Any]]) -> list[JudgedRun]:
    """Read what `select_judged` selected."""
    judgements = read_judgements(connection, rows, current_judgements)
    return [
        JudgedRun(
            run=read_run(row),
            judgement=judgement,
            may_keep=bool(row.may_keep),
            may_share=bool(row.may_share),
            has_input=bool(row.has_input),
        )
        for row, judgement in zip(rows, judgements, strict=True)
    ]


def conditions(wanted: JudgementFilter) -> list[ColumnElement[bool]]:
    """Return a filter's conditions on `current_judgements` joined with `runs`."""
    found: list[ColumnElement[bool]] = []
    for column, exact in (
        (runs.c.task_id, wanted.task_id),
        (runs.c.model_id, wanted.model_id),
        (runs.c.revision, wanted.revision),
        (_said.judge, wanted.judge),
    ):
        if exact is not None:
            found.append(column == exact)
    if wanted.since is not None:
        found.append(_said.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(_said.created_at < wanted.until)
    if wanted.rating_min is not None:
        found.append(_said.rating >= wanted.rating_min)
    if wanted.rating_max is not None:
        found.append(_said.rating <= wanted.rating_max)
    if wanted.has_correction is not None:
        found.append(_said.correction_type.is_not(None) if wanted.has_correction else _said.correction_type.is_(None))
    if wanted.tag is not None:
        tagged = judgement_tags.c
        found.append(exists().where(tagged.judgement_id == _said.judgement_id, tagged.tag == wanted.tag))
    if wanted.text:
        found.append(_said.comment_folded.contains(wanted.text.casefold(), autoescape=True))
    if wanted.shareable_only:
        found.append(_granted("share"))
    return found


def _granted(scope: Scope) -> ColumnElement[bool]:
    allowed = current_consents.c
    return exists().where(allowed.run_id == _said.run_id, allowed.scope == scope, allowed.granted)


def _values(record: object, names: tuple[str, ...]) -> dict[str, Any]:
    found = ((name, getattr(record, name)) for name in names)
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in found}


def _read(row: Row[Any], table: Table, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row._mapping[table.c[name]] for name in names}
