"""What a model is asked for a probe, and when two answers agree."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.engine.runtimes.probe import Call, asked, difference, probe_inputs, sizes_not_seen
from core.tasks import TASKS, get_task
from core.tasks.spec import Task

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.1, 0.0, -0.1]])


def against(reference: dict[str, torch.Tensor], found: dict[str, torch.Tensor], **inputs: Any) -> tuple[float, str]:
    return difference([Call(inputs, reference)], lambda _: found)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_task_has_inputs_for_a_probe(task: Task) -> None:
    inputs = probe_inputs(task)
    assert len(inputs) >= 2
    assert all(isinstance(value, task.takes) for value in inputs)


def test_texts_of_a_probe_are_of_many_lengths() -> None:
    assert len({len(value.text) for value in probe_inputs(get_task("text-classification"))}) >= 8  # type: ignore[attr-defined]


def test_the_same_answer_agrees_to_nothing() -> None:
    assert against({"logits": LOGITS}, {"logits": LOGITS.clone()}) == (0.0, "")


def test_a_little_noise_is_measured_as_scores() -> None:
    largest, problem = against({"logits": LOGITS}, {"logits": LOGITS + torch.tensor([0.01, 0.0, 0.0])})
    assert 0.0005 < largest < 0.01
    assert problem == ""


def test_another_first_label_disagrees_however_close(monkeypatch: pytest.MonkeyPatch) -> None:
    flipped = LOGITS.clone()
    flipped[1, 1] = 0.11
    largest, problem = against({"logits": LOGITS}, {"logits": flipped})
    assert largest < 0.05
    assert "another label" in problem


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({}, "missing"),
        ({"logits": LOGITS[:1]}, "another shape"),
        ({"logits": LOGITS * float("nan")}, "no number"),
    ],
)
def test_what_is_no_such_answer_disagrees(found: dict[str, torch.Tensor], problem: str) -> None:
    largest, said = against({"logits": LOGITS}, found)
    assert largest == 1.0
    assert problem in said


def test_vectors_agree_within_a_share_of_their_length() -> None:
    vector = torch.arange(1.0, 9.0)
    assert against({"boxes": vector}, {"boxes": vector * 1.01})[1] == ""
    assert "boxes differs" in against({"boxes": vector}, {"boxes": vector * 1.2})[1]


def test_what_stands_at_padding_is_not_looked_at() -> None:
    mask = torch.tensor([[1, 1, 0]])
    reference, found = torch.ones(1, 3, 4), torch.ones(1, 3, 4)
    found[0, 2] = 99.0
    assert against({"last_hidden_state": reference}, {"last_hidden_state": found}, attention_mask=mask) == (0.0, "")
    assert "differs" in against({"last_hidden_state": reference}, {"last_hidden_state": found})[1]


def test_sizes_not_seen_are_shorter_rows_or_fewer_pictures() -> None:
    rows = [Call({"input_ids": torch.ones(3, 20), "attention_mask": torch.ones(3, 20)}, {})]
    found = sizes_not_seen([*rows, Call({"input_ids": torch.ones(3, 15)}, {})])
    assert [tuple(part["attention_mask"].shape) for part in found] == [
        (3, n) for n in (10, 11, 12, 13, 14, 16, 17, 18, 19)
    ]
    pictures = [Call({"pixel_values": torch.ones(5, 3, 8, 8)}, {}), Call({"pixel_values": torch.ones(3, 3, 8, 8)}, {})]
    assert [len(part["pixel_values"]) for part in sizes_not_seen(pictures)] == [2, 4]


class Model:
    """Answer with what stands in it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def forward(self, **_: Any) -> Any:
        return self.answer


def task_that_asks(**inputs: Any) -> Task:
    """Return a task that asks its model this, whatever it is given."""
    return replace(
        get_task("text-classification"),
        run=lambda pipe, values, parameters: [pipe.model.forward(**inputs) for _ in values],
        prepare=None,
    )


def test_every_call_of_the_model_is_recorded_and_nothing_stays_behind() -> None:
    model = Model({"logits": LOGITS, "other": "word"})
    calls = asked(task_that_asks(input_ids=torch.ones(1, 2), return_dict=True), SimpleNamespace(model=model))
    assert len(calls) == 18
    assert set(calls[0].inputs) == {"input_ids"}
    assert set(calls[0].outputs) == {"logits"}
    assert "forward" not in vars(model)


@pytest.mark.parametrize(
    ("answer", "inputs"),
    [
        ((LOGITS,), {"input_ids": torch.ones(1, 2)}),
        ({"logits": LOGITS}, {"input_ids": torch.ones(1, 2), "past_key_values": [1, 2]}),
        ({"logits": LOGITS}, {"return_dict": True}),
    ],
    ids=["a tuple", "a list of numbers", "no tensor"],
)
def test_a_model_that_takes_or_gives_more_than_tensors_cannot_be_replaced(answer: Any, inputs: dict[str, Any]) -> None:
    assert asked(task_that_asks(**inputs), SimpleNamespace(model=Model(answer))) == []
