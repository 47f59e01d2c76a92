"""Zero-shot classification: the numbers are those of the model itself, whole texts are read, labels are checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadParameters, ModelUnavailable
from core.tasks.spec import Checkpoint
from core.tasks.windows import text_windows
from core.tasks.zero_shot_classification import TASK
from core.values import Text

CHOSEN = {"candidate_labels": ("film", "good", "bad", "anna")}
SHORT = ("the film left anna .", "good", "a bad film left the good anna . a film .")


@pytest.fixture
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    return TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu"))


def scores(pipe: Any, texts: tuple[str, ...], **parameters: Any) -> list[dict[str, float]]:
    answers = TASK.answers(pipe, [Text(text=text) for text in texts], TASK.checked_parameters(CHOSEN | parameters))
    for answer in answers:
        assert [one.score for one in answer.labels] == sorted((one.score for one in answer.labels), reverse=True)
    return [{one.label: one.score for one in answer.labels} for answer in answers]


def entailed(folder: Path, text: str) -> Any:
    """Return the logits of each label's sentence, from the model and tokenizer alone."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return torch.cat(
            [
                model(**tokenizer(text, f"This example is {label}.", return_tensors="pt")).logits
                for label in CHOSEN["candidate_labels"]
            ]
        )


@pytest.mark.parametrize("multi_label", [False, True])
def test_scores_are_those_of_the_model_called_directly(
    pipe: Any, tiny_folder: Callable[[str], Path], multi_label: bool
) -> None:
    for text, got in zip(SHORT, scores(pipe, SHORT, multi_label=multi_label), strict=True):
        logits = entailed(tiny_folder(TASK.id), text)
        wanted = logits[:, [0, 2]].softmax(-1)[:, 1] if multi_label else logits[:, 2].softmax(0)
        assert got == pytest.approx(dict(zip(CHOSEN["candidate_labels"], wanted.tolist(), strict=True)), abs=1e-5)


def test_a_batch_answers_as_one_by_one(pipe: Any) -> None:
    texts = (*SHORT, "the good film . " * 12)
    for alone, together in zip((scores(pipe, (text,))[0] for text in texts), scores(pipe, texts), strict=True):
        assert alone == pytest.approx(together, abs=1e-5)


def test_a_long_text_is_read_to_its_end_and_its_windows_are_averaged(pipe: Any) -> None:
    text = " ".join(["the film left anna ."] * 20)
    sentences = [f"This example is {label}." for label in CHOSEN["candidate_labels"]]
    longest = max(len(ids) for ids in pipe.tokenizer(sentences, add_special_tokens=False)["input_ids"])
    room = 32 - longest - 3  # three special tokens frame the pair
    windows = text_windows(text, pipe.tokenizer, room)
    assert len(windows) > 3
    assert windows[-1].endswith("anna .")
    each = scores(pipe, tuple(windows))
    mean = {label: sum(one[label] for one in each) / len(each) for label in each[0]}
    (whole,) = scores(pipe, (text,))
    assert whole == pytest.approx(mean, abs=1e-5)
    (answer,) = TASK.answers(pipe, [Text(text=text)], TASK.checked_parameters(CHOSEN))
    assert answer.note == f"Read in {len(windows)} windows; each score is their average."


@pytest.mark.parametrize(
    "bad",
    [
        {"candidate_labels": ()},
        {"candidate_labels": ("good", " ")},
        {"hypothesis_template": "no gap"},
        {"hypothesis_template": "{} and {}"},
        {"hypothesis_template": "{} {0.__class__}"},
        {"hypothesis_template": "{:>99999999}"},
    ],
)
def test_labels_and_hypotheses_that_make_no_sense_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadParameters, match=next(iter(bad))):
        TASK.checked_parameters(bad)


def test_a_label_that_leaves_the_text_no_room_is_refused(pipe: Any) -> None:
    with pytest.raises(BadParameters, match="32 tokens"):
        scores(pipe, ("good",), candidate_labels=("good " * 30,))


def test_a_model_that_knows_no_entailment_is_refused(tiny_folder: Callable[[str], Path]) -> None:
    with pytest.raises(ModelUnavailable, match="entailment"):
        TASK.load(Checkpoint(tiny_folder("text-classification"), "float32", "cpu"))
