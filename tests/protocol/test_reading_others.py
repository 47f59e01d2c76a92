"""What other servers of the inference protocol write, which differs from what this project writes."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from core.media import Limits, png_of_mask
from core.protocol import ANSWERS, Asked, NotTheProtocol, parameters_of, read_answer, request_of, written
from core.protocol.form import nobody_reads
from core.settings import Settings
from core.tasks import TASKS, get_task
from core.values import (
    Boxes,
    Embeddings,
    Entities,
    Filling,
    Fillings,
    Image,
    Labels,
    Masks,
    PageAnswers,
    Replies,
    TableAnswer,
    Transcript,
    Value,
)
from tests import tiny

LIMITS = Limits.of(Settings())


def asked(task_id: str, inputs: Value | None = None, **parameters: Any) -> Asked:
    task = get_task(task_id)
    return Asked(task, inputs or tiny.inputs_of(task), task.checked_parameters(parameters), LIMITS)


def read(task_id: str, given: object, **parameters: Any) -> Any:
    return read_answer(given, asked(task_id, **parameters))


def test_every_task_has_an_answer_that_is_read_back() -> None:
    for task in TASKS:
        with pytest.raises(NotTheProtocol):
            read_answer("nonsense", Asked(task, tiny.inputs_of(task), task.parameters(), LIMITS))
        assert ANSWERS[task.output].read is not nobody_reads


def test_labels_come_in_any_order_and_as_a_batch_of_one() -> None:
    rows = [{"label": "a", "score": 0.1}, {"label": "b", "score": 0.7, "id": 3}, {"label": "c", "score": 0.2}]
    for given in (rows, [rows]):
        answer = read("text-classification", given, top_k=2)
        assert isinstance(answer, Labels)
        assert [label.label for label in answer.labels] == ["b", "c"]


def test_pieces_of_words_are_called_by_their_entity() -> None:
    answer = read("token-classification", [{"entity": "B-PER", "score": 0.9, "word": "anna", "start": 14, "end": 18}])
    assert isinstance(answer, Entities)
    assert (answer.entities[0].entity_group, answer.text[14:18]) == ("B-PER", "anna")


@pytest.mark.parametrize(
    ("task_id", "given", "text"),
    [
        ("text-generation", [{"generated_text": "on and on"}], "on and on"),
        ("summarization", [{"summary_text": "short"}], "short"),
        ("translation", [{"translation_text": "kurz"}], "kurz"),
        ("image-to-text", {"generated_text": "a dog"}, "a dog"),
        ("any-to-any", [{"generated_text": "a dog"}], "a dog"),
    ],
)
def test_a_text_comes_alone_or_in_a_list(task_id: str, given: object, text: str) -> None:
    assert read(task_id, given).text == text


def test_one_vector_comes_without_a_list_around_it() -> None:
    answer = read("feature-extraction", [0.25, 0.5])
    assert isinstance(answer, Embeddings)
    assert answer.array().tolist() == [[0.25, 0.5]]
    with pytest.raises(NotTheProtocol):
        read("feature-extraction", [[[0.25, 0.5], [1.0, 2.0]]])  # a vector for each token is another task


def test_one_answer_comes_without_a_list_around_it() -> None:
    answer = read("document-question-answering", {"answer": "42", "score": 0.5, "start": 1, "end": 1})
    assert isinstance(answer, PageAnswers)
    assert (answer.width > 0, answer.answers[0].answer) == (True, "42")
    assert read("question-answering", {"answer": "42", "score": 0.5, "start": 1, "end": 3}).answers[0].end == 3
    table = read("table-question-answering", [{"answer": "1999", "coordinates": [[0, 1]], "cells": ["1999"]}])
    assert table == TableAnswer(answer="1999", coordinates=((0, 1),), cells=("1999",))
    assert read("visual-question-answering", [{"answer": "two"}]) == Replies.model_validate(
        {"labels": [{"label": "two", "score": 1.0}]}
    )


def test_several_gaps_stay_several() -> None:
    one = Filling(token_str="a", token=1, score=0.5, sequence="a b")
    for gaps in (((one,), (one, one)), ((one, one),)):
        assert read("fill-mask", written(Fillings(gaps=gaps))) == Fillings(gaps=gaps)


def test_times_are_called_either_way() -> None:
    for name in ("timestamp", "timestamps"):
        answer = read("automatic-speech-recognition", {"text": "a", "chunks": [{"text": "a", name: [0, None]}]})
        assert isinstance(answer, Transcript)
        assert (answer.chunks[0].start_s, answer.chunks[0].end_s) == (0.0, None)


def test_a_mask_is_measured_and_has_to_be_of_the_pictures_size() -> None:
    picture = tiny.ATOMS[Image]
    assert isinstance(picture, Image)
    covered = np.zeros((picture.height, picture.width), np.bool_)
    covered[: picture.height // 4] = True
    rows = [
        {"label": label, "mask": base64.b64encode(png_of_mask(mask)).decode(), "score": None}
        for label, mask in (("small", covered), ("large", ~covered))
    ]
    answer = read("image-segmentation", rows)
    assert isinstance(answer, Masks)
    assert [(mask.label, mask.area) for mask in answer.masks] == [("large", 0.75), ("small", 0.25)]
    with pytest.raises(NotTheProtocol, match="size"):
        read("image-segmentation", [{"label": "a", "mask": base64.b64encode(png_of_mask(covered[1:])).decode()}])


def test_boxes_are_in_the_picture_that_was_asked_about() -> None:
    box = {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}
    answer = read("object-detection", [{"label": "cup", "score": 0.5, "box": box}])
    assert isinstance(answer, Boxes)
    assert (answer.width, answer.height) == (64, 48)


def test_what_leaves_the_matter_to_the_model_is_not_sent() -> None:
    task = get_task("feature-extraction")
    assert parameters_of(task.parameters()) == {"normalize": True}
    assert parameters_of(task.checked_parameters({"pooling": "cls", "normalize": False})) == {
        "pooling": "cls",
        "normalize": False,
    }
    body = request_of(tiny.inputs_of(task), task.parameters(), stream=False)
    assert all(isinstance(text, str) for text in body["inputs"])
