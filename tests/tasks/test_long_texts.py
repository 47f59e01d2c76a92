"""Texts longer than the model: sorted by the mean of their windows, marked from end to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.values import Text

SORTING, MARKING = get_task("text-classification"), get_task("token-classification")
SHORT = [Text(text="the film left anna ."), Text(text="bad")]
LONG = Text(text="the film left anna . a bad good film left . " * 6)


def loaded(task: Any, tiny_folder: Callable[[str], Path]) -> Any:
    pipe = task.load(Checkpoint(tiny_folder(task.id), "float32", "cpu"))
    pipe.model.eval()
    return pipe


def test_a_short_text_is_sorted_as_transformers_does(tiny_folder: Callable[[str], Path]) -> None:
    pipe = loaded(SORTING, tiny_folder)
    parameters = SORTING.checked_parameters({"top_k": 2})
    together = SORTING.answers(pipe, SHORT, parameters)
    for text, labels in zip(SHORT, together, strict=True):
        wanted = pipe(text.text, top_k=2)
        assert [label.label for label in labels.labels] == [row["label"] for row in wanted]
        assert [label.score for label in labels.labels] == pytest.approx([row["score"] for row in wanted], abs=1e-5)
        assert labels.note == ""
    assert [SORTING.answers(pipe, [text], parameters)[0].labels[0].score for text in SHORT] == pytest.approx(
        [labels.labels[0].score for labels in together], abs=1e-5
    )


def test_a_long_text_is_sorted_by_the_mean_of_its_windows_and_says_so(tiny_folder: Callable[[str], Path]) -> None:
    from core.tasks.windows import text_windows

    pipe = loaded(SORTING, tiny_folder)
    (labels,) = SORTING.answers(pipe, [LONG], SORTING.checked_parameters({}))
    windows = text_windows(LONG.text, pipe.tokenizer, 30)
    assert len(windows) > 2
    assert f"{len(windows)} windows" in labels.note
    assert sum(label.score for label in labels.labels) == pytest.approx(1, abs=1e-5)
    each = [{row["label"]: row["score"] for row in pipe(window, top_k=None)} for window in windows]
    whole = sum(map(len, windows))
    for label in labels.labels:
        mean = sum(len(window) * scores[label.label] for window, scores in zip(windows, each, strict=True)) / whole
        assert label.score == pytest.approx(mean, abs=1e-5)
    assert [label.score for label in labels.labels] == sorted((label.score for label in labels.labels), reverse=True)


@pytest.mark.parametrize("strategy", ["none", "first"])
def test_short_texts_are_marked_as_transformers_does(strategy: str, tiny_folder: Callable[[str], Path]) -> None:
    pipe = loaded(MARKING, tiny_folder)
    for text, marked in zip(
        SHORT, MARKING.answers(pipe, SHORT, MARKING.checked_parameters({"aggregation_strategy": strategy})), strict=True
    ):
        wanted = pipe(text.text, aggregation_strategy=strategy)
        assert [(one.start, one.end) for one in marked.entities] == [(row["start"], row["end"]) for row in wanted]
        assert [one.score for one in marked.entities] == pytest.approx([row["score"] for row in wanted], abs=1e-5)


@pytest.mark.parametrize("strategy", ["none", "simple", "first", "average", "max"])
def test_a_long_text_is_marked_to_its_end_and_no_word_twice(strategy: str, tiny_folder: Callable[[str], Path]) -> None:
    pipe = loaded(MARKING, tiny_folder)
    (marked,) = MARKING.answers(pipe, [LONG], MARKING.checked_parameters({"aggregation_strategy": strategy}))
    covered = [0] * len(LONG.text)
    for entity in marked.entities:
        assert LONG.text[entity.start : entity.end] == entity.word
        for at in range(entity.start, entity.end):
            covered[at] += 1
    assert all(count == 1 for count, letter in zip(covered, LONG.text, strict=True) if not letter.isspace())
    assert max(covered) == 1


def test_marks_of_two_windows_agree_with_the_window_that_has_more_around_them() -> None:
    from core.tasks.token_classification import _joined

    text = "aa bb cc dd ee ff"
    row = {"score": 0.5, "entity_group": "X"}
    first = [row | {"start": 0, "end": 2}, row | {"start": 6, "end": 8}, row | {"start": 9, "end": 11}]
    second = [
        row | {"start": 0, "end": 2, "entity_group": "Y"},
        row | {"start": 3, "end": 8},
        row | {"start": 9, "end": 11},
    ]
    marks = _joined(text, [(0, 11), (6, 17)], [first, second])
    assert [(mark.word, mark.entity_group) for mark in marks] == [("aa", "X"), ("cc", "X"), ("dd ee", "X"), ("ff", "X")]
