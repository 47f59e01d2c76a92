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

WRITING_PER_PAUSE: Final = 4
"""How much longer than the last pause, in which others joined, is written before some may join again.

What is kept of all texts is carried to another place then, so that such pauses take a fifth of the time at most.
"""

WORTH: Final = 0.5
"""How much of a prompt has to be known where several begin: it is then read by itself, not in rows with the others."""

PIECE_S: Final = 0.25
"""How long texts stand still, about, while some of a longer prompt is read: nobody takes that for the end of one."""

WRITING_PER_PIECE: Final = 1
"""How much longer than that others are written before the next piece: who waits has half of the time."""

APART: Final = 4096
"""Tokens that would be looked at for nothing at every step, from which on short texts are written apart from long ones.

Source: a step for others reads all weights once more. On two cores that took as long as looking at 1,500 tokens, with
26 million weights and with 107; a GPU looks at so many in no time.
"""

TURN_S: Final = 0.1
"""How long some are written before it is the others' turn, where they are apart."""


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
    run = _Open(pipe, filler, options, newcomers, prefixes)
    with prefixes.trusted():
        run.write(texts)


@dataclass(eq=False)
class _Group:
    """Hold texts that are written or read together, and the cache for them."""

    texts: Sequence[Growing]
    cache: Any

    def unread(self) -> int:
        """Return how many tokens of each prompt are not read, where it is the longest."""
        return max(len(text.prompt) for text in self.texts) - int(self.cache.get_seq_length())


class _Open:
    """Write texts to their ends, and those that join them."""

    def __init__(
        self,
        pipe: Any,
        filler: int,
        options: Mapping[str, Any],
        newcomers: Callable[[], Sequence[Growing]],
        prefixes: PrefixCache,
    ) -> None:
        self._pipe, self._filler, self._options = pipe, filler, options
        self._newcomers, self._prefixes = newcomers, prefixes
        self._reads_per_s = self._open_s = 0.0

    def write(self, texts: Sequence[Growing]) -> None:
        """Write."""
        first, *others = self._alike(texts)
        joining = [text for some in others for text in some]
        begun = self._beginnings(first, math.inf)
        groups, begun = begun[:1], begun[1:]
        while begun or groups:
            stretches = self._take_turns(groups, somebody_waits=bool(begun or joining))
            stands_still = any(not text.is_whole for group in groups for text in group.texts)
            piece = PIECE_S * self._reads_per_s if self._reads_per_s and stands_still else math.inf
            joining += [text for stretch in stretches for text in stretch.joining]
            begun += self._beginnings(joining, piece)
            joining = []
            began_s = time.perf_counter()
            for some in [one for one in begun if one.unread() <= piece]:
                begun.remove(some)
                stretches.append(self._written(Stretch(some.texts, some.cache, most=1)))
            if begun:  # one text each: those in rows are no longer than a piece
                self._read_more(begun, max(1, int(piece)))
            read_s = time.perf_counter()
            groups = self._those_left(stretches)
            now_s = time.perf_counter()
            # To read what joins is no more work than it is later; a piece of a prompt is.
            wait_s = WRITING_PER_PIECE * (now_s - began_s) if begun else WRITING_PER_PAUSE * (now_s - read_s)
            self._open_s = max(self._open_s, now_s + wait_s)

    def _take_turns(self, groups: Sequence[_Group], *, somebody_waits: bool) -> list[Stretch]:
        """Write each group for a while; the last looks for newcomers, who are read after it."""
        stretches = []
        for group in groups:
            ends_s = self._open_s if somebody_waits else math.inf
            if len(groups) > 1:
                ends_s = time.perf_counter() + TURN_S
            newcomers = self._newcomers if group is groups[-1] else tuple
            stretch = Stretch(group.texts, group.cache, newcomers, open_s=self._open_s, ends_s=ends_s)
            stretches.append(self._written(stretch))
        return stretches

    def _written(self, stretch: Stretch) -> Stretch:
        stretch.write(self._pipe, self._filler, self._options)
        self._reads_per_s = stretch.reads_per_s or self._reads_per_s
        return stretch

    def _read_more(self, begun: list[_Group], tokens: int) -> None:
        """Read some more of the first text, but not the last of it; one that nobody waits for ends as it is."""
        import torch

        group = begun[0]
        (text,) = group.texts
        if text.stopped():
            del begun[0]
            text.end()
            return
        known = torch.tensor([text.prompt[: group.cache.get_seq_length() + tokens]], device=self._pipe.device)
        with torch.inference_mode():
            made = self._pipe.model.generate(
                input_ids=known,
                attention_mask=torch.ones_like(known),
                past_key_values=group.cache,
                pad_token_id=self._filler,
                return_dict_in_generate=True,
                **{**self._options, "num_beams": 1, "num_return_sequences": 1, "max_new_tokens": 1},  # nobody sees it
            )
        group.cache = made.past_key_values

    def _beginnings(self, texts: Sequence[Growing], piece: float) -> list[_Group]:
        """Return texts as they are read: in rows, but alone where much is known, and what is longer than a piece."""
        from transformers import DynamicCache

        found = {text: self._prefixes.longest(text.prompt) for text in texts}
        fewest = {text: 1 if len(texts) == 1 else WORTH * len(text.prompt) for text in texts}
        known = {text: kept for text, kept in found.items() if kept is not None and kept.tokens >= fewest[text]}
        for text, kept in known.items():
            text.reused(kept.tokens)
        new = [text for text in texts if text not in known]
        short = [text for text in new if len(text.prompt) <= piece]
        return [
            *(_Group(some, DynamicCache()) for some in self._alike(short)),
            *(_Group([text], carry([[kept]])[0][0]) for text, kept in known.items()),
            *(_Group([text], DynamicCache()) for text in new if len(text.prompt) > piece),
        ]

    def _those_left(self, stretches: Sequence[Stretch]) -> list[_Group]:
        """Return the texts that are not whole as they go on together.

        What was read of the others is kept for texts that begin alike.
        """
        import torch

        texts = [one for stretch in stretches for one in stretch.kept()]
        left = {text: kept for text, kept in texts if not text.is_whole}
        ended = [(text.known, self._prefixes.wanted(text.known, kept)) for text, kept in texts if text.is_whole]
        wanted = [(tokens, kept) for tokens, kept in ended if kept is not None]
        groups = [_Group(group, left[group[0]].cache) for group in self._alike(list(left))]
        # Those that are all that is left of a cache stay there.
        moved = [one for one in groups if {*one.texts} != {text for text in left if left[text].cache is one.cache}]
        caches, apart = carry([[left[text] for text in one.texts] for one in moved], [kept for _, kept in wanted])
        for (tokens, kept), its in zip(wanted, apart, strict=True):
            self._prefixes.keep(tokens[: kept.tokens], its)
        for one in groups:
            if one not in moved and len(one.texts) < sum(kept.cache is one.cache for _, kept in texts):
                one.cache.batch_select_indices(torch.tensor([left[text].row for text in one.texts]))
        for one, cache in zip(moved, caches, strict=True):
            one.cache = cache
        return groups

    def _alike(self, texts: Sequence[Growing]) -> list[list[Growing]]:
        """Return texts in groups of which it pays to be written apart, each in the order given."""
        lengths = sorted(text.length for text in texts)
        saved = [count * (lengths[-1] - length) for count, length in enumerate(lengths, 1)]
        if self._pipe.device.type != "cpu" or max(saved, default=0) < APART:
            return [list(texts)] if texts else []
        longest = lengths[saved.index(max(saved))]
        parts = ([text for text in texts if (text.length <= longest) == is_short] for is_short in (True, False))
        return [group for part in parts for group in self._alike(part)]


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
