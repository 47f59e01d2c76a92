"""Whether something far away answers: found out quickly, remembered for a minute, never a hang.

Owns the remembering and the bound on waiting. What is asked, and how, is passed in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

WAIT_S = 2.0
"""The longest that anybody waits to learn whether they are offline."""

REMEMBERED_S = 60.0
"""How long an answer, yes or no, is good for."""


class Reach:
    """Ask `probe` in the background and remember what it said.

    The probe runs in a thread of its own because no timeout of a socket bounds the lookup of a name.
    """

    def __init__(
        self, probe: Callable[[], bool], clock: Callable[[], float] = time.monotonic, wait_s: float = WAIT_S
    ) -> None:
        self._probe = probe
        self._clock = clock
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._known: bool | None = None
        self._good_until = float("-inf")
        self._asking: threading.Event | None = None

    def now(self) -> bool | None:
        """Return what is known without waiting, None if nothing is; start to find out if that is old."""
        self._ask_if_old()
        return self._known

    def find_out(self) -> bool:
        """Return whether it answers; waits `wait_s` at most, and only when nothing recent is known."""
        asking = self._ask_if_old()
        if asking is not None and not asking.wait(self._wait_s):
            self._remember(False)  # an answer that comes later replaces this
        return bool(self._known)

    def _ask_if_old(self) -> threading.Event | None:
        """Return the event that ends the wait for an answer, None if the answer is known."""
        with self._lock:
            if self._clock() < self._good_until:
                return None
            if self._asking is None:
                self._asking = threading.Event()
                threading.Thread(target=self._ask, args=(self._asking,), name="reach", daemon=True).start()
            return self._asking

    def _ask(self, asking: threading.Event) -> None:
        answers = False
        try:
            answers = self._probe()
        finally:
            self._remember(answers)
            with self._lock:
                self._asking = None
            asking.set()

    def _remember(self, answers: bool) -> None:
        with self._lock:
            self._known = answers
            self._good_until = self._clock() + REMEMBERED_S
