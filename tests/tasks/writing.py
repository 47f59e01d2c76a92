"""What tests of generated texts share: a loaded checkpoint, what it writes, who sees it grow, and who joins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from core.tasks import get_task
from core.tasks.spec import Checkpoint, Watcher
from core.values import Chat, Text

TASK: Final = get_task("text-generation")
GREEDY: Final = {"max_new_tokens": 12, "do_sample": False}


def loaded(folder: Path) -> Any:
    """Return a checkpoint as the task loads it."""
    pipe = TASK.load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    return pipe


def written(pipe: Any, inputs: Text | Chat, **parameters: Any) -> str:
    """Return what is written after one input, always the likeliest unless the parameters say otherwise."""
    (answer,) = TASK.answers(pipe, [inputs], TASK.checked_parameters({**GREEDY, **parameters}))
    return str(answer.text)


def until(tokens: int) -> Watcher:
    """Return one who has enough after so many tokens."""
    asked = count(1)
    return Watcher(stopped=lambda: next(asked) >= tokens)


class Watching:
    """See a text grow, and have enough after so many times.

    Args:
        order: notes who has ended.
    """

    def __init__(self, enough: int = 10**9, order: list[Watching] | None = None) -> None:
        self.seen: list[str] = []
        self.enough = enough
        self.order = [] if order is None else order
        self.whole: Any = None
        self.known = 0

    def emit(self, part: Any) -> None:
        self.seen.append(part.text)

    def reused(self, tokens: int) -> None:
        self.known = tokens

    def stopped(self) -> bool:
        return len(self.seen) >= self.enough

    def end(self, whole: Any) -> None:
        assert self.whole is None
        self.whole = whole
        self.order.append(self)


class Door:
    """Let texts in, some each time it is asked.

    Args:
        at_once: how many.
        after: how often it is asked for nothing before.
    """

    def __init__(self, inputs: Sequence[Text], at_once: int = 1, after: int = 0) -> None:
        self._waiting, self._at_once, self._left = list(inputs), at_once, after
        self.watching = [Watching() for _ in inputs]
        self.refused: list[Exception] = []
        self.asked = 0

    def __call__(self) -> list[tuple[Text, Watcher]]:
        self.asked += 1
        if self.asked <= self._left:
            return []
        some = [self._waiting.pop(0) for _ in range(min(self._at_once, len(self._waiting)))]
        first = len(self.watching) - len(self._waiting) - len(some)
        return [(one, self._watcher(first + at)) for at, one in enumerate(some)]

    def _watcher(self, at: int) -> Watcher:
        watching = self.watching[at]
        return Watcher(watching.emit, watching.stopped, watching.end, self.refused.append, watching.reused)
