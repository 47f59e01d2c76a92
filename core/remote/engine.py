"""The engine of models that run elsewhere: many requests under way at once, in one thread.

Owns the books of what waits and what is under way, for each model. A request costs no memory here and waits
for nobody's batch; what is sent where, and what comes back, is the places'.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from core.engine import Loaded, ModelKey, ModelStatus, Ticket
from core.engine.batcher import told, without_frames
from core.engine.deadlines import Deadlines
from core.errors import ModelUnavailable, ShowcaseError
from core.remote.desk import Desk
from core.remote.place import Place, Places, Reply
from core.tasks.spec import Parameters, Task
from core.values import Value

AT_ONCE: Final = 32
"""How many requests to one model may be under way; more than most servers batch, and few enough sockets."""


class RemoteEngine:
    """Have models asked that run elsewhere.

    Args:
        places: where; the first that knows a model is asked.
        queue_limit: the most requests that may wait for one model.
        at_once: the most that may be under way for one model.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        places: Sequence[Places],
        *,
        queue_limit: int = 64,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places, self._queue_limit, self._at_once, self._clock = places, queue_limit, at_once, clock
        self._changed = threading.Condition(threading.RLock())
        self._deadlines = Deadlines(clock)
        self._desks: dict[ModelKey, Desk] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def has(self, key: ModelKey) -> bool:
        """Return whether that model runs elsewhere."""
        return self._find(key) is not None

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
        """Hand in a request and return its ticket. Never blocks; clients take turns.

        Raises: Busy if too many wait for this model; ModelUnavailable when the engine is closed.
        """
        with self._changed:
            if self._closed:
                raise _closing()
            desk = self._desks.get(key) or self._open(key)
            ticket = Ticket(
                replace(task, batches=False),  # whoever answers gathers; each request goes by itself
                inputs,
                parameters,
                client=client,
                deadline_s=deadline_s,
                streaming=streaming,
                clock=self._clock,
                leave=self._discard(desk),
            )
            if inputs is None:  # there is nothing to load
                ticket.begin((0.0, 0.0))
                ticket.answer(None, run_ms=0.0, batch_size=1, loaded=_stand_in(Reply(None, "", "", desk.place.host)))
                return ticket
            desk.add(ticket)
            loop = self._running_loop()
        self._deadlines.add(ticket)
        loop.call_soon_threadsafe(self._send, desk)
        return ticket

    def load(self, task: Task, key: ModelKey, *, deadline_s: float = 600.0) -> Ticket:
        """Return a ticket that is answered: nothing has to be loaded."""
        return self.submit(task, key, None, None, deadline_s=deadline_s)

    def models(self) -> list[ModelStatus]:
        """Return how every model stands that was asked."""
        with self._changed:
            return [desk.status() for desk in self._desks.values()]

    def info(self, key: ModelKey) -> ModelStatus | None:
        """Return how one model stands, None if it was never asked."""
        with self._changed:
            desk = self._desks.get(key)
            return None if desk is None else desk.status()

    def close(self, grace_s: float = 10.0) -> None:
        """Take nothing more, let what is under way end in time, refuse the rest, end the thread."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not any(desk.is_busy for desk in self._desks.values()), grace_s)
            left = [ticket for desk in self._desks.values() for ticket in desk.clear()]
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        for ticket in left:
            ticket.fail(_closing())
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(self._over.set)
            thread.join()
        self._deadlines.close()

    def _find(self, key: ModelKey) -> Place | None:
        return next((place for places in self._places if (place := places.find(key)) is not None), None)

    def _open(self, key: ModelKey) -> Desk:
        place = self._find(key)
        if place is None:
            raise ModelUnavailable(f"{key.model_id} does not run elsewhere.", hint="Give it an endpoint.")
        desk = self._desks[key] = Desk(
            key, place, queue_limit=self._queue_limit, at_once=self._at_once, clock=self._clock
        )
        return desk

    def _discard(self, desk: Desk) -> Callable[[Ticket], None]:
        def discard(ticket: Ticket) -> None:
            with self._changed:
                desk.discard(ticket)
                self._changed.notify_all()

        return discard

    # The thread

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """Return the thread's loop, starting it with the first request."""
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._serve(ready)), name="podium elsewhere", daemon=True
            )
            self._thread.start()
            ready.wait()
        if self._loop is None:
            raise RuntimeError("the thread of the remote engine has no loop")
        return self._loop

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        ready.set()
        await self._over.wait()
        for places in self._places:
            await places.close()

    def _send(self, desk: Desk) -> None:
        """Send what may be sent. In the thread only."""
        while True:
            with self._changed:
                ticket = desk.take()
            if ticket is None:
                return
            task = asyncio.get_running_loop().create_task(self._answer(desk, ticket))
            self._tasks.add(task)  # the loop itself holds tasks weakly
            task.add_done_callback(self._tasks.discard)
            ticket.add_done_callback(self._canceller(task))

    def _canceller(self, task: asyncio.Task[None]) -> Callable[[Ticket], None]:
        """Return what takes a request back from where it was sent, once its ticket has ended."""

        def cancel(_: Ticket) -> None:
            with suppress(RuntimeError):  # the loop has ended
                task.get_loop().call_soon_threadsafe(task.cancel)

        return cancel

    async def _answer(self, desk: Desk, ticket: Ticket) -> None:
        problem: ShowcaseError | None = None
        reply: Reply | None = None
        began_s = self._clock()
        try:
            if ticket.begin((0.0, 0.0)):
                reply = await desk.place.ask(ticket)
        except ShowcaseError as err:
            problem = without_frames(err)
        except Exception as err:  # no mistake may leave a request without an answer
            problem = told(err, "%s could not be asked", desk.key.model_id)
        finally:
            run_ms = (self._clock() - began_s) * 1000
            with self._changed:
                desk.settle(ticket, reply, run_ms)
                self._changed.notify_all()
            self._send(desk)
        if problem is not None:
            ticket.fail(problem)
        elif reply is not None:
            ticket.answer(
                reply.output,
                run_ms=run_ms,
                batch_size=reply.batch_size,
                loaded=_stand_in(reply),
                tokens=reply.tokens,
                padding=reply.padding,
            )


def _stand_in(reply: Reply) -> Loaded:
    """Return what a run's record says of a model that is not here."""
    return Loaded(None, 0, reply.revision, (), None, reply.dtype, reply.device, runtime=reply.runtime)


def _closing() -> ModelUnavailable:
    return ModelUnavailable("This showcase is closing down.", hint="Try again in a minute.")
