"""Who is next and with whom: the line before one model, and one run of a batch.

Owns the order of service, the bound of the line, which requests share a run, and what happens to the
others when one of them fails or all together do not fit. Starts no thread and takes no lock: the worker that owns
the model does.
"""

from __future__ import annotations

import gc
import logging
import math
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from uuid import uuid4

from core.engine.ending import Ending, Join, nobody_joins
from core.engine.key import Loaded
from core.engine.pace import Pace
from core.engine.room import Room, is_out_of_memory, padded
from core.engine.serving import serving
from core.engine.ticket import Ticket
from core.errors import RunFailed, ShowcaseError
from core.tasks.spec import Tokens, batch_budget

log = logging.getLogger(__name__)

LENGTH_RATIO = 1.25
"""The longest input of a batch over its shortest: padding costs as much as content (FACTS.md, G.1.5).

Source: mixed texts of 32 clients, on ONNX Runtime int8, taking turns with 2 in one run: 317 a second instead of 301,
and 284 instead of 257 in a slower hour; in torch bfloat16, which gains more by larger batches, 172 instead of 180.
"""

LENGTH_RATIO_ON_GPU: Final = 4
"""The same on a GPU, where starting a run costs more than what is in it.

Source: the BERT of the benchmark on an H100, texts of 32 clients: 88 a second with 1.25 and 298 with 4.
"""

GUESS_ON_GPU: Final = 8
"""How many times the first guess a batch may hold on a GPU, until its times are known. Not measured by itself."""

SLACK = 8
"""Characters or milliseconds by which the longest may always be longer: two words more or less are no padding."""

WRITTEN_AT_ONCE: Final = 16
"""Texts that are written together at most, by a task that writes.

Source: 64 tokens of a Llama of 26 million weights took OpenVINO in 8 bits 222 ms for one text, 300 for 4, 625 for 16,
1,085 for 32, and torch in bfloat16 653, 865 and 1,744 for 16: beyond that each waits longer for little.
"""

READ_FOR_WRITING: Final = 4
"""How many times the first guess the prompts of such a run may hold, where nobody knows how many tokens fit: what they
take stays in memory to its end."""

TokensThatFit = Callable[[], float | None]
"""Says how many tokens the texts of a run may come to; None where there is no such limit."""

Prepared = Callable[[Any, Sequence[Ticket]], list[Any]]
"""Given a pipe and a batch, returns what the task's `run` is given."""

_DRIFT = 1 / 64
"""How far the turn moves with each batch at least, so that an endless row of newcomers passes nobody forever."""


class Line:
    """Keep what waits for one model in the order of service: round robin over clients.

    Each request gets a turn: one after its client's last one, but no earlier than the turn being served.
    A hundred requests of one client thus stand a turn apart, and another's first comes right after the
    batch that runs. (Start-time fair queueing, Goyal, Vin and Cheng, 1996.)

    Args:
        limit: how many may wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.room, self.pace = Room(), Pace()
        self._waiting: list[tuple[float, int, Ticket]] = []
        self._now = 0.0
        self._last: dict[str, float] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Ticket]:
        return (ticket for _, _, ticket in self._waiting)

    def is_full_for(self, client: str) -> bool:
        """Return whether there is no place. The last eighth is for clients who have nothing waiting."""
        room = self._limit - len(self._waiting)
        return room <= 0 or (room <= self._limit // 8 and any(ticket.client == client for ticket in self))

    def add(self, ticket: Ticket) -> None:
        """Put it in its place."""
        turn = max(self._now, self._last.get(ticket.client, -math.inf) + 1)
        self._last[ticket.client] = turn
        self._count += 1
        insort(self._waiting, (turn, self._count, ticket))

    def discard(self, ticket: Ticket) -> bool:
        """Take it out; False if it was not in."""
        kept = [entry for entry in self._waiting if entry[2] is not ticket]
        found = len(kept) < len(self._waiting)
        self._waiting = kept
        return found

    def take_all(self) -> list[Ticket]:
        """Take everybody, in the order of service."""
        everybody = list(self)
        self._waiting = []
        return everybody

    def take(self, device: str = "cpu", fits: TokensThatFit = lambda: None) -> list[Ticket]:
        """Take the first and all who can share its run on this device, at least one."""
        turn, _, head = self._waiting[0]
        self._now = max(self._now + _DRIFT, turn)
        batch = [head]
        shortest = longest = head.length
        ratio, slack = (LENGTH_RATIO if device == "cpu" else LENGTH_RATIO_ON_GPU), SLACK
        if head.task.alike:
            ratio, slack = 1.0, 0
        if head.task.writes:
            ratio = math.inf
        holds = self._bound(head, device, fits)
        for _, _, ticket in self._waiting[1:]:
            low, high = min(shortest, ticket.length), max(longest, ticket.length)
            is_like = high <= max(ratio * low, low + slack)
            if is_like and holds(len(batch) + 1, high) and _can_share(head, ticket):
                batch.append(ticket)
                shortest, longest = low, high
        taken = set(map(id, batch))
        self._waiting = [entry for entry in self._waiting if id(entry[2]) not in taken]
        self._forget_old_turns()
        return batch

    def take_more(
        self, running: Sequence[Ticket], device: str = "cpu", fits: TokensThatFit = lambda: None
    ) -> list[Ticket]:
        """Take those next in line who can join a run that answers others; nobody once the next one cannot.

        So whoever cannot join waits no longer than for the run to end.
        """
        head, taken = running[0], list[Ticket]()
        if not self._waiting or len(running) >= WRITTEN_AT_ONCE or not _can_share(head, self._waiting[0][2]):
            return taken  # before anybody looks how much memory there is: this is asked after every token
        longest, holds = max(ticket.length for ticket in running), self._bound(head, device, fits)
        for turn, _, ticket in self._waiting:
            longest = max(longest, ticket.length)
            if not holds(len(running) + len(taken) + 1, longest) or not _can_share(head, ticket):
                break
            taken.append(ticket)
            self._now = max(self._now + _DRIFT, turn)
        self._waiting = self._waiting[len(taken) :]
        self._forget_old_turns()
        return taken

    def _bound(self, head: Ticket, device: str, fits: TokensThatFit) -> Callable[[int, int], bool]:
        """Return what says whether a run with a request may hold so many, all as long as this."""
        guess = batch_budget(head.task) * (1 if device == "cpu" else GUESS_ON_GPU)
        if not head.task.writes:
            budget = min(self.pace.budget(guess), self.room.limit)
            return lambda count, longest: count * longest <= budget
        tokens, written = fits(), getattr(head.parameters, "max_new_tokens", 0)
        budget = min(self.room.limit, READ_FOR_WRITING * guess if tokens is None else math.inf)
        most = math.inf if tokens is None else tokens  # and a token is a letter at least, but for rare ones
        return lambda count, longest: (
            count <= WRITTEN_AT_ONCE and count * longest <= budget and count * (longest + written) <= most
        )

    def _forget_old_turns(self) -> None:
        self._last = {client: last for client, last in self._last.items() if last + 1 > self._now}


def _can_share(one: Ticket, other: Ticket) -> bool:
    if not one.task.batches or any(ticket.inputs is None or ticket.alone for ticket in (one, other)):
        return False
    if (one.streaming or other.streaming) and one.task.stream_together is None:
        return False
    return one.task is other.task and one.parameters == other.parameters


def run_batch(
    loaded: Loaded,
    batch: Sequence[Ticket],
    clock: Callable[[], float],
    settle: Callable[[Sequence[Ticket]], None],
    room: Room,
    pace: Pace,
    prepared: Prepared,
    join: Join = nobody_joins,
) -> None:
    """Run a batch and end each of its tickets, and of those that join it.

    Where memory runs out it is run in halves, down to single items. Where it raises anything else its items are run
    one by one, so that one fails alone: n + 1 runs, however many are bad.

    Args:
        settle: called with tickets that are about to end, so that the books are right when their callers look.
        room: what this model's batches may hold; told what ran and what did not.
        pace: what they are worth holding; told how long each took.
        prepared: makes the inputs of a batch ready for the run that follows; may raise what a run may.
        join: says who joins a run that can take more while it goes on. Nobody joins one that is repeated: whatever
            failed would fail with them again.
    """
    batch = [ticket for ticket in batch if ticket.is_wanted()]
    if not batch:
        return
    if len(batch) > 1 and padded(batch) > room.limit:
        for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
            run_batch(loaded, half, clock, settle, room, pace, prepared)
        return
    ending = Ending(loaded, batch, clock, settle, join, lambda err: told(err, "One of several texts failed"))
    began_s = clock()
    outputs: Any = None
    counts: list[Tokens | None] = []
    problem: ShowcaseError | None = None
    ran_out = False
    try:
        with serving(batch):
            outputs = _outputs(loaded.pipe, batch, prepared, ending)
        counts = ending.counts(outputs)
    except Exception as err:
        ran_out = is_out_of_memory(err)
        if ran_out:
            log.warning("No memory for a run of %d, padded to %d: %s", len(batch), padded(batch), str(err))
            problem = room.refusal(batch[0])
        else:
            problem = told(err, "A run of %d failed", len(ending.batch))
    # Outside the except block, so that nothing of the failed run is kept alive meanwhile.
    if ran_out:
        gc.collect()
    if problem is not None and len(ending.batch) > 1:
        left = ending.left
        parts = [[ticket] for ticket in left]
        if ran_out and len(left) > 1:
            room.ran_out(left)  # which leaves it over the limit, so that its halves are run
            parts = [left]
        for part in parts:
            run_batch(loaded, part, clock, settle, room, pace, prepared)
        return
    batch, ran_s = ending.batch, clock() - began_s
    if problem is None and (not isinstance(outputs, list | tuple) or len(outputs) != len(batch)):
        problem = told(
            TypeError(f"run returned {type(outputs).__name__} for {len(batch)} inputs"), "A run broke its word"
        )
    settle(ending.left)
    if problem is not None:
        for ticket in batch:
            ticket.fail(problem)
        return
    for ticket, output, tokens in zip(batch, outputs, counts, strict=True):
        ending.answer(ticket, output, tokens)
    room.ran(batch)
    if batch[0].inputs is not None and not batch[0].streaming and not batch[0].task.writes:
        pace.ran(padded(batch), ran_s)


def _outputs(pipe: Any, batch: Sequence[Ticket], prepared: Prepared, ending: Ending) -> Any:
    head = batch[0]
    if head.inputs is None:
        return [None]
    if head.task.stream_together is not None:
        inputs = [ticket.inputs for ticket in batch]
        return head.task.stream_together(pipe, inputs, head.parameters, ending.watchers(), ending.newcomers)
    if head.streaming and head.task.stream is not None:
        return [head.task.stream(pipe, head.inputs, head.parameters, head.emit, head.stopped)]
    return head.task.run(pipe, prepared(pipe, batch), head.parameters)


def told(err: BaseException, what: str, *args: object) -> ShowcaseError:
    """Return what a caller is told of `err`: itself if it is meant for them, else an id of its log entry."""
    if isinstance(err, ShowcaseError):
        return without_frames(err)
    number = uuid4().hex[:8]
    log.error(what + " [%s]", *args, number, exc_info=err)
    return RunFailed(
        "The model could not answer this input.",
        hint=f"Try another one; if that fails too, tell the owner of this showcase the number {number}.",
    )


def without_frames(error: ShowcaseError) -> ShowcaseError:
    """Return it without the frames it came through: they hold the pipe and half-loaded weights alive."""
    links: list[BaseException | None] = [error]
    while links:
        link = links.pop()
        if link is not None:
            link.__traceback__ = None
            links += [link.__cause__, link.__context__ if link.__context__ is not link.__cause__ else None]
    return error
