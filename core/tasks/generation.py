"""What the tasks that write token by token share: the parameters of drawing tokens, and writing while one looks on.

Owns how a growing text is handed on, and how a generation is stopped between two tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    return {
        "streamer": shown_to(emit, tokenizer, skip_prompt=True),
        "stopping_criteria": [stop_each_when(lambda: [stopped()])],
    }


def shown_to(
    emit: Callable[[str], None], tokenizer: Any, stop: Sequence[str] = (), *, skip_prompt: bool = False
) -> Any:
    """Return a streamer of transformers that hands on each finished piece of a text.

    Args:
        stop: sequences that end the text; no part of one is ever handed on.
        skip_prompt: whether the first tokens are not the text's own.
    """
    from transformers import TextStreamer

    class Emit(TextStreamer):  # type: ignore[misc]  # transformers has no types
        """Hand on what it would print."""

        written = shown = ""

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:  # noqa: ARG002  # its signature
            self.written += text
            sure = settled(self.written, stop)
            if sure != self.shown:
                self.shown = sure
                emit(sure)

    return Emit(tokenizer, skip_prompt=skip_prompt, skip_special_tokens=True)
