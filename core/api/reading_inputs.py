"""Inputs read on behalf of routes: fetched where they are named, decoded beside the server's own thread."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool

from core.api.fetching import Fetches
from core.runtime import Runtime
from core.tasks.spec import Task
from core.values import Chat, Table, Text, Value, fields_of


async def read_input(of: Runtime, task: Task, given: Any, fetches: Fetches) -> Value:
    """Read one input; files are decoded in another thread, so that nobody waits for them.

    Raises: BadInput, TooLarge, TooSlow or UnsupportedMedia.
    """
    given = await fetches.files_in(task, given)
    if all(item.atom in (Text, Chat, Table) for item in fields_of(task.input)):
        return of.showcase.read_input(task, given)
    return await run_in_threadpool(_read_file, of, task, given)


def _read_file(of: Runtime, task: Task, given: Any) -> Value:
    value = of.showcase.read_input(task, given)
    value.digest()  # here, where only its sender waits: of a large picture it takes milliseconds
    return value
