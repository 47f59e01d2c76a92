"""What classifiers say: transformers' own scores, whatever the checkpoint was trained for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2ForSequenceClassification

from core.tasks import get_task
from core.tasks.scores import best_labels, joined, label_scores, mean_scores
from core.tasks.spec import Checkpoint

TEXTS = ["a fine film", "a b c d e f g h"]


@pytest.fixture
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    """Load the tiny checkpoint that classifies texts."""
    return get_task("text-classification").load(Checkpoint(tiny_folder("text-classification"), "float32", "cpu"))


@pytest.mark.parametrize("trained_for", ["single_label_classification", "multi_label_classification", "regression"])
def test_the_checkpoint_says_what_makes_scores_of_logits(pipe: Any, trained_for: str) -> None:
    pipe.model.config.problem_type = trained_for
    rows = label_scores(pipe.model, pipe.tokenizer(TEXTS, padding=True, return_tensors="pt"))
    for text, row in zip(TEXTS, rows, strict=True):
        theirs = {said["label"]: said["score"] for said in pipe(text, top_k=None)}
        assert row == pytest.approx(theirs, abs=1e-6)
        assert list(row) == list(pipe.model.config.id2label.values())


def test_the_caller_may_say_so_instead(pipe: Any) -> None:
    given = pipe.tokenizer(TEXTS[:1], return_tensors="pt")
    [scores] = label_scores(pipe.model, given, "sigmoid")
    theirs = {said["label"]: said["score"] for said in pipe(TEXTS[0], top_k=None, function_to_apply="sigmoid")}
    assert scores == pytest.approx(theirs, abs=1e-6)


def test_a_model_that_could_write_on_keeps_nothing_for_that() -> None:
    torch.manual_seed(1)
    model = GPT2ForSequenceClassification(GPT2Config(vocab_size=9, n_embd=8, n_layer=1, n_head=1, pad_token_id=0))
    kept: list[Any] = []
    model.transformer.register_forward_hook(lambda *seen: kept.append(seen[-1].past_key_values))
    [scores] = label_scores(model.eval(), {"input_ids": torch.tensor([[1, 2, 3]])})
    assert sum(scores.values()) == pytest.approx(1.0)
    assert kept == [None]


def test_halves_are_scored_as_wholes(pipe: Any) -> None:
    given = pipe.tokenizer(TEXTS, padding=True, return_tensors="pt")
    whole = label_scores(pipe.model, given)
    for row, other in zip(label_scores(pipe.model.to(torch.bfloat16), given), whole, strict=True):
        assert row == pytest.approx(other, abs=0.02)
        assert sum(row.values()) == pytest.approx(1.0, abs=1e-6)


def test_windows_count_by_their_weight() -> None:
    windows = [{"yes": 1.0, "no": 0.0}, {"yes": 0.0, "no": 1.0}]
    assert mean_scores(windows, [3, 1]) == {"yes": 0.75, "no": 0.25}
    assert mean_scores(windows[:1], [0]) == windows[0]


def test_the_best_come_first_and_none_is_over_one() -> None:
    labels = best_labels({"a": 0.2, "b": 1.0000001, "c": 0.5}, 2)
    assert [(label.label, label.score) for label in labels] == [("b", 1.0), ("c", 0.5)]


def test_labels_of_one_name_add_up(pipe: Any) -> None:
    given = pipe.tokenizer(TEXTS[:1], return_tensors="pt")
    [apart] = label_scores(pipe.model, given)
    pipe.model.config.id2label = dict.fromkeys(pipe.model.config.id2label, "crane")
    assert label_scores(pipe.model, given) == [{"crane": pytest.approx(sum(apart.values()))}]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
@pytest.mark.parametrize("count", [1, 3])
def test_tensors_are_joined_along_their_first_axis(dtype: torch.dtype, count: int) -> None:
    with torch.inference_mode():
        given = [torch.arange(6).reshape(1, 2, 3).add(place).to(dtype) for place in range(count)]
        found = joined(given)
    assert found.dtype == dtype
    assert torch.equal(found, torch.cat(given))
