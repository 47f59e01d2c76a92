"""The facade: hand in a request, get a ticket; see, load, pin and unload models; close.

Owns the table of workers, one for each model that is loaded or wanted. Everything else is theirs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from core.engine.cache import Cache
from core.engine.deadlines import Deadlines
from core.engine.key import Loaded, Loader, ModelKey
from core.engine.known import Known, KnownAnswers, Question
from core.engine.state import Answer, ModelStatus
from core.engine.ticket import Ticket
from core.engine.worker import Worker
from core.errors import Busy, ModelUnavailable
from core.tasks.spec import Parameters, Task
from core.values import Value

log = logging.getLogger(__name__)

_LAST_JOIN_S = 1.0
"""How long the workers are waited for that should end at once; one inside a model cannot be interrupted."""


class Engine:
    """Run models for many callers at once, within a memory budget.

    Args:
        loader: makes pipes.
        budget_bytes: what all loaded models may cost together, headroom included.
        queue_limit: the most requests that may wait for one model.
        known_bytes: how many bytes of answers are kept, so that the same question is not run twice; 0 for none.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        *,
        loader: Loader,
        budget_bytes: int,
        queue_limit: int = 64,
        known_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # One lock for all books: it is held for microseconds, and there is no order of locks to get wrong.
        self._lock = threading.RLock()
        self._cache = Cache(loader=loader, budget_bytes=budget_bytes, clock=clock, lock=self._lock)
        self._deadlines = Deadlines(clock)
        self._queue_limit, self._clock = queue_limit, clock
        self._known = KnownAnswers(known_bytes)
        self._workers: dict[ModelKey, Worker] = {}
        self._closed = False

    def submit(
        self,
        task: Task,
        key: ModelKey,
        inputs: Value | None,
        parameters: Parameters | None,
        *,
        client: str = "",
        deadline_s: float = 120.0,
        streaming: bool = False,
    ) -> Ticket:
        """Hand in a request and return its ticket. Never blocks; the model is loaded if it is not.

        Clients take turns. `streaming` runs the task's `stream`, where it has one. What only the model's
        own thread can find out, such as DoesNotFit, comes out of the ticket.

        Raises: Busy if the model's queue is full; ModelUnavailable when the engine is closed.
        """
        question = self._known.question(task, key, inputs, parameters)
        with self._lock:
            if self._closed:
                raise _closing()
            hired = self._workers.get(key)
            worker = hired or self._hire(key)
            ticket = Ticket(
                task,
                inputs,
                parameters,
                client=client,
                deadline_s=deadline_s,
                streaming=streaming,
                clock=self._clock,
                leave=worker.discard,
                look=worker.show_place,
            )
            if question is not None and self._answer_from_memory(ticket, question, worker.place.loaded):
                return ticket
            worker.add(ticket)
            if hired is None:
                self._start(worker)
        self._deadlines.add(ticket)
        return ticket

    def _answer_from_memory(self, ticket: Ticket, question: Question, loaded: Loaded | None) -> bool:
        """Answer a request with what the loaded model answered before; else keep what it will answer."""
        known = None if loaded is None else self._known.find(question, (loaded.revision, loaded.runtime, loaded.dtype))
        if loaded is not None and known is not None:
            ticket.answer(known.output, run_ms=0.0, batch_size=0, loaded=loaded, tokens=known.tokens)
            return True

        def keep(ended: Ticket) -> None:
            outcome = ended.outcome
            if isinstance(outcome, Answer) and not outcome.stopped:
                answered_by = (outcome.revision, outcome.runtime, outcome.dtype)
                self._known.keep(question, answered_by, Known(outcome.output, outcome.tokens))

        ticket.add_done_callback(keep)
        return False

    def load(self, task: Task, key: ModelKey, *, deadline_s: float = 600.0) -> Ticket:
        """Load a model before anybody asks it anything; its ticket's answer has None as output.

        Raises what `submit` raises.
        """
        return self.submit(task, key, None, None, deadline_s=deadline_s)

    def renew(self, task: Task, key: ModelKey) -> None:
        """Load a loaded model anew between two of its batches; what waits for it goes on waiting."""
        with self._lock:
            worker = self._workers.get(key)
            if self._closed or worker is None:
                return
            with suppress(Busy):  # then others want it
                ticket = self.load(task, key)  # somebody has to, or it would only go
                if worker.place.loaded is None:  # still being loaded as it was: once that is done
                    ticket.add_done_callback(lambda _: self.renew(task, key))
            if worker.place.loaded is not None:
                self._cache.ask_to_leave(worker.place)

    def models(self) -> list[ModelStatus]:
        """Return how every loaded or loading model stands, in the order in which they came."""
        with self._lock:
            return [worker.status() for worker in self._workers.values()]

    def info(self, key: ModelKey) -> ModelStatus | None:
        """Return how one model stands, None if it is neither loaded nor loading."""
        with self._lock:
            worker = self._workers.get(key)
            return None if worker is None else worker.status()

    def unload(self, key: ModelKey) -> None:
        """Let a model go and return when it has; pinned or not. Nothing happens if it is not loaded.

        Raises: Busy if it is in use.
        """
        with self._lock:
            worker = self._workers.get(key)
            if worker is None:
                return
            place = worker.place
            if place.leases or (place.loaded is None and place.cost_bytes and not place.leaving):
                raise Busy(
                    f"{key.model_id} is in use and cannot be unloaded now.",
                    hint="Try again when its requests are answered.",
                    retry_after_s=worker.clear_s(),
                )
            if place.loaded is not None:
                self._cache.ask_to_leave(place)
            self._cache.changed.wait_for(lambda: place.leases or self._workers.get(key) is not worker)

    def pin(self, key: ModelKey, pinned: bool) -> None:
        """Keep a model from making room for others, or stop doing so; loaded or not."""
        with self._lock:
            if pinned:
                self._cache.pinned.add(key)
            else:
                self._cache.pinned.discard(key)
            self._cache.changed.notify_all()

    @property
    def budget(self) -> tuple[int, int]:
        """Return (bytes used, bytes there are), headroom included."""
        return self._cache.used_bytes, self._cache.budget_bytes

    @property
    def budget_bytes(self) -> int:
        """Return what all models may cost together."""
        return self._cache.budget_bytes

    @property
    def counts(self) -> tuple[int, int]:
        """Return (models loaded, models that had to make room), since the start."""
        return self._cache.loads, self._cache.evictions

    def close(self, grace_s: float = 10.0) -> None:
        """Take nothing more, answer what can be answered in time, refuse the rest, end the threads."""
        until_s = self._clock() + grace_s
        with self._lock:
            self._closed = True
            self._cache.changed.wait_for(
                lambda: not any(worker.place.leases for worker in self._workers.values()), grace_s
            )
            workers = list(self._workers.values())
            left = [ticket for worker in workers for ticket in worker.close()]
        for ticket in left:
            ticket.fail(_closing())
        until_s = max(until_s, self._clock() + _LAST_JOIN_S)
        for worker in workers:
            worker.thread.join(max(0.0, until_s - self._clock()))
        self._deadlines.close()

    def _hire(self, key: ModelKey) -> Worker:
        return Worker(
            key,
            cache=self._cache,
            queue_limit=self._queue_limit,
            lock=self._lock,
            clock=self._clock,
            ended=self._dismiss,
            heir=self._replace,
        )

    def _start(self, worker: Worker) -> None:
        """Let a worker begin. Call under the lock: it waits for it, so that it finds itself in the table.

        Raises: ModelUnavailable if the system has no thread left.
        """
        try:
            worker.thread.start()
        except RuntimeError as err:
            raise ModelUnavailable(
                f"This machine has no thread left for {worker.key.model_id}.", hint="Try again in a minute."
            ) from err
        self._workers[worker.key] = worker

    def _replace(self, dead: Worker) -> Worker | None:
        heir = self._hire(dead.key)
        try:
            self._start(heir)
        except ModelUnavailable:
            log.exception("Nobody takes over for %s", dead.key.model_id)
            return None
        return heir

    def _dismiss(self, worker: Worker) -> None:
        if self._workers.get(worker.key) is worker:
            del self._workers[worker.key]
            self._cache.changed.notify_all()


def _closing() -> ModelUnavailable:
    return ModelUnavailable("This showcase is closing down.", hint="Try again in a minute.")
