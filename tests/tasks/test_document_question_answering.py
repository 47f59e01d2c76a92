"""Questions about pages: transformers' own answers, with the words' boxes brought back to the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForDocumentQuestionAnswering, pipeline

from core.errors import BadInput, ModelUnavailable
from core.media import to_pil
from core.tasks import document_question_answering as task_module
from core.tasks import get_task, page_words
from core.tasks.document_question_answering import AskedPage, lines_of
from core.tasks.page_words import Word
from core.tasks.spec import Checkpoint
from core.values import Box, Image, PageAnswers, Text
from tests.tiny import mixed
from tests.tiny.texts import WORDS

PAGE = Image.from_array(np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8))
TASK = get_task("document-question-answering")


def page_of(count: int) -> list[Word]:
    """Return words in lines of eight, as Tesseract would find them."""
    words = [WORDS[5 + at % 8] for at in range(count)]
    places = [(10 + 48 * (at % 8), 10 + 14 * (at // 8)) for at in range(count)]
    return [
        Word(word, Box(xmin=x, ymin=y, xmax=x + 40, ymax=y + 12)) for word, (x, y) in zip(words, places, strict=True)
    ]


def ask(pipe: Any, question: str = "the film", **parameters: Any) -> PageAnswers:
    """Ask one question about the page."""
    asked = AskedPage(image=PAGE, question=Text(text=question))
    (answers,) = TASK.answers(pipe, [asked], TASK.checked_parameters(parameters))
    return answers


@pytest.fixture
def layoutlm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[Word]], Any]:
    """Return what loads a tiny LayoutLM that is given these words."""

    def load(words: Sequence[Word]) -> Any:
        monkeypatch.setattr(task_module, "check_tesseract", lambda: None)
        monkeypatch.setattr(task_module, "words_on", lambda _image, _language: list(words))
        torch.manual_seed(0)
        pipe = TASK.load(Checkpoint(mixed.layoutlm(tmp_path), "float32", "cpu"))
        pipe.model.eval()
        return pipe

    return load


@pytest.mark.parametrize("count", [8, 60])
def test_scores_and_words_are_transformers_own(
    count: int, layoutlm: Callable[[Sequence[Word]], Any], tmp_path: Path
) -> None:
    words = page_of(count)
    found = ask(layoutlm(words), top_k=5)
    model = AutoModelForDocumentQuestionAnswering.from_pretrained(tmp_path)
    direct = pipeline("document-question-answering", model=model, tokenizer=str(tmp_path), device="cpu")
    boxes = [
        [1000 * x // 400, 1000 * y // 300, 1000 * (x + 40) // 400, 1000 * (y + 12) // 300] for x, y in places(words)
    ]
    pairs = [(word.text, box) for word, box in zip(words, boxes, strict=True)]
    rows = direct(to_pil(PAGE), "the film", word_boxes=pairs, top_k=15, max_seq_len=32, doc_stride=12)
    unique = list({(row["start"], row["end"]): row for row in reversed(rows)}.values())[::-1]
    expected = sorted(unique, key=lambda row: -row["score"])[:5]
    assert [(one.start, one.end) for one in found.answers] == [(row["start"], row["end"]) for row in expected]
    assert [one.score for one in found.answers] == pytest.approx([row["score"] for row in expected], abs=1e-5)
    assert [one.answer for one in found.answers] == [row["answer"] for row in expected]


def places(words: Sequence[Word]) -> list[tuple[int, int]]:
    return [(word.box.xmin, word.box.ymin) for word in words]


def test_an_answer_is_marked_on_the_page(layoutlm: Callable[[Sequence[Word]], Any]) -> None:
    words = page_of(60)
    for answer in ask(layoutlm(words), top_k=5).answers:
        assert answer.start is not None
        assert answer.end is not None
        assert answer.boxes == lines_of(words[answer.start : answer.end + 1])


def test_words_of_one_line_share_a_box() -> None:
    first, second = lines_of(page_of(16)[6:10])
    assert first == Box(xmin=298, ymin=10, xmax=386, ymax=22)
    assert second == Box(xmin=10, ymin=24, xmax=98, ymax=36)


def test_a_page_without_words_is_refused(layoutlm: Callable[[Sequence[Word]], Any]) -> None:
    with pytest.raises(BadInput, match="found no words"):
        ask(layoutlm([]))


def test_donut_answers_as_it_does_in_transformers(tiny_folder: Callable[[str], Path]) -> None:
    pipe = TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu"))
    direct = pipe(to_pil(PAGE), "the film")
    assert [one.answer for one in ask(pipe).answers] == [row["answer"] for row in direct if row["answer"]]
    # Random weights seldom end an answer; one that is ended is taken out of its marks.
    pipe.postprocess = lambda *_, **__: [{"answer": "20.90"}]
    (answer,) = ask(pipe).answers
    assert (answer.answer, answer.score, answer.boxes) == ("20.90", None, ())


def test_a_question_that_is_too_long_is_refused(
    tiny_folder: Callable[[str], Path], layoutlm: Callable[[Sequence[Word]], Any]
) -> None:
    pipes = (TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu")), layoutlm(page_of(8)))
    for pipe, limit in zip(pipes, (32, 16), strict=True):
        with pytest.raises(BadInput, match=rf"The question makes 62 tokens; this model reads {limit}\."):
            ask(pipe, "film " * 60)


def test_a_model_that_cannot_read_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pytesseract", None)
    with pytest.raises(ModelUnavailable, match="pytesseract") as refused:
        TASK.load(Checkpoint(mixed.layoutlm(tmp_path), "float32", "cpu"))
    assert "tesseract-ocr" in refused.value.hint
    assert "Donut" in refused.value.hint


def test_a_picture_decoder_that_is_no_donut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="only Donut reads pages"):
        TASK.load(Checkpoint(mixed.vit_gpt2(tmp_path), "float32", "cpu"))


def test_words_come_from_tesseracts_table(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"text": ["", "Total", " ", "20.90"], "left": [0, 5, 0, 60], "top": [0, 7, 0, 8]}
    table |= {"width": [400, 30, 0, 33], "height": [300, 10, 0, 11]}
    asked: dict[str, Any] = {}

    class Tesseract:
        """Stand in for the package, which is not among those that Podium needs."""

        @staticmethod
        def image_to_data(picture: Any, **options: Any) -> dict[str, list[Any]]:
            asked.update(options, size=picture.size)
            if options["lang"] == "xyz":
                raise RuntimeError("failed loading language 'xyz'")
            return table

    monkeypatch.setitem(__import__("sys").modules, "pytesseract", Tesseract)
    assert page_words.words_on(PAGE, "deu") == [
        Word("Total", Box(xmin=5, ymin=7, xmax=35, ymax=17)),
        Word("20.90", Box(xmin=60, ymin=8, xmax=93, ymax=19)),
    ]
    assert (asked["lang"], asked["size"]) == ("deu", (400, 300))
    with pytest.raises(ModelUnavailable, match="'xyz'"):
        page_words.words_on(PAGE, "xyz")
