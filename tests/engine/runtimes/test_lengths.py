"""Texts made longer for a program: by what, when not, and that nobody sees it in the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.runtimes.exported import open_program
from core.engine.runtimes.lengths import STEP, Lengthening, lengthen, shortened
from core.engine.runtimes.rungs import named
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from tests.engine.runtimes.programs import write_program

LENGTHENING = Lengthening(pad_token_id=7, most=12)
OPENVINO = named("openvino float32")


def texts(length: int, **others: Any) -> dict[str, Any]:
    ones = np.ones((2, length), np.int64)
    return {"input_ids": ones * 5, "attention_mask": ones} | others


def test_texts_are_padded_to_the_next_step_and_the_mask_says_so() -> None:
    given = texts(5, token_type_ids=np.ones((2, 5), np.int32))
    found, length, longer = LENGTHENING.lengthened(given)
    assert (length, longer) == (5, STEP)
    assert {name: array[0].tolist() for name, array in found.items()} == {
        "input_ids": [5] * 5 + [7] * 3,
        "attention_mask": [1] * 5 + [0] * 3,
        "token_type_ids": [1] * 5 + [0] * 3,
    }
    assert {name: (array.shape, array.dtype) for name, array in found.items()} == {
        name: ((2, STEP), array.dtype) for name, array in given.items()
    }


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(texts(STEP), id="they are as long already"),
        pytest.param(texts(10), id="the model has no places for more"),
        pytest.param({"input_ids": texts(5)["input_ids"]}, id="nothing would say what is padding"),
        pytest.param(texts(5, position_ids=np.ones((2, 5))), id="what else is given may count them"),
        pytest.param(texts(5, token_type_ids=np.ones((2, 1))), id="not all are as long"),
        pytest.param({"input_values": np.ones((1, 5))}, id="a sound"),
    ],
)
def test_a_question_stays_as_it_is_where(given: dict[str, Any]) -> None:
    found, length, longer = LENGTHENING.lengthened(given)
    assert found is given
    assert length == longer


def test_only_models_that_say_how_they_pad_and_how_far_they_read_are_given_more() -> None:
    assert Lengthening.of(SimpleNamespace(pad_token_id=0, max_position_embeddings=512)) == Lengthening(0, 512)
    assert Lengthening.of(SimpleNamespace(pad_token_id=None, max_position_embeddings=512)) is None
    assert Lengthening.of(SimpleNamespace(pad_token_id=0)) is None


def test_an_answer_loses_what_was_added_and_its_labels_stay() -> None:
    array = np.zeros((8, 8, 8))
    assert shortened(array, [1], 5, 8).shape == (8, 5, 8)
    assert shortened(array, [1, 2], 5, 8).shape == (8, 5, 5)
    assert shortened(np.zeros((8, 8)), [], 5, 8).shape == (8, 8)
    assert shortened(array, [1], 5, 5) is array
    assert shortened(np.zeros((8, 4, 8)), [1], 5, 8).shape == (8, 4, 8)


# What the libraries that convert say of each other's newer versions.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("task_id", ["text-classification", "token-classification"])
def test_a_program_answers_texts_of_every_length_as_torch_does(
    task_id: str, tiny_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    (example, *_) = write_program(task_id, OPENVINO, tiny_folder, tmp_path)
    program = open_program(tmp_path, OPENVINO, 1)
    model = loaded(task_id, tiny_folder)
    for asked in of_every_length(model, example.inputs):
        expected, found = answered(model, asked), program(**asked)["logits"]
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, atol=1e-4), asked["input_ids"].shape


def loaded(task_id: str, tiny_folder: Callable[[str], Path]) -> Any:
    """Return the model of a task's tiny checkpoint."""
    return get_task(task_id).load(Checkpoint(tiny_folder(task_id), "float32", "cpu")).model.eval()


def of_every_length(model: Any, names: Iterable[str] = ("input_ids", "attention_mask")) -> Iterator[dict[str, Any]]:
    """Yield questions below a step, at one, beyond one, and as long as the model reads."""
    most, words = model.config.max_position_embeddings, model.config.vocab_size
    for length in (1, 5, STEP, STEP + 1, most - 1, most):
        ids = (torch.arange(2 * length) % (words - 5) + 5).reshape(2, length)
        given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
        yield {name: given[name] for name in names}


def answered(model: Any, asked: dict[str, Any]) -> Any:
    with torch.inference_mode():
        return model(**asked)["logits"]


@pytest.mark.parametrize("task_id", ["text-classification", "token-classification", "fill-mask"])
def test_a_module_of_torch_answers_texts_of_every_length_as_before_and_meets_few(
    task_id: str, tiny_folder: Callable[[str], Path]
) -> None:
    plain, model = loaded(task_id, tiny_folder), loaded(task_id, tiny_folder)
    met: list[int] = []
    forward = model.forward

    def watched(**inputs: Any) -> Any:
        met.append(inputs["input_ids"].shape[1])
        return forward(**inputs)

    model.forward = watched
    lengthen(model)
    for asked in of_every_length(plain):
        expected, found = answered(plain, asked), answered(model, asked)
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, atol=1e-5), asked["input_ids"].shape
    most = plain.config.max_position_embeddings
    assert met == [STEP, STEP, STEP, 2 * STEP, min(most, -(-(most - 1) // STEP) * STEP), most]


def test_an_answer_for_each_label_is_not_cut_where_there_are_as_many_as_tokens() -> None:
    class Eight(torch.nn.Module):
        config = SimpleNamespace(pad_token_id=0, max_position_embeddings=64)

        def forward(self, **inputs: Any) -> dict[str, Any]:
            count, length = inputs["input_ids"].shape
            logits = torch.zeros(count, STEP)
            return {"logits": logits, "start_logits": torch.zeros(count, length), "last": torch.zeros(count, length, 3)}

    model = Eight()
    lengthen(model)
    ids = torch.ones(2, 5, dtype=torch.int64)
    found = model(input_ids=ids, attention_mask=ids)
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "logits": (2, STEP),
        "start_logits": (2, 5),
        "last": (2, 5, 3),
    }


@pytest.mark.parametrize(
    "others",
    [
        pytest.param({"position_ids": torch.ones(2, 5, dtype=torch.int64)}, id="its places"),
        pytest.param({"pixel_values": torch.ones(2, 3, 4, 4, dtype=torch.bfloat16)}, id="a picture beside it"),
        pytest.param({"output_hidden_states": True}, id="more is to be answered"),
        pytest.param({"return_dict": False}, id="it is to be answered without names"),
    ],
)
def test_a_question_that_is_more_than_a_text_reaches_torch_as_it_is(others: dict[str, Any]) -> None:
    asked: list[Any] = []

    class Model(torch.nn.Module):
        config = SimpleNamespace(pad_token_id=0, max_position_embeddings=64)

        def forward(self, **inputs: Any) -> dict[str, Any]:
            asked.append(inputs["input_ids"].shape)
            return {}

    model = Model()
    lengthen(model)
    ids = torch.ones(2, 5, dtype=torch.int64)
    model(input_ids=ids, attention_mask=ids, **others)
    assert asked == [(2, 5)]
    model(input_ids=ids, attention_mask=ids, use_cache=False, labels=None)
    assert asked == [(2, 5), (2, STEP)]
