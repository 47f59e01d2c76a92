"""How texts become what a model reads: token ids of each, and later a tensor of several together.

Owns both steps for tasks that prepare their inputs. The first tells the tokenizer where to cut, which it remembers; the
second leaves it as it is, so that it may come while the next text is prepared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Encoded = Mapping[str, list[int]]
"""The token ids of one text, and what the model is told of each: names as the model calls them."""


def encoded(tokenizer: Any, text: str, limit: int) -> Encoded:
    """Return a text's token ids, special ones included, at most `limit`."""
    return dict(tokenizer(text, truncation=True, max_length=limit))


def batches(tokenizer: Any, rows: Sequence[Encoded], at_once: int) -> Iterator[Any]:
    """Yield tensors of so many texts together, shorter ones padded; one by one where the tokenizer has no padding.

    Shapes: each tensor is (texts, longest).
    """
    if tokenizer.pad_token_id is None:
        at_once = 1
    import torch
    from transformers import BatchEncoding

    for begin in range(0, len(rows), at_once):
        some = rows[begin : begin + at_once]
        if len(some) == 1:  # where nothing is padded, a tenth of a millisecond is saved
            yield BatchEncoding({name: torch.tensor([ids]) for name, ids in some[0].items()})
        else:
            yield tokenizer.pad(list(some), padding=True, return_tensors="pt")
