"""How a text that is longer than a model reads is cut into windows that overlap.

Owns how many tokens a model reads at once and where its windows lie. What is made of their answers is the task's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from core.errors import TooLarge

STRIDE: Final = 64
"""Tokens that two windows of a long text share: enough for a sentence of context on either side."""

_UNSET: Final = 1_000_000
"""Lengths from which on a tokenizer says that it was told none."""

_POSITIONS: Final[WeakKeyDictionary[Any, int]] = WeakKeyDictionary()
"""Of each model that is loaded, what was found out about it."""


def token_limit(model: Any, tokenizer: Any) -> int:
    """Return the most tokens, special ones included, that a model reads at once; a million if nothing says so."""
    positions = _POSITIONS.get(model)
    if positions is None:
        positions = _POSITIONS[model] = _positions_of(model)
    return int(min(tokenizer.model_max_length, positions))


def _positions_of(model: Any) -> int:
    """Return how many tokens a model has positions for; finding out takes a tenth of a millisecond."""
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None) or _UNSET
    embeddings = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)
    if padding is not None:
        positions -= padding + 1  # RoBERTa and its kin count from behind the padding
    return min(positions, _UNSET) if positions > 0 else _UNSET


def text_windows(text: str, tokenizer: Any, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` tokens, special ones not counted, that overlap.

    A text that fits is returned as it is.

    Raises: TooLarge as `spans_beyond` does.
    """
    return [text[start:end] for start, end in window_spans(text, tokenizer, limit)]


def window_spans(text: str, tokenizer: Any, limit: int) -> list[tuple[int, int]]:
    """Return where the windows of a text begin and end, as characters; the whole text is one if it fits.

    Raises: TooLarge as `spans_beyond` does.
    """
    spans = spans_beyond(text, tokenizer, limit)
    if spans is None:
        return [(0, len(text))]
    step = max(1, limit - min(STRIDE, limit // 2))
    starts = range(0, len(spans) - limit + step, step)
    return [(spans[at][0], spans[min(at + limit, len(spans)) - 1][1]) for at in starts]


def spans_beyond(text: str, tokenizer: Any, limit: int) -> Sequence[tuple[int, int]] | None:
    """Return where each token of a text stands, as characters, if there are more than `limit`; else None.

    Raises: TooLarge if there are more and the tokenizer cannot say where they stand.
    """
    if len(text.encode()) < limit // 2:
        return None  # a token is a byte at the least; half the room is left for what a normaliser may add
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=bool(tokenizer.is_fast), verbose=False)
    length = len(encoding["input_ids"])
    if length <= limit:
        return None
    if not tokenizer.is_fast:
        raise TooLarge(
            f"The text is {length} tokens long; this model reads {limit}.", hint="Shorten it, or choose another model."
        )
    spans: Sequence[tuple[int, int]] = encoding["offset_mapping"]
    return spans
