"""The store of runs and judgements: what is kept, what is found again, what is taken back.

Owns the order of events in a transaction. Every method that adds is done when it returns: the rows
are on the disk. Sending a record again changes nothing. Rows are never changed; only the bytes of
an input go, when leave to keep them is taken back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy import Table, false, func, select, update

from core.errors import StoreUnavailable
from core.feedback import rows, writes
from core.feedback.database import Database
from core.feedback.filters import JudgementFilter
from core.feedback.records import (
    ConsentRecord,
    JudgedRun,
    JudgementRecord,
    KeptInput,
    Record,
    RunRecord,
    Scope,
    is_id,
)
from core.feedback.schema import consents as all_consents
from core.feedback.schema import current_consents, current_judgements, judgements, kept_inputs, runs, schema_version

_ALL = JudgementFilter()
_PAGE = 200  # judgements read at a time by an export


def _now() -> datetime:
    return datetime.now(UTC)


class FeedbackStore:
    """Keep runs and judgements in the database at a URL, SQLite or PostgreSQL.

    Safe to use from any thread. Building one opens nothing; tables are made on first use. Every
    method raises StoreUnavailable when the database fails, and soon while it is known to be down.

    Args:
        clock: seconds that only grow; tells when to try a database again that was down.
        now: the time, aware; stamps deletions.

    Raises: ValueError if the URL cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
        busy_timeout_s: float = 5.0,
        pause_s: float = 5.0,
    ) -> None:
        self.database = Database(url, busy_timeout_s=busy_timeout_s, pause_s=pause_s, clock=clock)
        self._now = now

    @property
    def problem(self) -> StoreUnavailable | None:
        """Return why nothing is being kept, as far as is known without asking; for a notice on the page."""
        return self.database.problem

    def check(self) -> None:
        """Pass if the database takes writes now.

        Raises: StoreUnavailable.
        """
        with self.database.write() as connection:
            connection.execute(update(schema_version).values(version=0).where(false()))  # no row, and yet a write

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        self.database.close()

    def add(self, *records: Record) -> None:
        """Keep several records together: all of them or, after an error, none.

        An input that must not be kept is left out; see `keep_input`.

        Raises: UnknownName if a judgement or consent is of a run that was never kept, or replaces what is not its own.
        """
        with self.database.write() as connection:
            deleted = writes.add_records(connection, records, self._now())
        if deleted:
            self.database.scrub()

    def add_run(self, run: RunRecord) -> None:
        """Keep a run."""
        self.add(run)

    def add_judgement(self, judgement: JudgementRecord) -> None:
        """Keep a judgement.

        Raises: UnknownName if its run was never kept, or if it replaces one of another run or judge.
        """
        self.add(judgement)

    def add_consent(self, consent: ConsentRecord) -> None:
        """Keep a consent. Taking back `keep_input` deletes the run's input with it.

        Raises: UnknownName if its run was never kept.
        """
        self.add(consent)

    def keep_input(self, kept: KeptInput) -> bool:
        """Keep a run's input unless its visitor said no; return whether one is kept now.

        Without a word from the visitor it is kept: that is for the caller's setting to decide. After
        an input was deleted, it takes a new leave to keep one again.
        """
        self.add(kept)
        return self.find_input(kept.run_id) is not None

    def delete_input(self, run_id: str) -> bool:
        """Delete a run's input, as the owner; return whether there was one. It needs a new consent to be kept again.

        Raises: UnknownName if the run was never kept.
        """
        with self.database.write() as connection:
            deleted = writes.delete_input(connection, run_id, self._now())
        if deleted:
            self.database.scrub()
        return deleted

    def find_run(self, run_id: str) -> RunRecord | None:
        """Return a run."""
        if not is_id(run_id):
            return None
        with self.database.read() as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
        return rows.read_run(row) if row is not None else None

    def find_input(self, run_id: str) -> KeptInput | None:
        """Return a run's input, if it is kept."""
        if not is_id(run_id):
            return None
        columns = (kept_inputs.c.run_id, kept_inputs.c.media_type, kept_inputs.c.data)
        with self.database.read() as connection:
            row = connection.execute(select(*columns).where(kept_inputs.c.run_id == run_id)).one_or_none()
        return KeptInput(run_id=row[0], media_type=row[1], data=bytes(row[2])) if row is not None else None

    def current_judgement(self, run_id: str, judge: str) -> JudgementRecord | None:
        """Return what a judge says about a run now: the last that they said, or nothing after an undo."""
        said = current_judgements.c
        wanted = select(current_judgements).where(said.run_id == run_id, said.judge == judge)
        if not is_id(run_id):
            return None
        with self.database.read() as connection:
            row = connection.execute(wanted).one_or_none()
            return rows.read_judgements(connection, [row], current_judgements)[0] if row is not None else None

    def list_judgements(self, wanted: JudgementFilter = _ALL, *, limit: int = 50, offset: int = 0) -> list[JudgedRun]:
        """Return current judgements with their runs, the last one given first."""
        page = rows.select_judged(wanted).order_by(current_judgements.c.sequence.desc()).limit(limit).offset(offset)
        with self.database.read() as connection:
            return rows.read_judged(connection, list(connection.execute(page)))

    def iterate_judgements(self, wanted: JudgementFilter = _ALL) -> Iterator[JudgedRun]:
        """Yield all current judgements, the first one given first, holding a page of them at a time."""
        sequence = current_judgements.c.sequence
        after = 0
        while True:
            page = rows.select_judged(wanted).where(sequence > after).order_by(sequence).limit(_PAGE)
            with self.database.read() as connection:
                found = list(connection.execute(page))
                judged = rows.read_judged(connection, found)
            yield from judged
            if len(found) < _PAGE:
                return
            after = found[-1]._mapping[sequence]

    def history(self, run_id: str) -> list[JudgementRecord]:
        """Return everything that was ever said about a run, undone or not, oldest first."""
        wanted = select(judgements).where(judgements.c.run_id == run_id).order_by(judgements.c.sequence)
        if not is_id(run_id):
            return []
        with self.database.read() as connection:
            return rows.read_judgements(connection, list(connection.execute(wanted)), judgements)

    def consents(self, run_id: str) -> list[ConsentRecord]:
        """Return every consent given or taken back for a run, oldest first."""
        return self._consents(run_id, all_consents)

    def has_consent(self, run_id: str, scope: Scope) -> bool:
        """Say whether the last word on a run and scope is yes."""
        return any(consent.granted for consent in self._consents(run_id, current_consents) if consent.scope == scope)

    def count_runs(self) -> int:
        """Return how many runs are kept."""
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(runs)) or 0

    def count_judgements(self, wanted: JudgementFilter = _ALL) -> int:
        """Return how many current judgements a filter means."""
        with self.database.read() as connection:
            found = rows.select_judged(wanted).with_only_columns(func.count(), maintain_column_froms=True)
            return connection.scalar(found) or 0

    def _consents(self, run_id: str, table: Table) -> list[ConsentRecord]:
        if not is_id(run_id):
            return []
        with self.database.read() as connection:
            found = connection.execute(select(table).where(table.c.run_id == run_id).order_by(table.c.sequence))
            return [rows.read_consent(row, table) for row in found]
