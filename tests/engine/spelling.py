"""A task that writes a letter of each text at a time, and lets others join in between."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import BadInput
from core.tasks.spec import Newcomers, Watcher, nobody_comes
from core.values import Text
from tests.engine.fakes import Pipe, Suffix, make_task, text


def spell(
    pipe: Pipe,
    inputs: Sequence[Text],
    parameters: Suffix,  # nothing is added
    watchers: Sequence[Watcher],
    newcomers: Newcomers = nobody_comes,
) -> list[Text]:
    """Write, each letter of all texts at one permit; do what the texts say."""
    running, said = [*zip(inputs, watchers, strict=True)], [""] * len(inputs)
    ended: set[int] = set()
    while len(ended) < len(running):
        left = [at for at in range(len(running)) if at not in ended]
        for at in left:
            wanted, watcher = running[at]
            said[at] = wanted.text[: len(said[at]) + 1]
            if watcher.emit is not None:
                watcher.emit(text(said[at]))
        together = [said[at] for at in left]
        pipe.enter(together)
        pipe.leave()
        if any(one.endswith("#") for one in together):
            raise ValueError("secret detail")
        if any(one.endswith("~") for one in together):
            raise SystemExit("killed")
        if any(one.endswith("+") for one in together) and len(together) > 1:
            raise MemoryError
        for at in left:
            wanted, watcher = running[at]
            if said[at] == wanted.text or watcher.stopped():
                ended.add(at)
                watcher.end(text(said[at]))
        for one, watcher in newcomers():
            if one.text.startswith("?"):
                watcher.refuse(BadInput("No questions.", hint="Say something."))
            else:
                running.append((one, watcher))
                said.append("")
    return [text(one) for one in said]


SPELLING = make_task(stream=lambda *_: None, stream_together=spell, writes=True)
