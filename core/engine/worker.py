"""The thread that owns a model: it loads it, runs batches on it, and lets it go.

Owns a model's line, its life and its counts, and what becomes of the line if the thread dies. Where a task says that
runs may go side by side, `core.engine.lanes` has threads run other batches meanwhile, none of which outlives the model;
what waits is prepared beside them, where `core.engine.ahead` sees to it that one at a time uses the tokenizer. What is
in memory and who goes is the cache's business; who is next, and with whom, is the line's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from core.engine.ahead import Ahead
from core.engine.allocator import trim_memory
from core.engine.batcher import Line, run_batch, told, without_frames
from core.engine.cache import Cache, Place
from core.engine.key import ModelKey
from core.engine.kv_cache import tokens_that_fit
from core.engine.lanes import Lanes, lanes_of, share_processors, survivors
from core.engine.running import Running
from core.engine.state import Loading, ModelStatus, Waiting
from core.engine.ticket import Ticket
from core.errors import Busy, Cancelled, RunFailed, ShowcaseError

IDLE_AFTER_S = 5.0
"""Seconds without a request after which the memory is given back that a model's runs have left with the C library.

Source: 2,000 short texts left 60 to 120 MB behind, all of which a trim brought back in 9 ms.
"""

_FIRST_GUESS_S = 1.0
"""What a request is taken to last before one has been timed."""

_MEMORY_OF_TIMES = 0.8
"""How much of the time per request is what it was before the newest batch."""


class Worker:
    """Serve one key for as long as its model is loaded or wanted.

    Args:
        lock: the engine's; held for the books only, never while a model loads or runs.
        ended: called under the lock when the thread has nothing left to do; it then takes no more.
        heir: called under the lock when the thread has died with requests left; returns who takes them over.
    """

    def __init__(
        self,
        key: ModelKey,
        *,
        cache: Cache,
        queue_limit: int,
        lock: threading.RLock,
        clock: Callable[[], float],
        ended: Callable[[Worker], None],
        heir: Callable[[Worker], Worker | None],
    ) -> None:
        self.key = key
        self._changed = threading.Condition(lock)
        self.place = Place(key, wake=self._changed.notify_all)
        self._cache, self._clock, self._ended, self._heir = cache, clock, ended, heir
        self._line = Line(queue_limit)
        self._ahead = Ahead(lock, self._line, f"podium ahead of {key.model_id}")
        self._lanes = Lanes(self._changed, f"podium beside {key.model_id}", self._answer_next)
        self._running = Running(cache, self.place, self._ahead.rest)
        self._progress: Loading | None = None
        self._loading_s = (0.0, 0.0)
        self._request_s = _FIRST_GUESS_S
        self._closing = self._ran = False
        # A daemon: a download that hangs must not keep the process from ending.
        self.thread = threading.Thread(target=self._work, name=f"podium {key.model_id}", daemon=True)

    def add(self, ticket: Ticket) -> None:
        """Put a request in the line.

        Raises: Busy if the line is full, with the time its requests are likely to take.
        """
        with self._changed:
            if self._line.is_full_for(ticket.client):
                retry_after_s = self.clear_s()
                raise Busy(
                    f"{len(self._line)} requests already wait for {self.key.model_id}, and there is no place for more.",
                    hint=f"Try again in {retry_after_s:.0f} s.",
                    retry_after_s=retry_after_s,
                )
            self._place_in_line([ticket])

    def take_over(self, tickets: Sequence[Ticket]) -> None:
        """Put those of a worker that died in the line, whatever its bound."""
        with self._changed:
            for ticket in tickets:
                ticket.moves(self.discard, self.show_place)
            self._place_in_line(tickets)

    def discard(self, ticket: Ticket) -> None:
        """Take a request out of the line, if it still waits there."""
        with self._changed:
            self._ahead.forget(ticket)
            if self._line.discard(ticket):
                self._cache.give_back(self.place)
                self._renumber()

    def show_place(self, ticket: Ticket) -> None:
        """Tell a request that somebody watches where it is."""
        with self._changed:
            if not ticket.done():
                self._renumber()

    def clear_s(self) -> float:
        """Return the seconds that what waits and runs is likely to take, at least 1."""
        return max(1.0, round((len(self._line) + len(self._running.tickets)) * self._request_s, 1))

    def close(self) -> list[Ticket]:
        """Serve nothing more; return what is left to refuse."""
        with self._changed:
            self._closing = True
            waited = self._line.take_all()
            self._cache.give_back(self.place, len(waited))
            self._changed.notify_all()
            return [*waited, *self._running.tickets]

    def status(self) -> ModelStatus:
        """Return how the model stands."""
        with self._changed:
            loaded, progress = self.place.loaded, self._progress or Loading(0, None)
            return ModelStatus(
                key=self.key,
                state="loading" if loaded is None else "loaded",
                size_bytes=self.place.cost_bytes if loaded is None else loaded.size_bytes,
                pinned=self.key in self._cache.pinned,
                waiting=len(self._line),
                in_use=len(self._running.tickets),
                last_used_s_ago=0.0 if self.place.leases else max(0.0, self._clock() - self.place.last_used_s),
                runs=self._running.answered,
                labels=() if loaded is None else loaded.labels,
                sampling_rate=None if loaded is None else loaded.sampling_rate,
                revision="" if loaded is None else loaded.revision,
                dtype=self.key.dtype if loaded is None else loaded.dtype,
                device=self.key.device if loaded is None else loaded.device,
                bytes_done=progress.bytes_done,
                bytes_total=progress.bytes_total,
                runtime="" if loaded is None else loaded.runtime,
                finding=None if loaded is None else loaded.finding,
            )

    def _place_in_line(self, tickets: Sequence[Ticket]) -> None:
        for ticket in tickets:
            self._line.add(ticket)
            self._cache.lease(self.place)
        self._renumber()
        self._changed.notify(len(tickets))  # one thread for each, at most
        self._open_lane()
        self._ahead.look()

    def _open_lane(self) -> None:
        """Have a thread beside take what waits while the model runs."""
        loaded = self.place.loaded
        if loaded is not None and self._running.tickets and self._line:
            self._lanes.open(lanes_of(self._running.tickets[0].task))

    def _work(self) -> None:
        problem: ShowcaseError | None = RunFailed("The model's thread ended.", hint="Try again.")
        try:
            while self._is_wanted():
                self._serve()
            self._ahead.end()
            problem = None
        except BaseException as err:  # no mistake, here or in a model, may leave a request without an answer
            problem = told(err, "The worker of %s ended", self.key.model_id)
        finally:
            if problem is not None:
                self._die(problem)

    def _die(self, error: ShowcaseError) -> None:
        """Let the model go and leave its line to another worker; whoever comes meanwhile is in that line, too."""
        try:
            self._ahead.end()
            self._cache.unload(self.place)
        finally:
            with self._changed:
                ran, waited = self._running.end(), self._line.take_all()
                self._cache.give_back(self.place, len(waited))
                self._ended(self)
                left = survivors(ran, waited)
                heir = self._heir(self) if left and not self._closing else None
                if heir is not None:
                    heir.take_over(left)
            for ticket in [*ran, *waited]:
                if heir is None or ticket not in left:
                    ticket.fail(error)

    def _is_wanted(self) -> bool:
        with self._changed:
            if self._line and not self._closing:
                return True
            self._ended(self)
            return False

    def _serve(self) -> None:
        """Load the model, answer until it has to go, and let it go."""
        problem: ShowcaseError | None = None
        try:
            self._cache.load(self.place, self._show_progress)
        except ShowcaseError as err:
            problem = without_frames(err)
        if problem is None:
            with self._changed:
                self._progress = None
                self._loading_s = (self._loading_s[0], self._clock())
                self._renumber()
            self._lanes.run()
        self._ahead.let_go()
        self._cache.unload(self.place)
        # After Cancelled nobody waited; whoever has come since deserves another try.
        if problem is not None and not isinstance(problem, Cancelled):
            self._end(problem)

    def _answer_next(self, beside: bool) -> bool:
        """Run the next batch, waiting for one; False when the model has to go, or a thread beside has nothing to do."""
        if (beside or self._ran) and self._comes_nothing():
            if not beside:
                trim_memory()
                self._ran = False
            return not beside
        with self._changed:
            while not (self._line or self._has_to_go()):
                self._changed.wait()
            loaded = self.place.loaded
            if loaded is None or self._has_to_go():
                return False
            fits, runs = partial(tokens_that_fit, loaded), 2 if self._running.tickets else 1
            batch = self._line.take(loaded.device, fits)
            self._running.begin(batch)
            self._renumber()
            self._open_lane()
        share_processors(runs)
        live = [ticket for ticket in batch if ticket.begin(self._loading_s)]
        began_s = self._clock()
        if live:
            self._ran = True
            room, pace, prepared = self._line.room, self._line.pace, self._ahead.take
            run_batch(loaded, live, self._clock, self._settle, room, pace, prepared, partial(self._join, batch))
        with self._changed:
            if live:
                newest_s = (self._clock() - began_s) / len(batch)
                self._request_s += (1 - _MEMORY_OF_TIMES) * (newest_s - self._request_s)
            self._running.let_go_of(batch)  # those who ended by themselves
        return True

    def _join(self, batch: list[Ticket], running: Sequence[Ticket]) -> list[Ticket]:
        """Return those of the line who join a run that goes on, having noted that they are of its batch."""
        with self._changed:
            loaded = self.place.loaded
            if loaded is None or self._has_to_go() or not running or not self._line:
                return []
            more = self._line.take_more(running, loaded.device, partial(tokens_that_fit, loaded))
            batch += more
            self._running.begin(more)
            self._renumber()
        return [ticket for ticket in more if ticket.begin(self._loading_s)]

    def _comes_nothing(self) -> bool:
        """Wait a while for the next request; return whether none came."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._line or self._has_to_go(), IDLE_AFTER_S)

    def _has_to_go(self) -> bool:
        return self.place.leaving or self._closing or self._lanes.problem is not None

    def _settle(self, tickets: Sequence[Ticket]) -> None:
        with self._changed:
            self._running.settle(tickets)

    def _show_progress(self, bytes_done: int, bytes_total: int | None) -> None:
        with self._changed:
            if self.place.loaded is not None:
                return  # a download thread that is late
            if self._progress is None:
                self._loading_s = (self._clock(), 0.0)
            self._progress = Loading(bytes_done, bytes_total)
            self._renumber()

    def _renumber(self) -> None:
        count = len(self._line)
        for position, ticket in enumerate(self._line):
            if ticket.watched:  # telling all 256 of a full line would take longer than a short run
                ticket.show(self._progress or Waiting(position, count))

    def _end(self, error: ShowcaseError) -> None:
        """Leave the table, so that the next request gets a worker of its own, and refuse what is left."""
        with self._changed:
            left = self.close()
            self._running.end()
            self._ended(self)
        for ticket in left:
            ticket.fail(error)
