"""What adding a record does inside a transaction.

Owns the rules that hold between rows: a judgement belongs to a kept run and replaces only its own
judge's, an input is kept unless its visitor says no, and goes when they do. Opens and ends no transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, delete, insert, select

from core.errors import UnknownName
from core.feedback import rows
from core.feedback.records import ConsentRecord, JudgementRecord, KeptInput, Record, RunRecord
from core.feedback.schema import (
    consents,
    current_consents,
    deletion_log,
    judgement_tags,
    judgements,
    kept_inputs,
    runs,
)


def add_records(connection: Connection, records: Sequence[Record], now: datetime) -> bool:
    """Add records unless they are there, runs first; return whether an input was deleted by one of them.

    Raises: UnknownName if one belongs to a run that was never kept, or replaces what is not its own.
    """
    new = [rows.run_values(record) for record in records if isinstance(record, RunRecord)]
    if new:
        rows.insert_all_once(connection, runs, "run_id", new)
    deleted = False
    for record in records:
        match record:
            case JudgementRecord():
                _add_judgement(connection, record)
            case ConsentRecord():
                deleted |= _add_consent(connection, record, now)
            case KeptInput():
                _keep_input(connection, record)
    return deleted


def delete_input(connection: Connection, run_id: str, now: datetime) -> bool:
    """Delete a run's input and log it with the visitor's last word on it; return whether there was one.

    Raises: UnknownName if the run was never kept.
    """
    _hold_run(connection, run_id)
    if connection.execute(delete(kept_inputs).where(kept_inputs.c.run_id == run_id)).rowcount == 0:
        return False
    consent_id, _ = _last_word(connection, run_id)
    connection.execute(insert(deletion_log).values(run_id=run_id, consent_id=consent_id, deleted_at=now))
    return True


def _add_judgement(connection: Connection, judgement: JudgementRecord) -> None:
    _require_run(connection, select(runs.c.run_id).where(runs.c.run_id == judgement.run_id))
    if judgement.replaces is not None:
        said = judgements.c
        own = (said.judgement_id == judgement.replaces, said.run_id == judgement.run_id, said.judge == judgement.judge)
        if connection.scalar(select(said.judgement_id).where(*own)) is None:
            raise UnknownName("The judgement to replace is not yours, or not on this run.", hint="Judge the run anew.")
    if not rows.insert_once(connection, judgements, "judgement_id", rows.judgement_values(judgement)):
        return
    if judgement.tags:
        tagged = [
            {"judgement_id": judgement.judgement_id, "position": position, "tag": tag}
            for position, tag in enumerate(judgement.tags)
        ]
        connection.execute(insert(judgement_tags), tagged)


def _add_consent(connection: Connection, consent: ConsentRecord, now: datetime) -> bool:
    _hold_run(connection, consent.run_id)
    is_new = rows.insert_once(connection, consents, "consent_id", rows.consent_values(consent))
    if not is_new or consent.granted or consent.scope != "keep_input":
        return False
    return delete_input(connection, consent.run_id, now)


def _keep_input(connection: Connection, kept: KeptInput) -> None:
    """Keep an input unless the visitor's last word is no, or one was deleted since that word."""
    _hold_run(connection, kept.run_id)
    consent_id, refused = _last_word(connection, kept.run_id)
    deleted = deletion_log.c
    since = select(deleted.run_id).where(
        deleted.run_id == kept.run_id, deleted.consent_id.is_not_distinct_from(consent_id)
    )
    if refused or connection.execute(since).first() is not None:
        return
    values = {"run_id": kept.run_id, "media_type": kept.media_type, "data": kept.data}
    rows.insert_once(connection, kept_inputs, "run_id", values)


def _last_word(connection: Connection, run_id: str) -> tuple[str | None, bool]:
    """Return the id of the visitor's last word on keeping the input, if any, and whether it is no."""
    said = current_consents.c
    wanted = select(said.consent_id, said.granted).where(said.run_id == run_id, said.scope == "keep_input")
    word = connection.execute(wanted).one_or_none()
    return (word.consent_id, not word.granted) if word is not None else (None, False)


def _hold_run(connection: Connection, run_id: str) -> None:
    """Keep others from changing what this run's visitor allows until this transaction ends.

    In PostgreSQL by the run's row, as weakly as does it; SQLite lets one writer in at a time anyway.

    Raises: UnknownName.
    """
    _require_run(connection, select(runs.c.run_id).where(runs.c.run_id == run_id).with_for_update(key_share=True))


def _require_run(connection: Connection, wanted: Select[tuple[str]]) -> None:
    if connection.scalar(wanted) is None:
        raise UnknownName("This run was not kept, so nothing can be added to it.", hint="Run it again.")
