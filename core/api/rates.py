"""How often and how many at once: the counts that are kept of each client.

Owns the arithmetic of limits. Knows no request: a client is a name.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from core.errors import RateLimited

CLIENTS_KEPT: Final = 10_000
"""How many clients' counts are remembered; beyond it the one that was seen the longest ago is forgotten."""

_MINUTE_S, _DAY_S = 60.0, 86_400.0


@dataclass(frozen=True)
class Allowance:
    """Say how much one client may do."""

    per_minute: int
    per_day: int
    at_once: int


class Window:
    """Count what happened within the last so many seconds, in two numbers.

    What happened in the window before this one counts by the share of it that is still within reach.
    """

    def __init__(self, limit: int, length_s: float, now_s: float) -> None:
        self._limit, self._length_s = limit, length_s
        self._began_s, self._count, self._before = now_s, 0, 0

    def wait_s(self, count: int, now_s: float) -> float:
        """Return the seconds until `count` more fit in; 0 if they do now."""
        self._turn(now_s)
        left_s = self._began_s + self._length_s - now_s
        if self._before * left_s / self._length_s + self._count + count <= self._limit:
            return 0.0
        room = self._limit - self._count - count
        if room >= 0 and self._before:
            return left_s - room * self._length_s / self._before
        # In the next window this one counts in full at first, then less and less.
        room = max(0, self._limit - count)
        return left_s + self._length_s * max(0.0, 1 - room / max(1, self._count))

    def add(self, count: int) -> None:
        """Count so many."""
        self._count += count

    def _turn(self, now_s: float) -> None:
        passed = math.floor((now_s - self._began_s) / self._length_s)
        if passed > 0:
            self._before, self._count = (self._count if passed == 1 else 0), 0
            self._began_s += passed * self._length_s


class _Account:
    def __init__(self, allowance: Allowance, now_s: float) -> None:
        self.minute = Window(allowance.per_minute, _MINUTE_S, now_s)
        self.day = Window(allowance.per_day, _DAY_S, now_s)
        self.under_way = 0


class Rates:
    """Hold every client to its allowance. Used from the server's one thread only.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def spend(self, client: str, allowance: Allowance, count: int = 1) -> None:
        """Count calls of a client.

        Raises: RateLimited, naming the limit and when to come back; what is refused is not counted.
        """
        account, now_s = self._account(client, allowance), self._clock()
        waits = (
            (account.minute.wait_s(count, now_s), f"{allowance.per_minute} calls a minute"),
            (account.day.wait_s(count, now_s), f"{allowance.per_day} calls a day"),
        )
        wait_s, limit = max(waits)
        if wait_s > 0:
            raise RateLimited(
                f"This client may make {limit}.", hint=f"Try again in {math.ceil(wait_s)} s.", retry_after_s=wait_s
            )
        account.minute.add(count)
        account.day.add(count)

    @contextmanager
    def under_way(self, client: str, allowance: Allowance) -> Iterator[None]:
        """Count a call as under way while the block runs.

        Raises: RateLimited if as many are under way as this client may have at once.
        """
        account = self._account(client, allowance)
        if account.under_way >= allowance.at_once:
            raise RateLimited(
                f"This client may have {allowance.at_once} calls under way at once.",
                hint="Wait for the answer to one of them.",
                retry_after_s=1.0,
            )
        account.under_way += 1
        try:
            yield
        finally:
            account.under_way -= 1

    def _account(self, client: str, allowance: Allowance) -> _Account:
        account = self._accounts.get(client)
        if account is None:
            account = self._accounts[client] = _Account(allowance, self._clock())
            oldest = next(iter(self._accounts))
            if len(self._accounts) > CLIENTS_KEPT and not self._accounts[oldest].under_way:
                del self._accounts[oldest]
        self._accounts.move_to_end(client)
        return account
