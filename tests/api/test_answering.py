"""Following a job whose ticket ends before it does."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

from core.api.answering import events
from core.errors import BadInput
from core.job import Run

TURNS = 2000
"""How often the loop may turn meanwhile; a thread that has nothing to wait for ends within a few."""


class RefusedJob:
    """Be refused at once, and finished only when the test says so."""

    run_id = "f" * 32

    def __init__(self) -> None:
        self.future: Future[Run] = Future()

    @property
    def finished(self) -> bool:
        return self.future.done()

    def watch(self, _: Any) -> None:
        raise BadInput("No.")


def test_whoever_follows_a_job_hears_of_its_end_though_its_ticket_ended_long_before() -> None:
    async def follow() -> object:
        job: Any = RefusedJob()
        following = asyncio.ensure_future(anext(events(job), None))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        job.future.set_exception(BadInput("No."))
        return await asyncio.wait_for(following, 10)

    assert asyncio.run(follow()) is None
