"""Texts that a decoder writes side by side: each ends by itself, and others join while they are written.

Owns how many tokens are written before newcomers are looked for, and who goes on with whom when one ends or joins. What
stands before a text, and what its tokens say, is its task's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.tasks.kept import Kept, carry
from core.tasks.prefix_cache import PrefixCache

WRITING_PER_PAUSE: Final = 4
"""How much longer than the last pause, in which others joined, is written before some may join again.

What is kept of all texts is carried to another place then, so that pauses take a fifth of the time at most.
"""

WORTH: Final = 0.5
"""How much of a prompt has to be known where several begin: it is then read by itself, not in rows with the others."""


@dataclass(eq=False)
class Growing:
    """Hold a text that is written.

    Args:
        prompt: the tokens that it goes on after; none where the model begins by itself.
        room: how many tokens may be written.
        limit: how many the model has places for, the prompt's included.
        goes_on: told of each token; returns whether more may follow.
        ended: told when the text is whole.
        reused: told how many of the prompt's tokens need not be read, where some need not.
    """

    prompt: Sequence[int]
    room: int
    limit: int
    goes_on: Callable[[int], bool]
    ended: Callable[[], None]
    reused: Callable[[int], None]
    tokens: list[int] = field(default_factory=list)
    is_whole: bool = False

    def take(self, token: int) -> None:
        """Note one more token."""
        self.tokens.append(token)
        if not self.goes_on(token) or len(self.tokens) >= self.room:
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


def write_together(pipe: Any, texts: Sequence[Growing], filler: int, options: Mapping[str, Any]) -> None:
    """Write texts to their ends, which have to be of one length, or be written as if they were, and have the same room.

    Args:
        filler: the token that stands before a shorter text, and behind one that has ended; nobody reads it.
        options: how tokens are chosen, as transformers' `generate` takes it.
    """
    _Stretch(texts).write(pipe, filler, options)


def write_open(
    pipe: Any,
    texts: Sequence[Growing],
    filler: int,
    options: Mapping[str, Any],
    newcomers: Callable[[], Sequence[Growing]],
    prefixes: PrefixCache,
) -> None:
    """Write texts to their ends, and those that join them, with a model of which `can_be_joined` says that it can.

    Args:
        newcomers: returns those that join, whenever asked.
        prefixes: what the model has read before.
    """
    cache: Any = None
    going_on: Sequence[Growing] = ()
    paused_s: float | None = None
    with prefixes.trusted():
        begun = _beginnings(texts, prefixes)
        if len(begun) == 1:
            cache, going_on = begun.pop()
        while begun or going_on:
            stretches = []
            if going_on:
                stretches.append(_Stretch(going_on, cache, newcomers, paused_s))
                stretches[0].write(pipe, filler, options)
                begun = _beginnings(stretches[0].joining, prefixes)
            for its, some in begun:
                stretches.append(_Stretch(some, its, most=1))
                stretches[-1].write(pipe, filler, options)
            paused_s = time.perf_counter()  # to read what joins is no more work than it is later
            (cache, going_on), begun = _those_left(stretches, prefixes), []


def _beginnings(texts: Sequence[Growing], prefixes: PrefixCache) -> list[tuple[Any, Sequence[Growing]]]:
    """Return texts in the groups in which they are read, each with the cache for it: a new one, or of what is known."""
    from transformers import DynamicCache

    found = {text: prefixes.longest(text.prompt) for text in texts}
    fewest = {text: 1 if len(texts) == 1 else WORTH * len(text.prompt) for text in texts}
    known = {text: kept for text, kept in found.items() if kept is not None and kept.tokens >= fewest[text]}
    for text, kept in known.items():
        text.reused(kept.tokens)
    new = [text for text in texts if text not in known]
    groups: list[tuple[Any, Sequence[Growing]]] = [(carry([kept])[0], [text]) for text, kept in known.items()]
    return [(DynamicCache(), new), *groups] if new else groups


def can_be_joined(model: Any) -> bool:
    """Return whether what a model keeps of a text can be put beside what it keeps of others.

    That is so for keys and values of every token, also where a layer looks at the last ones only: of these all are kept
    here. States of another kind are at a place of their own.
    """
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    said = model.generation_config
    if said.cache_implementation not in (None, "dynamic") or said.use_cache is False:
        return False
    if getattr(model.config.get_text_config(decoder=True), "attention_chunk_size", None) is not None:
        return False
    kinds = {type(layer) for layer in DynamicCache(config=model.config).layers}
    return kinds <= {DynamicLayer, DynamicSlidingWindowLayer}


class _Stretch:
    """Write texts until all are whole, or until it pays to go on with others.

    Args:
        cache: what the model keeps of the texts, of all but the last token of each, or of none; None for its own kind.
        paused_s: since when nothing is written, where something was.
        most: tokens of each text that are written at most.
    """

    def __init__(
        self,
        texts: Sequence[Growing],
        cache: Any = None,
        newcomers: Callable[[], Sequence[Growing]] | None = None,
        paused_s: float | None = None,
        *,
        most: int | None = None,
    ) -> None:
        self._texts, self._cache, self._newcomers, self._most = texts, cache, newcomers, most
        self._lengths = [text.length for text in texts]
        self._written, self._paused_s, self._open_s = 0, paused_s, 0.0
        self._ended_at: dict[Growing, int] = {}
        self.joining: Sequence[Growing] = ()

    def write(self, pipe: Any, filler: int, options: Mapping[str, Any]) -> None:
        """Write."""
        import torch
        from transformers import StoppingCriteriaList

        known = [text.known for text in self._texts]
        width = max(self._lengths)
        if self._cache is not None:
            width = max(width, self._cache.get_seq_length() + 1)
        read = [[filler] * (width - len(tokens)) + tokens for tokens in known]
        is_text = [[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in known]
        given = {"input_ids": read, "attention_mask": is_text} if width else {}
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
        if self._written == 1 and self._paused_s is not None:
            self._open_s = now_s + WRITING_PER_PAUSE * (now_s - self._paused_s)
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
        return bool(self.joining) or half_is_gone or beyond


def _those_left(stretches: Sequence[_Stretch], prefixes: PrefixCache) -> tuple[Any, list[Growing]]:
    """Return what a model keeps of the texts that are not whole, and these texts.

    What was read of the others is kept for texts that begin alike.
    """
    import torch

    texts = [one for stretch in stretches for one in stretch.kept()]
    left = [(text, kept) for text, kept in texts if not text.is_whole]
    ended = [(text.known, prefixes.wanted(text.known, kept)) for text, kept in texts if text.is_whole]
    wanted = [(tokens, kept) for tokens, kept in ended if kept is not None]
    caches = {id(kept.cache): kept.cache for _, kept in left}
    joined, apart = carry([kept for _, kept in left] if len(caches) > 1 else [], [kept for _, kept in wanted])
    for (tokens, kept), its in zip(wanted, apart, strict=True):
        prefixes.keep(tokens[: kept.tokens], its)
    if len(caches) == 1:
        (joined,) = caches.values()
        if len(left) < sum(kept.cache is joined for _, kept in texts):
            joined.batch_select_indices(torch.tensor([kept.row for _, kept in left]))
    return joined, [text for text, _ in left]
