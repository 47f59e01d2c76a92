"""What the tasks that write token by token share: the parameters of drawing tokens, and writing while one looks on.

Owns how a growing text is handed on, and how a generation is stopped between two tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Any

from pydantic import Field

from core.tasks.spec import Parameters
from core.tasks.stopping import settled, stop_each_when


class GenerationParameters(Parameters):
    """Tune how tokens are chosen, one after the other."""

    max_new_tokens: int = Field(200, ge=1, le=1000, description="The most tokens to write.")
    do_sample: bool = Field(True, description="Draw each token by chance; off: always take the likeliest.")
    temperature: float = Field(0.8, ge=0.05, le=2.0, description="How bold the draws are; low is safe, high is wild.")
    top_p: float = Field(
        0.95, ge=0.05, le=1.0, description="Draw only from the likeliest tokens with this much weight."
    )
    top_k: int = Field(50, ge=1, le=500, description="Draw only from this many of the likeliest tokens.")
    repetition_penalty: float = Field(1.0, ge=1.0, le=2.0, description="Above 1: avoid what was already said.")

    def options(self) -> dict[str, Any]:
        """Return them as transformers' `generate` takes them; how to draw only where tokens are drawn."""
        unused = set() if self.do_sample else {"temperature", "top_p", "top_k"}
        return self.model_dump(include=set(GenerationParameters.model_fields) - unused)


def watched(tokenizer: Any, emit: Callable[[str], None], stopped: Callable[[], bool]) -> dict[str, Any]:
    """Return the options of `generate` that let a caller see the text grow, and end it.

    Args:
        emit: gets the whole text so far, each time it has grown; the prompt is not part of it.
        stopped: looked at before each token.
    """
    return watched_together(tokenizer, [emit], [stopped], lambda _row, _tokens: None)


def watched_together(
    tokenizer: Any,
    emits: Sequence[Callable[[str], None]],
    stopped: Sequence[Callable[[], bool]],
    ended: Callable[[int, Sequence[int]], None],
    stop: Sequence[str] = (),
    ends: Set[int] = frozenset(),
) -> dict[str, Any]:
    """Return the same of several texts that are written at once, each with its own caller.

    Its streamer keeps in `tokens` what was written of each: what ended is filled up while others go on.

    Args:
        ended: told which text has ended, and its tokens.
        stop: sequences that end a text; no part of one is ever handed on.
        ends: tokens after which nothing of a text follows.
    """
    from transformers import TextStreamer
    from transformers.generation.streamers import BaseStreamer

    class Emit(TextStreamer):  # type: ignore[misc]  # transformers has no types
        """Hand on each finished piece of a text instead of printing it."""

        def __init__(self, emit: Callable[[str], None]) -> None:
            super().__init__(tokenizer, skip_special_tokens=True)
            self._emit = emit
            self._written = self._shown = ""

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:  # noqa: ARG002  # its signature
            self._written += text
            sure = settled(self._written, stop)
            if sure != self._shown:
                self._shown = sure
                self._emit(sure)

    class Rows(BaseStreamer):  # type: ignore[misc]
        """Give each text its own tokens, as long as it is written."""

        def __init__(self) -> None:
            self._texts = [Emit(emit) for emit in emits]
            self._going_on = set(range(len(self._texts)))
            self._is_prompt = True
            self.tokens: list[list[int]] = [[] for _ in self._texts]

        def put(self, value: Any) -> None:
            if self._is_prompt:
                self._is_prompt = False
                return
            for row in sorted(self._going_on):
                token = int(value[row])
                self.tokens[row].append(token)
                self._texts[row].put(value[row : row + 1])
                if token in ends or stopped[row]():
                    self._finish(row)

        def end(self) -> None:
            for row in sorted(self._going_on):
                self._finish(row)

        def _finish(self, row: int) -> None:
            self._going_on.remove(row)
            self._texts[row].end()
            ended(row, self.tokens[row])

    return {"streamer": Rows(), "stopping_criteria": [stop_each_when(lambda: [one() for one in stopped])]}
