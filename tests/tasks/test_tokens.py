"""Texts become the token ids that the tokenizer's own call gives, whichever way they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.settings import ROOT
from core.tasks import tokens
from core.tasks.tokens import Window, read_text
from core.tasks.windows import text_windows

TEXTS = (
    "",
    "bad",
    "the film left anna .",
    "A quiet little film — 映画 🎬 — that <s>stays</s> with [SEP] you.",
    "good " * 60,
)
LIMITS = (8, 16, 62)


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def as_its_own_call_reads(tokenizer: Any, text: str, limit: int) -> list[Window]:
    """Return the windows of a text as the documented calls of transformers give them."""
    windows = text_windows(text, tokenizer, limit - tokenizer.num_special_tokens_to_add())
    return [Window(len(window), dict(tokenizer(window, truncation=True, max_length=limit))) for window in windows]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("task_id", ["text-classification", "feature-extraction", "text-generation", "summarization"])
def test_a_text_is_read_as_the_tokenizers_own_call_reads_it(
    task_id: str, limit: int, tiny_folder: Callable[[str], Path]
) -> None:
    tokenizer = tokenizer_of(tiny_folder(task_id))
    assert tokens._reads_plainly(tokenizer.__class__)
    for text in TEXTS:
        assert read_text(tokenizer, text, limit) == as_its_own_call_reads(tokenizer, text, limit)


def test_a_text_that_just_fits_is_one_window_and_with_a_word_more_several() -> None:
    tokenizer = tokenizer_of(ROOT / "models" / "starters" / "sentiment")
    special = tokenizer.num_special_tokens_to_add()
    (fits,) = read_text(tokenizer, "good " * 30, 30 + special)
    assert len(fits.row["input_ids"]) == 30 + special
    assert fits.length == len("good " * 30)
    assert len(read_text(tokenizer, "good " * 31, 30 + special)) == 2


def test_what_was_asked_of_the_tokenizer_before_changes_nothing() -> None:
    tokenizer = tokenizer_of(ROOT / "models" / "starters" / "sentiment")
    expected = read_text(tokenizer, TEXTS[2], 16)
    tokenizer(TEXTS[4], padding="max_length", max_length=40, truncation=True, stride=2)
    assert read_text(tokenizer, TEXTS[2], 16) == expected


def test_a_tokenizer_with_a_way_of_its_own_keeps_it() -> None:
    plain = tokenizer_of(ROOT / "models" / "starters" / "sentiment")

    class Shouting(type(plain)):  # type: ignore[misc]
        def _encode_plus(self, text: Any, **options: Any) -> Any:
            return super()._encode_plus(text=text.replace("bad", "good"), **options)

    tokenizer = Shouting.from_pretrained(ROOT / "models" / "starters" / "sentiment", local_files_only=True)
    assert not tokens._reads_plainly(tokenizer.__class__)
    assert read_text(tokenizer, "bad", 16) == [Window(3, read_text(plain, "good", 16)[0].row)]
    slow = tokenizer_of(ROOT / "models" / "starters" / "digit-strings")
    assert not tokens._reads_plainly(slow.__class__)
    assert read_text(slow, "bad", 16) == [Window(3, dict(slow("bad")))]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("task_id", ["text-classification", "feature-extraction", "token-classification", "fill-mask"])
def test_texts_are_padded_as_the_tokenizers_own_call_pads(
    task_id: str, side: str, tiny_folder: Callable[[str], Path]
) -> None:
    tokenizer = tokenizer_of(tiny_folder(task_id))
    tokenizer.padding_side = side
    assert tokens._pads_plainly(tokenizer.__class__)
    rows = [read_text(tokenizer, text, 62)[0].row for text in TEXTS]
    for few in (rows, rows[2:3]):
        (together,) = tokens.batches(tokenizer, few, len(few))
        theirs = tokenizer.pad(list(few), padding=True, return_tensors="pt")
        assert together.keys() == theirs.keys()
        for name, tensor in theirs.items():
            assert together[name].dtype == tensor.dtype
            assert together[name].tolist() == tensor.tolist()


def test_what_a_tokenizer_has_to_pad_in_a_way_of_its_own_it_pads(tiny_folder: Callable[[str], Path]) -> None:
    tokenizer = tokenizer_of(tiny_folder("text-classification"))
    rows = [
        {**dict(tokenizer(text)), "special_tokens_mask": [0] * len(tokenizer(text)["input_ids"])} for text in TEXTS[1:3]
    ]
    (together,) = tokens.batches(tokenizer, rows, 2)
    assert together["special_tokens_mask"].shape == together["input_ids"].shape
    without = [{"input_ids": row["input_ids"]} for row in rows]  # then padding is told by a mask that is made
    (masked,) = tokens.batches(tokenizer, without, 2)
    assert masked["attention_mask"].sum(1).tolist() == [len(row["input_ids"]) for row in without]
