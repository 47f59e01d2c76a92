"""Texts that a decoder writes, token by token, and a stretch of writing some of them side by side.

Owns when a stretch ends: when its texts are whole, or when it pays to go on with others. Who these are is
`core.tasks.together`'s; what stands before a text, and what its tokens say, is its task's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.tasks.kept import Kept

SAYS: Final = 16
"""Tokens that are read in one go which say how fast a model reads; one after the other they take much longer."""


@dataclass(eq=False)
class Growing:
    """Hold a text that is written.

    Args:
        prompt: the tokens that it goes on after; none where the model begins by itself.
        room: how many tokens may be written.
        limit: how many the model has places for, the prompt's included.
        goes_on: told of each token; returns whether more may follow.
        stopped: says whether it may end as it is.
        ended: told when the text is whole.
        reused: told how many of the prompt's tokens need not be read, where some need not.
    """

    prompt: Sequence[int]
    room: int
    limit: int
    goes_on: Callable[[int], bool]
    stopped: Callable[[], bool]
    ended: Callable[[], None]
    reused: Callable[[int], None]
    tokens: list[int] = field(default_factory=list)
    is_whole: bool = False

    def take(self, token: int) -> None:
        """Note one more token."""
        self.tokens.append(token)
        if not self.goes_on(token) or self.stopped() or len(self.tokens) >= self.room:
            self.end()

    def end(self) -> None:
        """Leave it as it is."""
        self.is_whole = True
        self.ended()

    @property
    def known(self) -> list[int]:
        """Return its tokens, the prompt's included."""
        return [*self.prompt, *self.tokens]

    @property
    def length(self) -> int:
        """Return how many tokens there are, the prompt's included."""
        return len(self.prompt) + len(self.tokens)


class Stretch:
    """Write texts until all are whole, or until it pays to go on with others.

    Args:
        cache: what the model keeps of the texts, of all but the last token of each, or of none; None for its own kind.
        newcomers: returns those that join; None where nobody can, and all are written to their ends.
        open_s: from when on it is asked for newcomers, and whenever half of the texts have ended.
        ends_s: when others are to be written or read.
        most: tokens of each text that are written at most.

    `joining` are the newcomers for whom it has ended, `reads_per_s` is how many tokens the model reads in a second; 0
    where too few were read to say.
    """

    def __init__(
        self,
        texts: Sequence[Growing],
        cache: Any = None,
        newcomers: Callable[[], Sequence[Growing]] | None = None,
        *,
        open_s: float = 0.0,
        ends_s: float = math.inf,
        most: int | None = None,
    ) -> None:
        self._texts, self._cache, self._newcomers, self._most = texts, cache, newcomers, most
        self._open_s, self._ends_s = open_s, ends_s
        self._lengths = [text.length for text in texts]
        self._written = 0
        self._ended_at: dict[Growing, int] = {}
        self._began_s, self._reads = 0.0, 0
        self.joining: Sequence[Growing] = ()
        self.reads_per_s = 0.0

    def write(self, pipe: Any, filler: int, options: Mapping[str, Any]) -> None:
        """Write."""
        import torch
        from transformers import StoppingCriteriaList

        known = [text.known for text in self._texts]
        kept = self._cache.get_seq_length() if self._cache is not None else 0
        width = max(max(self._lengths), kept + 1)
        self._began_s, self._reads = time.perf_counter(), len(known) * (width - kept)
        read = [[filler] * (width - len(tokens)) + tokens for tokens in known]
        is_text = [[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in known]
        given = {"input_ids": read, "attention_mask": is_text} if any(self._lengths) else {}
        with torch.inference_mode():
            made = pipe.model.generate(
                **{name: torch.tensor(rows, device=pipe.device) for name, rows in given.items()},
                past_key_values=self._cache,
                num_beams=1,  # whatever the model's makers recommend: it is one text each that grows
                num_return_sequences=1,
                max_new_tokens=max(text.room - len(text.tokens) for text in self._texts),
                pad_token_id=filler,
                stopping_criteria=StoppingCriteriaList([self._note]),
                return_dict_in_generate=True,
                **options,
            )
        self._cache = made.get("past_key_values")

    def kept(self) -> list[tuple[Growing, Kept]]:
        """Return where it is kept what was read of each text.

        The last token of all was not read. Behind a text that ended before stands its own last, and what fills up.
        """
        found = []
        for row, text in enumerate(self._texts):
            since = self._written - self._ended_at.get(text, self._written)
            tokens, behind = (text.length, since - 1) if since else (text.length - 1, 0)
            found.append((text, Kept(self._cache, row, tokens, behind)))
        return found

    def _note(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        """Note a token of each text; return which of them end, as `generate` asks after each."""
        import torch

        self._written += 1
        now_s = time.perf_counter()
        if self._written == 1 and self._reads >= SAYS:
            self.reads_per_s = self._reads / (now_s - self._began_s)
        for text, token in zip(self._texts, input_ids[:, -1].tolist(), strict=True):
            if not text.is_whole:
                text.take(token)
                if text.is_whole:
                    self._ended_at[text] = self._written
        end = self._is_to_end(now_s)
        return torch.tensor([end or text.is_whole for text in self._texts], device=input_ids.device)

    def _is_to_end(self, now_s: float) -> bool:
        left = sum(not text.is_whole for text in self._texts)
        if self._written == self._most or not left:
            return True
        if self._newcomers is None:
            return False
        half_is_gone = 2 * left <= len(self._texts)
        if now_s >= self._open_s or half_is_gone:
            self.joining = self._newcomers()
        # What fills up behind a text that has ended stands at places, too.
        beyond = any(
            text.is_whole and length + self._written > text.limit
            for text, length in zip(self._texts, self._lengths, strict=True)
        )
        return bool(self.joining) or half_is_gone or beyond or now_s >= self._ends_s
