"""Inputs read on behalf of routes: in the server's own thread only what costs nothing."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool

from core.runtime import Runtime
from core.tasks.spec import Task
from core.values import Chat, Table, Text, Value, fields_of


async def read_input(of: Runtime, task: Task, given: Any) -> Value:
    """Read one input; files are decoded in another thread, so that nobody waits for them.

    Raises: BadInput, TooLarge or UnsupportedMedia.
    """
    if all(item.atom in (Text, Chat, Table) for item in fields_of(task.input)):
        return of.showcase.read_input(task, given)
    return await run_in_threadpool(of.showcase.read_input, task, given)
