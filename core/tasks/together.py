"""Texts that a decoder writes side by side: each ends by itself, and others join while they are written.

Owns who goes on with whom when one ends or joins, how a long prompt is read while others are written, and what of a
text is kept beyond its end. How some are written until then is `core.tasks.growing`'s.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.tasks.growing import Growing, Stretch
from core.tasks.kept import carry
from core.tasks.prefix_cache import PrefixCache

WORTH: Final = 0.5
"""How much of a prompt has to be known where several begin: it is then read by itself, not in rows with the others."""

PIECE_S: Final = 0.25
"""How long texts stand still, about, while some of a longer prompt is read: nobody takes that for the end of one."""


def write_together(pipe: Any, texts: Sequence[Growing], filler: int, options: Mapping[str, Any]) -> None:
    """Write texts to their ends, which have to be of one length, or be written as if they were, and have the same room.

    Args:
        filler: the token that stands before a shorter text, and behind one that has ended; nobody reads it.
        options: how tokens are chosen, as transformers' `generate` takes it.
    """
    Stretch(texts).write(pipe, filler, options)


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
    reads_per_s = 0.0
    with prefixes.trusted():
        begun = _beginnings(texts, prefixes)
        if len(begun) == 1:
            cache, going_on = begun[0].cache, begun.pop().texts
        while begun or going_on:
            stretches, piece = [], math.inf
            if going_on:
                stretches.append(Stretch(going_on, cache, newcomers, paused_s, waits=bool(begun)))
                stretches[0].write(pipe, filler, options)
                reads_per_s = stretches[0].reads_per_s or reads_per_s
                if reads_per_s and not all(text.is_whole for text in going_on):
                    piece = PIECE_S * reads_per_s  # or nobody stands still meanwhile
                begun += _beginnings(stretches[0].joining, prefixes, piece)
            began_s = time.perf_counter()
            for some in [one for one in begun if one.unread() <= piece]:
                begun.remove(some)
                stretches.append(Stretch(some.texts, some.cache, most=1))
                stretches[-1].write(pipe, filler, options)
                reads_per_s = stretches[-1].reads_per_s or reads_per_s
            if begun:
                begun[0].read(pipe, int(piece), filler, options)
            # To read what joins is no more work than it is later; a piece of a prompt is.
            paused_s = began_s if begun else time.perf_counter()
            cache, going_on = _those_left(stretches, prefixes)


@dataclass(eq=False)
class _Beginning:
    """Hold one text of which some may have been read, or several of which nothing was, and the cache for them."""

    texts: Sequence[Growing]
    cache: Any

    def unread(self) -> int:
        """Return how many tokens of each are not read, where it is the longest."""
        return max(len(text.prompt) for text in self.texts) - int(self.cache.get_seq_length())

    def read(self, pipe: Any, tokens: int, filler: int, options: Mapping[str, Any]) -> None:
        """Read some more of one text, but not the last of it."""
        import torch

        (text,) = self.texts
        known = torch.tensor([text.prompt[: self.cache.get_seq_length() + max(1, tokens)]], device=pipe.device)
        with torch.inference_mode():
            made = pipe.model.generate(
                input_ids=known,
                attention_mask=torch.ones_like(known),
                past_key_values=self.cache,
                pad_token_id=filler,
                return_dict_in_generate=True,
                **{**options, "num_beams": 1, "num_return_sequences": 1, "max_new_tokens": 1},  # which nobody sees
            )
        self.cache = made.past_key_values


def _beginnings(texts: Sequence[Growing], prefixes: PrefixCache, piece: float = math.inf) -> list[_Beginning]:
    """Return texts as they are read: in rows, but for those of which much is known, and those longer than a piece."""
    from transformers import DynamicCache

    found = {text: prefixes.longest(text.prompt) for text in texts}
    fewest = {text: 1 if len(texts) == 1 else WORTH * len(text.prompt) for text in texts}
    known = {text: kept for text, kept in found.items() if kept is not None and kept.tokens >= fewest[text]}
    for text, kept in known.items():
        text.reused(kept.tokens)
    new = [text for text in texts if text not in known]
    short = [text for text in new if len(text.prompt) <= piece]
    return [
        *([_Beginning(short, DynamicCache())] if short else []),
        *(_Beginning([text], carry([kept])[0]) for text, kept in known.items()),
        *(_Beginning([text], DynamicCache()) for text in new if len(text.prompt) > piece),
    ]


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


def _those_left(stretches: Sequence[Stretch], prefixes: PrefixCache) -> tuple[Any, list[Growing]]:
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
