"""How texts become what a model reads: token ids of each, and later a tensor of several together.

Owns both steps for tasks that prepare their inputs. The first tells the tokenizer where to cut, which it remembers; the
second leaves it as it is, so that it may come while the next text is prepared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.tasks.windows import text_windows

Encoded = Mapping[str, list[int]]
"""The token ids of one text, and what the model is told of each: names as the model calls them."""


class Window(NamedTuple):
    """Hold a stretch of a text as a model is given it, and how many characters it has."""

    length: int
    row: Encoded


def read_text(tokenizer: Any, text: str, limit: int) -> list[Window]:
    """Return a text's token ids; of one longer than `limit`, special tokens included, those of windows that overlap.

    Raises: TooLarge if it is longer and the tokenizer cannot say where its tokens stand.
    """
    if _reads_plainly(tokenizer.__class__):
        # What the tokenizer's own call comes down to for one text, at less than its time. It comes first and is the
        # only one where the text fits: counting its tokens before would take as long again.
        tokenizer.set_truncation_and_padding(*_plain_reading(), limit, 0, None, None)
        read = tokenizer.backend_tokenizer.encode(text)
        if not read.overflowing:
            names = tokenizer.model_input_names
            row = {"input_ids": read.ids}
            row |= {"token_type_ids": read.type_ids} if "token_type_ids" in names else {}
            row |= {"attention_mask": [1] * len(row["input_ids"])} if "attention_mask" in names else {}
            return [Window(len(text), row)]
    windows = text_windows(text, tokenizer, limit - int(tokenizer.num_special_tokens_to_add()))
    return [Window(len(one), dict(tokenizer(one, truncation=True, max_length=limit))) for one in windows]


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
        arrays = _padded(tokenizer, some)
        if arrays is None:
            yield tokenizer.pad(list(some), padding=True, return_tensors="pt")
        else:
            yield BatchEncoding({name: torch.from_numpy(array) for name, array in arrays.items()})


def _padded(tokenizer: Any, rows: Sequence[Encoded]) -> dict[str, NDArray[np.int64]] | None:
    """Return texts as long as the longest of them, as most tokenizers pad; None where this one may do otherwise.

    Each operation of torch lets go of the interpreter, and where a server is busy it may be milliseconds until it is
    had again: three tensors made of lists were a tenth of the time of a short batch.
    """
    if not _pads_plainly(tokenizer.__class__):
        return None
    fills = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id, "attention_mask": 0}
    names = rows[0].keys()
    is_whole = "attention_mask" in names or "attention_mask" not in tokenizer.model_input_names
    if not (is_whole and names <= fills.keys()):
        return None
    longest = max(len(row["input_ids"]) for row in rows)
    at_left = tokenizer.padding_side == "left"
    found = {}
    for name in names:
        array = np.full((len(rows), longest), fills[name], np.int64)
        for place, row in zip(array, rows, strict=True):
            ids = row[name]
            if at_left:
                place[longest - len(ids) :] = ids
            else:
                place[: len(ids)] = ids
        found[name] = array
    return found


@cache
def _pads_plainly(kind: Any) -> bool:
    """Return whether a type of tokenizer pads as most do."""
    from transformers import PreTrainedTokenizerBase

    usual = PreTrainedTokenizerBase
    return issubclass(kind, usual) and kind.pad is usual.pad and kind._pad is usual._pad


@cache
def _reads_plainly(kind: Any) -> bool:
    """Return whether a type of tokenizer reads a text as most do: in Rust, with nothing of its own before or after."""
    from transformers import PreTrainedTokenizerBase, TokenizersBackend

    steps = {
        "__call__": PreTrainedTokenizerBase,
        "_encode_plus": TokenizersBackend,
        "_convert_encoding": TokenizersBackend,
    }
    return (
        issubclass(kind, TokenizersBackend)
        and not hasattr(kind, "_switch_to_input_mode")
        and all(getattr(kind, name) is getattr(usual, name) for name, usual in steps.items())
    )


@cache
def _plain_reading() -> tuple[Any, Any]:
    """Return that nothing is padded, and what is too long is cut."""
    from transformers.tokenization_utils_base import TruncationStrategy
    from transformers.utils import PaddingStrategy

    return PaddingStrategy.DO_NOT_PAD, TruncationStrategy.LONGEST_FIRST
