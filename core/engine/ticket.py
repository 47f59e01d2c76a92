"""A request as its caller holds it: where it is, what came of it, and how to take it back.

Owns the states a request goes through, its deadline and its one outcome: whichever of answer, failure,
cancellation and deadline comes first stands, and the others are dropped. Knows no queue, model or thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from core.engine.key import Loaded
from core.engine.state import Answer, Event, Finished, Loading, Partial, Running, State, Waiting
from core.errors import Cancelled, DeadlineExceeded, ShowcaseError
from core.tasks.spec import Parameters, Task, Tokens, batch_length
from core.values import Value

log = logging.getLogger(__name__)


class Ticket:
    """Stand for one request. Callers use the first group of methods, the engine the second.

    `watched` says whether anybody has asked where it is. `alone` and `orphaned` are its worker's notes: a worker died
    while it ran with others, so that it shares no run any more; a worker died while it waited, which it outlives once.

    Args:
        inputs: None for a warm-up, which is answered as soon as the model is loaded.
        leave: takes it out of its line; called, with no lock held, when it ends without an answer.
        look: has its place in the line shown, when somebody asks for the first time; called with no lock held.
    """

    def __init__(
        self,
        task: Task,
        inputs: Value | None,
        parameters: Parameters | None,
        *,
        client: str,
        deadline_s: float,
        streaming: bool,
        clock: Callable[[], float],
        leave: Callable[[Ticket], None],
        look: Callable[[Ticket], None] = lambda _: None,
    ) -> None:
        self.task, self.inputs, self.parameters, self.client = task, inputs, parameters, client
        self.streaming = streaming and task.stream is not None
        self.length = 1 if inputs is None else batch_length(inputs)
        self._clock, self._leave, self._look = clock, leave, look
        self._submitted_s = clock()
        self.deadline_s, self._allowed_s = self._submitted_s + deadline_s, deadline_s
        lock = threading.Lock()
        self._news, self._end = threading.Condition(lock), threading.Condition(lock)
        self._state: State = Waiting(0, 1)
        self._partial: Any = None
        self._partials = 0
        self._stop = False
        self._queue_ms = self._load_ms = 0.0
        self._outcome: Answer | ShowcaseError | None = None
        self._on_done: list[Callable[[Ticket], None]] = []
        self.alone = self.orphaned = self.watched = False

    # What a caller does.

    def state(self) -> State:
        """Return where the request is now."""
        self._be_watched()
        with self._news:
            return self._state

    def watch(self, callback: Callable[[Event], None]) -> Answer:
        """Wait for the answer, calling back in this thread with every change of state and every `Partial`.

        What `callback` raises comes out of here, and the request goes on: cancel it if nobody wants it.
        Raises: the ShowcaseError that it ended with; DeadlineExceeded; Cancelled.
        """
        self._be_watched()
        seen: State | None = None
        seen_partials = 0
        while not isinstance(seen, Finished):
            self._wait(self._news, partial(self._is_news, seen, seen_partials))
            with self._news:
                state, partials, value = self._state, self._partials, self._partial
            events: list[Event] = [Partial(value)] if partials != seen_partials else []
            if state != seen:
                events.insert(len(events) if isinstance(state, Finished) else 0, state)
            seen, seen_partials = state, partials
            for event in events:
                callback(event)
        return self.result()

    def result(self) -> Answer:
        """Wait for the answer. Raises what `watch` raises."""
        self._wait(self._end, lambda: False)
        outcome = self._outcome
        if isinstance(outcome, Answer):
            return outcome
        if outcome is None:
            raise RuntimeError("a ticket stopped waiting before it ended")
        # One error may refuse many tickets; each raise would lengthen its traceback.
        raise outcome.with_traceback(None)

    def cancel(self) -> None:
        """Take the request back: out of the queue, or, once it runs, drop its answer and end its stream."""
        self.fail(Cancelled("The request was cancelled."))

    def stop(self) -> None:
        """End a streaming run early; its answer is what there is.

        Before the run it is a `cancel`; a run that does not stream goes on.
        """
        with self._news:
            self._stop = True
            begun = not isinstance(self._state, Waiting | Loading)
        if not begun:
            self.cancel()

    def add_done_callback(self, fn: Callable[[Ticket], None]) -> None:
        """Call `fn(ticket)` once it has ended, at once if it has; in the thread that ended it."""
        with self._news:
            if self._outcome is None:
                self._on_done.append(fn)
                return
        self._tell(fn)

    @property
    def outcome(self) -> Answer | ShowcaseError | None:
        """Return what it ended with, None while it has not."""
        return self._outcome

    def done(self) -> bool:
        """Return whether it has ended."""
        return self._outcome is not None

    # What the engine does.

    def show(self, state: Waiting | Loading) -> None:
        """Say where in the queue it is. A longer queue behind it wakes nobody."""
        with self._news:
            old = self._state
            if isinstance(old, Waiting | Loading) and old != state:
                self._state = state
                moved = not (isinstance(old, Waiting) and isinstance(state, Waiting) and old.position == state.position)
                if moved:
                    self._news.notify_all()

    def begin(self, loading: tuple[float, float]) -> bool:
        """Mark it as running; False if there is nothing to run for, because it has ended or is overdue.

        Args:
            loading: when the load of its model began and ended, on the engine's clock.
        """
        now_s = self._clock()
        if not self.is_wanted():
            return False
        with self._news:
            if self._outcome is not None:
                return False
            self._load_ms = max(0.0, loading[1] - max(loading[0], self._submitted_s)) * 1000
            self._queue_ms = max(0.0, (now_s - self._submitted_s) * 1000 - self._load_ms)
            self._state = Running()
            self._news.notify_all()
            return True

    def is_wanted(self) -> bool:
        """Return whether anybody still waits for it; ends it if it is overdue."""
        if self.left_s() <= 0:
            self.expire()
        return self._outcome is None

    def moves(self, leave: Callable[[Ticket], None], look: Callable[[Ticket], None]) -> None:
        """Note that it waits in another line now.

        Who ends it at that moment may still call the old line, which does not know it any more: the new one then
        finds out when it is its turn.
        """
        self._leave, self._look = leave, look

    def emit(self, value: Any) -> None:
        """Show a partial answer."""
        with self._news:
            if self._outcome is None:
                self._partial = value
                self._partials += 1
                self._news.notify_all()

    def stopped(self) -> bool:
        """Return whether its text should end as it is: stopped, if it streams, ended or overdue."""
        return (self._stop and self.streaming) or self._outcome is not None or self.left_s() <= 0

    def answer(
        self,
        output: Any,
        *,
        run_ms: float,
        batch_size: int,
        loaded: Loaded,
        tokens: Tokens | None = None,
        padding: int = 0,
    ) -> None:
        """End it with an answer, unless its time is over or it has ended."""
        if self.left_s() <= 0:
            self.expire()
            return
        self._finish(
            Answer(
                output=output,
                queue_ms=self._queue_ms,
                run_ms=run_ms,
                load_ms=self._load_ms,
                batch_size=batch_size,
                revision=loaded.revision,
                dtype=loaded.dtype,
                device=loaded.device,
                stopped=self._stop and self.streaming,
                tokens=tokens,
                runtime=loaded.runtime,
                padding=padding,
            )
        )

    def fail(self, error: ShowcaseError) -> None:
        """End it with a refusal and take it out of its queue, unless it has ended."""
        if self._finish(error):
            self._leave(self)

    def expire(self) -> None:
        """End it as overdue."""
        self.fail(
            DeadlineExceeded(
                f"The answer did not come within {self._allowed_s:g} s.",
                hint="Send less at once, or try again when fewer people are asking.",
            )
        )

    def left_s(self) -> float:
        """Return the seconds until its deadline."""
        return self.deadline_s - self._clock()

    def _be_watched(self) -> None:
        """Have its place in the line kept from now on: of most requests nobody ever asks for it."""
        if not self.watched:
            self.watched = True
            self._look(self)

    def _is_news(self, seen: State | None, seen_partials: int) -> bool:
        return self._state != seen or self._partials != seen_partials

    def _wait(self, condition: threading.Condition, ready: Callable[[], bool]) -> None:
        with condition:
            while self._outcome is None and not ready():
                left_s = self.left_s()
                if left_s <= 0:
                    break
                condition.wait(min(left_s, threading.TIMEOUT_MAX))
        if self.left_s() <= 0:
            self.expire()

    def _finish(self, outcome: Answer | ShowcaseError) -> bool:
        with self._news:
            if self._outcome is not None:
                return False
            self._outcome = outcome
            self._state = Finished()
            self._news.notify_all()
            self._end.notify_all()
            callbacks, self._on_done = self._on_done, []
        for fn in callbacks:
            self._tell(fn)
        return True

    def _tell(self, fn: Callable[[Ticket], None]) -> None:
        try:
            fn(self)
        except BaseException:  # a caller's mistake must not take the worker down with it
            log.exception("A callback of a finished request failed")
