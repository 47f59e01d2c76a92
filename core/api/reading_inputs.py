"""Inputs read on behalf of routes: fetched where they are named, decoded beside the server's own thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from core.api.fetching import Fetches
from core.engine.torch_setup import allowed_cpus
from core.media import sniff
from core.runtime import Runtime
from core.tasks.spec import Task
from core.values import Chat, Table, Text, Value, fields_of

QUICK_BYTES: Final = 1_000_000
"""Files up to this, of a kind that this process decodes, are read by as many threads as there are processors: they take
milliseconds. Whoever sends more, or what another process has to decode, keeps nobody waiting here.

Source: 32 clients' sounds of 64 kB were answered 290 a second, and 258 where each had one of forty threads, that wait
for the interpreter all at once; pictures of 56 kB 187 and 180.
"""

_quick_readers = ThreadPoolExecutor(allowed_cpus(), thread_name_prefix="read inputs")


async def read_input(of: Runtime, task: Task, given: Any, fetches: Fetches) -> Value:
    """Read one input; files are decoded in another thread, so that nobody waits for them.

    Raises: BadInput, TooLarge, TooSlow or UnsupportedMedia.
    """
    given = await fetches.files_in(task, given)
    if all(item.atom in (Text, Chat, Table) for item in fields_of(task.input)):
        return of.showcase.read_input(task, given)
    if isinstance(given, bytes) and len(given) <= QUICK_BYTES and sniff(given).is_decoded_here:
        return await asyncio.get_running_loop().run_in_executor(_quick_readers, _read_file, of, task, given)
    return await run_in_threadpool(_read_file, of, task, given)


def _read_file(of: Runtime, task: Task, given: Any) -> Value:
    value = of.showcase.read_input(task, given)
    value.digest()  # here, where only its sender waits: of a large picture it takes milliseconds
    return value
