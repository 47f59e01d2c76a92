"""Question answering: the numbers are those of the model itself, long passages are read whole, spans are sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelUnavailable, TooLarge
from core.tasks.question_answering import TASK, QuestionAnsweringInput, Window, _answers
from core.tasks.spec import Checkpoint
from core.values import Answer, Text

SHORT = (("the film", "the film left anna ."), ("bad", "a good film left . anna left a bad film ."), ("a", "good"))
LONG = " ".join(["the film left anna . a good bad film"] * 12)


@pytest.fixture
def pipe(tiny_folder: Callable[[str], Path]) -> Any:
    return TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu"))


def asked(question: str, context: str) -> QuestionAnsweringInput:
    return QuestionAnsweringInput(question=Text(text=question), context=Text(text=context))


def answered(pipe: Any, *pairs: tuple[str, str], **parameters: Any) -> list[tuple[Answer, ...]]:
    checked = TASK.checked_parameters({"align_to_words": False, "top_k": 20} | parameters)
    return [answers.answers for answers in TASK.answers(pipe, [asked(*pair) for pair in pairs], checked)]


@pytest.mark.parametrize(("question", "context"), SHORT)
def test_scores_are_those_of_the_model_called_directly(
    pipe: Any, tiny_folder: Callable[[str], Path], question: str, context: str
) -> None:
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_folder(TASK.id))
    model = AutoModelForQuestionAnswering.from_pretrained(tiny_folder(TASK.id)).eval()
    encoding = tokenizer(question, context, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoding.pop("offset_mapping")[0].tolist()
    passage = [at for at, part in enumerate(encoding.sequence_ids(0)) if part == 1]
    with torch.no_grad():
        said = model(**encoding)
    starts, ends = said.start_logits[0, passage].softmax(0), said.end_logits[0, passage].softmax(0)
    wanted = {
        (offsets[passage[i]][0], offsets[passage[j]][1]): float(starts[i] * ends[j])
        for i in range(len(passage))
        for j in range(i, len(passage))
    }
    (answers,) = answered(pipe, (question, context))
    best = sorted(wanted.values(), reverse=True)[:20]
    assert [answer.score for answer in answers] == pytest.approx(best, abs=1e-5)
    for answer in answers:
        assert answer.score == pytest.approx(wanted[answer.start, answer.end], abs=1e-5)
        assert answer.answer == context[answer.start : answer.end]


@pytest.mark.parametrize("impossible", [False, True])
def test_a_batch_answers_as_one_by_one(pipe: Any, impossible: bool) -> None:
    pairs = (*SHORT, ("the film", LONG))
    together = answered(pipe, *pairs, handle_impossible_answer=impossible)
    for pair, answers in zip(pairs, together, strict=True):
        (alone,) = answered(pipe, pair, handle_impossible_answer=impossible)
        assert [one.score for one in alone] == pytest.approx([one.score for one in answers], abs=1e-5)


def test_a_long_passage_is_read_to_its_end(pipe: Any) -> None:
    (answers,) = answered(pipe, ("the film", f"{LONG} zzz"), max_answer_len=1)
    assert all(LONG.startswith(answer.answer, answer.start) or answer.answer == "zzz" for answer in answers)
    assert max(answer.end for answer in answers) > len(LONG) // 2
    assert sum(answer.score for answer in answers) <= 1.0


def test_a_window_with_the_answer_wins_over_one_that_has_none() -> None:
    def window(at: int, start: int, height: float) -> Window:
        scores = np.zeros(4)
        scores[start] = height
        spans = [(0, 0), *((at + 2 * i, at + 2 * i + 1) for i in range(3))]
        return Window(spans, scores, scores.copy(), np.array([False, True, True, True]))

    passage = "a b c d e f"
    one, other = window(0, 2, 9.0), window(6, 1, 3.0)
    best = _answers(passage, [other, one], TASK.checked_parameters({})).answers[0]
    assert (best.answer, best.score > 0.9) == ("b", True)
    # What two windows both say is one answer, and does not halve its score.
    twice = _answers(passage, [one, one], TASK.checked_parameters({})).answers[0]
    once = _answers(passage, [one], TASK.checked_parameters({})).answers[0]
    assert twice.score == pytest.approx(once.score)


def test_a_model_may_say_that_there_is_no_answer(pipe: Any) -> None:
    (answers,) = answered(pipe, SHORT[0], handle_impossible_answer=True)
    assert sum(answer.answer == "" for answer in answers) == 1
    (answers,) = answered(pipe, SHORT[0])
    assert all(answer.answer for answer in answers)


def test_answers_are_whole_words_and_no_longer_than_asked(pipe: Any) -> None:
    (answers,) = answered(pipe, ("the", "films lefts , goods !"), align_to_words=True, max_answer_len=2)
    assert {word for answer in answers for word in answer.answer.split()} <= {"films", "lefts", ",", "goods", "!"}
    assert len({(answer.start, answer.end) for answer in answers}) == len(answers)
    (single,) = answered(pipe, SHORT[1], max_answer_len=1)
    assert all(" " not in answer.answer for answer in single)


def test_a_question_that_leaves_the_passage_no_room_is_refused(pipe: Any) -> None:
    with pytest.raises(TooLarge, match="up to 16"):
        answered(pipe, ("film " * 17, "the film"))


def test_a_model_that_points_at_nothing_is_refused(tiny_folder: Callable[[str], Path]) -> None:
    with pytest.raises(ModelUnavailable, match="cannot do this task"):
        TASK.load(Checkpoint(tiny_folder("image-classification"), "float32", "cpu"))
    with pytest.raises(ModelUnavailable, match="lacks weights"):
        TASK.load(Checkpoint(tiny_folder("text-classification"), "float32", "cpu"))
