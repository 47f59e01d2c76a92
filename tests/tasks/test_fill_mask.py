"""Fill mask: the numbers are those of the model itself, however a gap is written and however long the text is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BadParameters, ModelUnavailable, TooLarge
from core.tasks.fill_mask import TASK
from core.tasks.spec import Checkpoint
from core.values import Filling, Text


@pytest.fixture
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    return TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu"))


def filled(pipe: Any, *texts: str, **parameters: Any) -> list[tuple[tuple[Filling, ...], ...]]:
    answers = TASK.answers(pipe, [Text(text=text) for text in texts], TASK.checked_parameters(parameters))
    return [answer.gaps for answer in answers]


def probabilities(folder: Path, text: str) -> Any:
    """Return the model's probabilities at each [MASK], of shape (gaps, words)."""
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    encoding = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        return model(**encoding).logits[encoding["input_ids"] == tokenizer.mask_token_id].softmax(-1)


@pytest.mark.parametrize("text", ["the [MASK] left anna .", "[MASK] good [MASK] left a bad [MASK] ."])
def test_scores_are_those_of_the_model_called_directly(
    pipe: Any, tiny_folder: Callable[[str], Path], text: str
) -> None:
    wanted = probabilities(tiny_folder(TASK.id), text)
    (gaps,) = filled(pipe, text, top_k=50)
    assert len(gaps) == len(wanted)
    for words, row in zip(gaps, wanted, strict=True):
        assert [one.score for one in words] == pytest.approx(sorted(row.tolist(), reverse=True), abs=1e-5)
        assert [one.score for one in words] == pytest.approx([float(row[one.token]) for one in words], abs=1e-5)


def test_a_batch_answers_as_one_by_one(pipe: Any) -> None:
    texts = ("the [MASK] .", "[MASK] left a good [MASK]", "a film " * 30 + "[MASK]")
    for text, together in zip(texts, filled(pipe, *texts), strict=True):
        (alone,) = filled(pipe, text)
        assert [[one.token for one in words] for words in alone] == [[one.token for one in words] for words in together]
        for some, others in zip(alone, together, strict=True):
            assert [one.score for one in some] == pytest.approx([one.score for one in others], abs=1e-5)


@pytest.mark.parametrize("gap", ["[MASK]", "<mask>", "___", "________"])
def test_a_gap_may_be_written_in_any_manner(pipe: Any, gap: str) -> None:
    (wanted,) = filled(pipe, "the [MASK] left .")
    (got,) = filled(pipe, f"the {gap} left .")
    assert got == wanted


def test_the_sentence_keeps_the_visitors_spelling(pipe: Any) -> None:
    ((words,),) = filled(pipe, "The  ___ LEFT, twice.", top_k=50)
    by_token = {one.token_str: one.sequence for one in words}
    assert by_token["film"] == "The  film LEFT, twice."
    assert by_token["##s"] == "Thes LEFT, twice."


def test_of_a_long_text_what_stands_around_each_gap_is_read(pipe: Any, tiny_folder: Callable[[str], Path]) -> None:
    words = ["good", "bad", "film"] * 40
    words[10], words[-1] = "[MASK]", "[MASK]"
    (gaps,) = filled(pipe, " ".join(words), top_k=50)
    for at, got in ((10, gaps[0]), (len(words) - 1, gaps[1])):
        first = max(0, min(at - 15, len(words) - 30))  # thirty words and two special tokens are what it reads
        (row,) = probabilities(tiny_folder(TASK.id), " ".join(words[first : first + 30]))
        assert [one.score for one in got] == pytest.approx([float(row[one.token]) for one in got], abs=1e-5)
        assert got[0].sequence.count(" ") == len(words) - 1 - got[0].token_str.startswith("##")


def test_a_text_that_was_not_read_whole_says_so(pipe: Any) -> None:
    for text, said in (("the ___ left", False), ("a film " * 30 + "___", True)):
        (answer,) = TASK.answers(pipe, [Text(text=text)], TASK.checked_parameters({}))
        assert bool(answer.note) is said


def test_only_the_targets_are_compared(pipe: Any) -> None:
    ((words,),) = filled(pipe, "the ___ .", targets=["good", "bad", "good"])
    assert {one.token_str for one in words} == {"good", "bad"}
    ((every,),) = filled(pipe, "the ___ .", top_k=50)
    wanted = {one.token_str: one.score for one in every}
    assert {one.token_str: one.score for one in words} == pytest.approx({w: wanted[w] for w in ("good", "bad")})


@pytest.mark.parametrize("word", ["goods", "zebra"])
def test_a_target_that_is_not_one_token_is_refused(pipe: Any, word: str) -> None:
    with pytest.raises(BadParameters, match=word):
        filled(pipe, "the ___ .", targets=[word])


def test_a_sentence_without_a_gap_is_refused_with_the_fix(pipe: Any) -> None:
    with pytest.raises(BadInput, match=r"Write .*___ where"):
        filled(pipe, "the film __ left")
    with pytest.raises(TooLarge, match="21 gaps; the limit is 20"):
        filled(pipe, "___ " * 21)


def test_a_model_without_a_token_for_gaps_is_refused(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    import shutil

    from transformers import AutoTokenizer

    folder = Path(shutil.copytree(tiny_folder(TASK.id), tmp_path / "copied"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelUnavailable, match="no token for a gap"):
        TASK.load(Checkpoint(folder, "float32", "cpu"))
