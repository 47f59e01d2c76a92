"""One request on its way: from the moment it is asked to its recorded answer.

A job outlives the page that started it: a reload, a lost network or a locked phone finds it again by
its run id. Owns waiting, watching, stopping and what is remembered of recent jobs. Knows nothing of
pages, routes or how a run is recorded: that is handed in.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from core.engine import Answer, Event, Ticket
from core.errors import ShowcaseError
from core.feedback.records import RunRecord, Source
from core.tasks.spec import Parameters, Task, Tokens
from core.values import Value, about_bytes

log = logging.getLogger(__name__)

JOB_BYTES: Final = 60_000
"""What a process grows by for each job that it remembers, beside its input: ticket, parameters, record, a short answer.

Source: 4,000 runs of a short text took 45 to 67 kB each; 11 kB are its objects, the rest lies between them, where a
model's tensors had been.
"""


@dataclass(frozen=True)
class Request:
    """Say who wants what of which model.

    Args:
        client: a salted hash of who asks; one client's requests take turns with the others'.
        source: where it came in.
    """

    task: Task
    model_id: str
    inputs: Value
    parameters: Parameters
    client: str
    source: Source


@dataclass(frozen=True)
class Run:
    """Hold a finished run: what is recorded of it, its answer, and its input where that is still known.

    Args:
        recorded: False where the database did not take it; it can then not be judged or reopened later.
        tokens: what the model read and wrote, where its task counts it; not recorded.
    """

    record: RunRecord
    output: Value
    inputs: Value | None
    recorded: bool
    tokens: Tokens | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return the parameters it ran with."""
        return self.record.parameters


@dataclass(eq=False)
class Job:
    """Follow one request. Made by the showcase; any number of threads may watch it.

    Args:
        future: the recorded run, or the ShowcaseError that ended it.
        answered: the run as soon as its answer is there, while it is still being written down.
        hasten: called when somebody waits for the run to be written down, which else takes its time.
        is_asked_for: whether somebody does.
        observers: told of the job when it has ended, in the thread that ended it; let go of then.
    """

    run_id: str
    request: Request
    ticket: Ticket
    future: Future[Run] = field(default_factory=Future)
    answered: Future[Run] = field(default_factory=Future)
    hasten: Callable[[], None] = lambda: None
    is_asked_for: bool = False
    observers: Sequence[Callable[[Job], None]] = ()

    def watch(self, callback: Callable[[Event], None]) -> Run:
        """Wait for the end, calling `callback` in this thread with each change of state and partial answer.

        Raises: the ShowcaseError that ended it; whatever the callback raises, the job going on.
        """
        self.ticket.watch(callback)
        return self.result()

    def answer(self) -> Run:
        """Wait for the run's answer only; it may not be written down yet.

        Raises: the ShowcaseError that ended it.
        """
        return self.answered.result()

    def result(self) -> Run:
        """Wait for the recorded run.

        Raises: the ShowcaseError that ended it.
        """
        self._ask()
        return self.future.result()

    def wait(self, timeout_s: float) -> bool:
        """Wait at most that long; return whether it has finished."""
        self._ask()
        wait((self.future,), timeout_s)
        return self.finished

    def answers_within(self, timeout_s: float) -> bool:
        """Wait at most that long for the answer, or the refusal, written down or not; return whether it is there."""
        wait((self.answered,), timeout_s)
        return self.answered.done()

    @property
    def finished(self) -> bool:
        """Return whether the answer is there and written down, or the refusal is there."""
        return self.future.done()

    def stop(self) -> None:
        """End a streaming run early and keep what there is; anything else is taken back."""
        if self.request.task.stream is not None:
            self.ticket.stop()
        else:
            self.ticket.cancel()

    def cancel(self) -> None:
        """Take the request back."""
        self.ticket.cancel()

    def _ask(self) -> None:
        """Say that somebody waits; in this order, so that whoever answers meanwhile sees it or is overtaken."""
        if not self.finished:
            self.is_asked_for = True
            self.hasten()

    def end(self, run: Run) -> None:
        """End the job with its run, written down or not. Called once, by whoever records."""
        self.future.set_result(run)
        self._tell()

    def fail(self, error: ShowcaseError) -> None:
        """End the job with an error. Called once, by whoever records."""
        for future in (self.answered, self.future):
            if not future.done():
                future.set_exception(error)
        self._tell()

    def _tell(self) -> None:
        observers, self.observers = self.observers, ()
        for observer in observers:
            try:
                observer(self)
            except Exception:  # whoever looks on must not keep a job from ending
                log.exception("an observer of run %s failed", self.run_id)


def run_of(job: Job, answer: Answer, *, app_version: str) -> Run:
    """Return the run that an answer makes of a job; it is not written down yet."""
    request = job.request
    record = RunRecord(
        run_id=job.run_id,
        task_id=request.task.id,
        model_id=request.model_id,
        revision=answer.revision,
        runtime=answer.runtime,
        dtype=answer.dtype,
        device=answer.device,
        parameters=request.parameters.model_dump(mode="json"),
        input_type=type(request.inputs).__name__,
        input_digest=request.inputs.digest(),
        output_type=type(answer.output).__name__,
        output=answer.output.to_json(),
        queue_ms=answer.queue_ms,
        run_ms=answer.run_ms,
        batch_size=answer.batch_size,
        stopped=answer.stopped,
        created_at=datetime.now(UTC),
        client=request.client,
        app_version=app_version,
        source=request.source,
    )
    return Run(record=record, output=answer.output, inputs=request.inputs, recorded=False, tokens=answer.tokens)


class RecentJobs:
    """Remember the latest jobs by their run id, up to a number of bytes.

    Args:
        limit_bytes: how much is remembered of inputs and what stands around them; the latest job always is.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._jobs: dict[str, tuple[Job, int]] = {}
        self._finished: deque[str] = deque()
        self._held_bytes = 0
        self._lock = threading.Lock()

    def add(self, job: Job) -> None:
        """Remember a job, forgetting those that finished first and no longer fit."""
        run_id, held_bytes = job.run_id, JOB_BYTES + about_bytes(job.request.inputs)
        with self._lock:
            self._jobs[run_id] = job, held_bytes
            self._held_bytes += held_bytes
            while self._held_bytes > self._limit_bytes and self._finished:
                self._held_bytes -= self._jobs.pop(self._finished.popleft())[1]
        job.future.add_done_callback(lambda _: self._finished.append(run_id))

    def find(self, run_id: str) -> Job | None:
        """Return the job of that run, if it is still remembered."""
        with self._lock:
            found = self._jobs.get(run_id)
            return None if found is None else found[0]
