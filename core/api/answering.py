"""Waiting for a job on behalf of a client that may hang up, and following it on its way.

Owns the bridge between a job, which other threads finish, and the server's one event loop. Whoever
leaves takes the request along: nothing is computed for nobody.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial

from starlette.requests import Request

from core.api.callers import Caller
from core.engine import Event, Partial
from core.errors import Cancelled, ShowcaseError
from core.job import Job, Run
from core.runtime import Runtime


def caller_of(request: Request) -> Caller:
    """Return who calls, as the door found out."""
    caller: Caller = request.scope["podium.caller"]
    return caller


def named(of: Runtime, job: Job) -> dict[str, str]:
    """Return the headers that name a run and what answers it, once it is being answered."""
    card = of.showcase.catalog.find(job.request.task.id, job.request.model_id)
    status = None if card is None else of.showcase.status(card)
    model = {"X-Model": f"{job.request.model_id}@{status.revision}"} if status and status.revision else {}
    return {"X-Run-Id": job.run_id} | model


async def answered(jobs: Sequence[Job], request: Request) -> list[Run]:
    """Wait for all of the jobs; when one fails or the client hangs up, take the others back.

    Raises: the ShowcaseError of the first job that failed, or Cancelled if the client hung up.
    """
    loop, left = asyncio.get_running_loop(), len(jobs)
    ended = loop.create_future()  # one for all of them: each step from future to future takes a turn of the loop

    def end(*, early: bool) -> None:
        nonlocal left
        left -= 1
        if (early or not left) and not ended.done():
            ended.set_result(None)

    gone = asyncio.create_task(hung_up(request))
    gone.add_done_callback(lambda _: end(early=True))
    for job in jobs:
        job.answered.add_done_callback(lambda run: _tell(loop, partial(end, early=run.exception() is not None)))
    try:
        await ended
        runs = [job.answered.result() for job in jobs if job.answered.done()]  # raises what the first that failed did
        if len(runs) < len(jobs):
            raise Cancelled("The client hung up.")
        return runs
    finally:
        gone.cancel()
        for job in jobs:
            if not job.finished:
                job.cancel()


async def hung_up(request: Request) -> None:
    """Return when the client has hung up. The body has to be read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def events(job: Job, request: Request | None = None) -> AsyncIterator[Event]:
    """Yield what happens to a job until it is finished; of partial answers only the latest that is not yet taken.

    Args:
        request: whose client is watched for hanging up; None if somebody else does that.

    Raises: Cancelled if the client hung up. The job's own error comes out of its `result`.
    """
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    pending: list[Event] = []

    def add(event: Event) -> None:
        if pending and isinstance(event, Partial) and isinstance(pending[-1], Partial):
            pending.pop()
        pending.append(event)
        news.set()

    def watch() -> None:
        try:
            job.watch(lambda event: _tell(loop, add, event))
        except ShowcaseError:
            job.future.exception()  # the ticket ends before the job does, and whoever waits for the job is told once
        finally:
            _tell(loop, news.set)

    threading.Thread(target=watch, name=f"watch {job.run_id[:8]}", daemon=True).start()
    gone = asyncio.create_task(hung_up(request)) if request else None
    try:
        while not job.finished or pending:
            arrived = asyncio.create_task(news.wait())
            await asyncio.wait([task for task in (arrived, gone) if task], return_when=asyncio.FIRST_COMPLETED)
            arrived.cancel()
            if gone is not None and gone.done():
                raise Cancelled("The client hung up.")
            news.clear()
            while pending:
                yield pending.pop(0)
    finally:
        if gone is not None:
            gone.cancel()
        if not job.finished:
            job.cancel()


def _tell(loop: asyncio.AbstractEventLoop, what: object, *args: object) -> None:
    """Call something in the loop's thread, unless the server has ended."""
    try:
        loop.call_soon_threadsafe(what, *args)  # type: ignore[arg-type]
    except RuntimeError:
        if not loop.is_closed():
            raise
