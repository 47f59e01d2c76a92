"""How those are begun who join others that are being answered: one that cannot be is refused, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from core.tasks.spec import Newcomers, Watcher

Begun = TypeVar("Begun")


def begun_late(begin: Callable[[Any, Watcher], Begun], newcomers: Newcomers) -> Callable[[], list[Begun]]:
    """Return what asks for newcomers and returns what was begun of them.

    Args:
        begin: begins the answer of an input; raises what is wrong with it.
    """

    def begin_all() -> list[Begun]:
        begun = []
        for inputs, watcher in newcomers():
            try:
                begun.append(begin(inputs, watcher))
            except Exception as err:  # whatever it is: the others have done nothing wrong
                watcher.refuse(err)
        return begun

    return begin_all
