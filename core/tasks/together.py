"""Texts that a decoder writes side by side: each ends by itself, and others join while they are written.

Owns how many tokens are written before newcomers are looked for, and what becomes of the keys and values that a model
keeps of each text when one ends or joins. What stands before a text, and what its tokens say, is its task's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

WRITING_PER_PAUSE: Final = 4
"""How much longer than the last pause, in which others joined, is written before some may join again.

What is kept of all texts is carried to another place then, so that pauses take a fifth of the time at most.
"""


@dataclass(eq=False)
class Growing:
    """Hold a text that is written.

    Args:
        prompt: the tokens that it goes on after; none where the model begins by itself.
        room: how many tokens may be written.
        limit: how many the model has places for, the prompt's included.
        goes_on: told of each token; returns whether more may follow.
        ended: told when the text is whole.
    """

    prompt: Sequence[int]
    room: int
    limit: int
    goes_on: Callable[[int], bool]
    ended: Callable[[], None]
    tokens: list[int] = field(default_factory=list)
    is_whole: bool = False

    def take(self, token: int) -> None:
        """Note one more token."""
        self.tokens.append(token)
        if not self.goes_on(token) or len(self.tokens) >= self.room:
            self.is_whole = True
            self.ended()

    @property
    def length(self) -> int:
        """Return how many tokens there are, the prompt's included."""
        return len(self.prompt) + len(self.tokens)


def write_together(
    pipe: Any,
    texts: Sequence[Growing],
    filler: int,
    options: Mapping[str, Any],
    newcomers: Callable[[], Sequence[Growing]] | None = None,
) -> None:
    """Write texts to their ends, and those that join them.

    Args:
        filler: the token that stands before a shorter text, and behind one that has ended; nobody reads it.
        options: how tokens are chosen, as transformers' `generate` takes it.
        newcomers: returns those that join, whenever asked; None where none can, as `can_be_joined` says. The texts
            then have to be of one length, or be written as if they were, and have the same room.
    """
    cache: Any = None
    paused_s: float | None = None
    while texts:
        stretch = _Stretch(texts, newcomers, paused_s)
        groups = [(stretch.write(pipe, cache, filler, options), texts)]
        if stretch.joining:
            beginning = _Stretch(stretch.joining, most=1)
            groups.append((beginning.write(pipe, None, filler, options), stretch.joining))
        paused_s = time.perf_counter()  # to read what joins is no more work than it is later
        cache, texts = _those_left(groups)
        groups.clear()  # what was kept where it was is let go of before more is written


def can_be_joined(model: Any) -> bool:
    """Return whether what a model keeps of a text can be put beside what it keeps of others.

    That is so for keys and values of every token; windows and states of another kind are at a place of their own.
    """
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    said = model.generation_config
    if said.cache_implementation not in (None, "dynamic") or said.use_cache is False:
        return False
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=model.config).layers)


class _Stretch:
    """Write texts until all are whole, or until it pays to go on with others.

    Args:
        paused_s: since when nothing is written, where something was.
        most: tokens of each text that are written at most.
    """

    def __init__(
        self,
        texts: Sequence[Growing],
        newcomers: Callable[[], Sequence[Growing]] | None = None,
        paused_s: float | None = None,
        *,
        most: int | None = None,
    ) -> None:
        self._texts, self._newcomers, self._most = texts, newcomers, most
        self._lengths = [text.length for text in texts]
        self._written, self._paused_s, self._open_s = 0, paused_s, 0.0
        self.joining: Sequence[Growing] = ()

    def write(self, pipe: Any, cache: Any, filler: int, options: Mapping[str, Any]) -> Any:
        """Write; return what the model keeps of the texts.

        Args:
            cache: what it keeps of them so far, all but the last token of each; None where nothing is read yet.
        """
        import torch
        from transformers import StoppingCriteriaList

        known = [[*text.prompt, *text.tokens] for text in self._texts]
        width = max(self._lengths) if cache is None else cache.get_seq_length() + 1
        read = [[filler] * (width - len(tokens)) + tokens for tokens in known]
        is_text = [[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in known]
        given = {"input_ids": read, "attention_mask": is_text} if width else {}
        with torch.inference_mode():
            made = pipe.model.generate(
                **{name: torch.tensor(rows, device=pipe.device) for name, rows in given.items()},
                past_key_values=cache,
                num_beams=1,  # whatever the model's makers recommend: it is one text each that grows
                num_return_sequences=1,
                max_new_tokens=max(text.room - len(text.tokens) for text in self._texts),
                pad_token_id=filler,
                stopping_criteria=StoppingCriteriaList([self._note]),
                return_dict_in_generate=True,
                **options,
            )
        return made.get("past_key_values")

    def _note(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        """Note a token of each text; return which of them end, as `generate` asks after each."""
        import torch

        self._written += 1
        now_s = time.perf_counter()
        if self._written == 1 and self._paused_s is not None:
            self._open_s = now_s + WRITING_PER_PAUSE * (now_s - self._paused_s)
        for text, token in zip(self._texts, input_ids[:, -1].tolist(), strict=True):
            if not text.is_whole:
                text.take(token)
        end = self._is_to_end(now_s)
        return torch.tensor([end or text.is_whole for text in self._texts], device=input_ids.device)

    def _is_to_end(self, now_s: float) -> bool:
        left = sum(not text.is_whole for text in self._texts)
        if self._written == self._most or not left:
            return True
        if self._newcomers is None:
            return False
        if now_s >= self._open_s:
            self.joining = self._newcomers()
        # What fills up behind a text that has ended stands at places, too.
        beyond = any(
            text.is_whole and length + self._written > text.limit
            for text, length in zip(self._texts, self._lengths, strict=True)
        )
        return bool(self.joining) or 2 * left <= len(self._texts) or beyond


def _those_left(groups: Sequence[tuple[Any, Sequence[Growing]]]) -> tuple[Any, list[Growing]]:
    """Return what a model keeps of the texts of groups that are not whole, and these texts."""
    import torch

    rows_of = [[row for row, text in enumerate(texts) if not text.is_whole] for _, texts in groups]
    left = [(cache, texts, rows) for (cache, texts), rows in zip(groups, rows_of, strict=True) if rows]
    going_on = [texts[row] for _, texts, rows in left for row in rows]
    if len(left) > 1:  # of each all but the last token was read
        kept = [Kept(cache, row, texts[row].length - 1) for cache, texts, rows in left for row in rows]
        return _side_by_side(kept), going_on
    for cache, texts, rows in left:
        if len(rows) < len(texts):
            cache.batch_select_indices(torch.tensor(rows))
        return cache, going_on
    return None, []


class Kept(NamedTuple):
    """Say where it is kept what was read of a text: in which cache, in which row there, and how many tokens."""

    cache: Any
    row: int
    tokens: int


def _side_by_side(texts: Sequence[Kept]) -> Any:
    """Return what is kept of several texts as one cache; a program keeps its own, and does that by itself."""
    from transformers import DynamicCache

    own = getattr(texts[0].cache, "side_by_side", None)
    if own is not None:
        return own(texts)
    joined = DynamicCache()
    for layer in range(len(texts[0].cache.layers)):
        both = ([getattr(text.cache.layers[layer], which) for text in texts] for which in ("keys", "values"))
        joined.update(*(in_rows(kept, texts) for kept in both), layer)
    return joined


def in_rows(kept: Sequence[Any], texts: Sequence[Kept]) -> Any:
    """Return keys or values of one layer, of shape (texts, heads, tokens, width), each text's from where they are.

    A shorter one is filled up in front, where nobody looks: whoever reads on says what of each is text.
    """
    longest = max(text.tokens for text in texts)
    rows = kept[0].new_zeros((len(texts), kept[0].shape[1], longest, kept[0].shape[3]))
    for row, its, text in zip(rows, kept, texts, strict=True):
        row[:, longest - text.tokens :] = its[text.row, :, -text.tokens :]
    return rows
