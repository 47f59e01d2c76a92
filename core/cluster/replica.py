"""What runs on the cluster: an engine of its own, asked by many callers at once.

Owns the bridge between Ray's event loop and that engine's threads. Batches, budgets, fairness and deadlines are
the engine's, as everywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from core.cluster.order import Order, Outcome, Part, Refused
from core.engine import Answer, Engine, Partial, Ticket
from core.errors import ShowcaseError
from core.tasks import get_task


class Replica:
    """Answer orders.

    Args:
        make: makes the engine, in the replica's own process.
    """

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._engine = make()

    async def note(self, model: str) -> str:
        """Say that this replica has a model now; Ray sends further orders for it here, if it can."""
        return model

    async def answer(self, order: Order) -> Outcome:
        """Answer an order."""
        ended = asyncio.Event()
        try:
            ticket = await self._submit(order, ended.set)
        except ShowcaseError as err:
            return Outcome(Refused.of(err))
        try:
            await ended.wait()
        finally:
            ticket.cancel()  # of no effect on one that has ended; else its caller has gone
        return self._outcome(order, ticket)

    async def stream(self, order: Order) -> AsyncIterator[Part | Outcome]:
        """Answer an order bit by bit; the last thing yielded is the outcome."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            ticket = await self._submit(order, news.set, streaming=True)
        except ShowcaseError as err:
            yield Outcome(Refused.of(err))
            return
        latest: list[Part] = []

        def see(event: object) -> None:
            if isinstance(event, Partial):
                status = self._engine.info(order.key)
                if status is None:
                    return  # it was let go of a moment ago, and the outcome follows
                latest[:] = [Part(event.value, status.revision, status.dtype, status.device)]
                loop.call_soon_threadsafe(news.set)

        watching = asyncio.ensure_future(asyncio.to_thread(_watch, ticket, see))
        try:
            while not ticket.done():
                await news.wait()
                news.clear()
                if latest and not ticket.done():
                    yield latest.pop()
        finally:
            ticket.cancel()
            await watching
        yield self._outcome(order, ticket)

    def check_health(self) -> None:
        """Be well. Ray asks now and then."""

    async def _submit(self, order: Order, ended: Callable[[], None], *, streaming: bool = False) -> Ticket:
        loop = asyncio.get_running_loop()
        await self.note(f"{order.key.task_id}/{order.key.model_id}")
        ticket = self._engine.submit(
            get_task(order.key.task_id),
            order.key,
            order.inputs,
            order.parameters,
            client=order.client,
            deadline_s=order.deadline_s,
            streaming=streaming,
        )

        def tell(_: Ticket) -> None:
            loop.call_soon_threadsafe(ended)

        ticket.add_done_callback(tell)
        return ticket

    def _outcome(self, order: Order, ticket: Ticket) -> Outcome:
        status = self._engine.info(order.key)
        labels = () if status is None else status.labels
        ended = ticket.outcome
        if isinstance(ended, Answer):
            return Outcome(ended, labels)
        if ended is None:
            raise RuntimeError("a ticket has ended with nothing")
        return Outcome(Refused.of(ended), labels)


def _watch(ticket: Ticket, see: Callable[[object], None]) -> None:
    """Watch a ticket to its end, whatever that is."""
    try:
        ticket.watch(see)
    except ShowcaseError:
        return  # it is in the ticket
