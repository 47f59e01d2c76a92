"""What becomes of a job when the engine has ended it: its answer goes out, then its run is written down.

Owns the order of the two and the thread that writes. An answer never waits for the database, and runs that end
about the same time are written down together: a commit costs the same for one as for sixty.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Final

from core.engine import Answer
from core.errors import ShowcaseError, StoreUnavailable
from core.feedback.records import ConsentRecord, KeptInput, Record, new_id
from core.feedback.store import FeedbackStore
from core.job import Job, Run, run_of
from core.values import is_small

log = logging.getLogger(__name__)

AT_ONCE: Final = 64
"""The most runs in one transaction: milliseconds, so that a judgement that comes meanwhile does not wait long."""

GATHER_S: Final = 0.2
"""Seconds that a run which nobody asks for waits to be written down: others come meanwhile that share its commit. Once
a whole group waits, it is not waited for: else a machine that answers faster than that would never catch up.

Source: beside calls that follow one another, a commit for each made every call 1.8 ms slower, one every 50 ms 0.4 ms
and one every 200 ms 0.1 ms. A process that is killed loses that much of what was answered last.
"""

ANSWER_FIRST_S: Final = 0.005
"""Seconds that a run waits that is asked for: meanwhile its answer leaves, which the same interpreter has to send."""


class Recorder:
    """End jobs, and write their runs down.

    Args:
        keep_inputs: whether every run's input is kept with it.
        app_version: stands in every record.
    """

    def __init__(self, store: FeedbackStore, *, keep_inputs: bool, app_version: str) -> None:
        self._store, self._keep_inputs, self._app_version = store, keep_inputs, app_version
        self._large = ThreadPoolExecutor(2, thread_name_prefix="large answers")
        self._waiting: SimpleQueue[tuple[Job, Run] | None] = SimpleQueue()
        self._asked_for = threading.Event()
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def finish(self, job: Job) -> None:
        """Take over a job whose ticket has ended; called in the thread of its model, which it does not hold up."""
        outcome = job.ticket.outcome
        if isinstance(outcome, Answer) and not is_small(outcome.output):
            self._large.submit(self._answer, job)
        else:
            self._answer(job)

    def hasten(self) -> None:
        """Write down soon what waits, because somebody asks for it."""
        self._asked_for.set()

    def close(self) -> None:
        """Write down what is left, and end."""
        self._large.shutdown(wait=True)
        self.hasten()
        self._waiting.put(None)
        self._thread.join()

    def _answer(self, job: Job) -> None:
        try:
            run = run_of(job, job.ticket.result(), app_version=self._app_version)
        except ShowcaseError as err:
            job.fail(err)
        except Exception as err:  # a bug here must not leave anybody waiting
            _broken(job, err)
        else:
            job.answered.set_result(run)
            self._waiting.put((job, run))
            if job.is_asked_for or self._waiting.qsize() >= AT_ONCE:
                self.hasten()

    def _write(self) -> None:
        while (first := self._waiting.get()) is not None:
            if self._waiting.qsize() < AT_ONCE:
                self._asked_for.wait(GATHER_S - ANSWER_FIRST_S)
            self._asked_for.clear()
            time.sleep(ANSWER_FIRST_S)
            group, last = [first], False
            while len(group) < AT_ONCE and not last:
                try:
                    more = self._waiting.get_nowait()
                except Empty:
                    break
                last = more is None
                group += [more] if more is not None else []
            self._keep(group)
            if last:
                return

    def _keep(self, group: Sequence[tuple[Job, Run]]) -> None:
        """Write runs down, all in one transaction; a database that is down costs the records, never the answers."""
        try:
            self._store.add(*(record for job, run in group for record in self._records(job, run)))
        except StoreUnavailable as err:
            log.warning("%d runs are not recorded: %s", len(group), err.message)
            for job, run in group:
                job.end(run)
        except Exception as err:
            if len(group) > 1:  # one that cannot be written costs the others nothing
                for one in group:
                    self._keep([one])
            else:
                _broken(group[0][0], err)
        else:
            for job, run in group:
                job.end(replace(run, recorded=True))

    def _records(self, job: Job, run: Run) -> list[Record]:
        record = run.record
        if not self._keep_inputs:
            return [record]
        leave = ConsentRecord(
            consent_id=new_id(),
            run_id=record.run_id,
            scope="keep_input",
            granted=True,
            client=record.client,
            created_at=record.created_at,
        )
        return [record, leave, KeptInput.of(record.run_id, job.request.inputs)]


def _broken(job: Job, err: Exception) -> None:
    log.error("run %s could not be finished", job.run_id, exc_info=err)
    problem = ShowcaseError("The answer could not be kept.", hint="Run it again.")
    problem.__cause__ = err
    job.fail(problem)
