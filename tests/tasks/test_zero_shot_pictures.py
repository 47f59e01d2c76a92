"""The zero-shot tasks on pictures: the numbers of transformers called directly, and labels that are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel, OwlViTForObjectDetection

from core.errors import BadParameters
from core.media import to_pil
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.values import Image, Label

NOISE = np.random.default_rng(1)
PICTURES = [Image.from_array(NOISE.integers(0, 255, (height, 40, 3), np.uint8)) for height in (30, 50)]
LABELS = ("a cat", "a dog", "a film")
TASK_IDS = ("zero-shot-image-classification", "zero-shot-object-detection")


def load(task_id: str, folder: Path) -> Any:
    """Load a checkpoint as the engine does."""
    return get_task(task_id).load(Checkpoint(folder, "float32", "cpu"))


def answers(task_id: str, pipe: Any, pictures: list[Image], **parameters: Any) -> list[Any]:
    """Run a task with these parameters."""
    task = get_task(task_id)
    return task.answers(pipe, pictures, task.checked_parameters({"candidate_labels": LABELS, **parameters}))


def test_scores_are_clips_own_batched_and_unbatched(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("zero-shot-image-classification")
    model = CLIPModel.from_pretrained(folder).eval()
    words = AutoTokenizer.from_pretrained(folder)(
        [f"A drawing of {label}" for label in LABELS], return_tensors="pt", padding=True
    )
    pipe = load("zero-shot-image-classification", folder)
    together = answers("zero-shot-image-classification", pipe, PICTURES, hypothesis_template="A drawing of {}")
    for picture, answer in zip(PICTURES, together, strict=True):
        pixels = AutoImageProcessor.from_pretrained(folder)(to_pil(picture), return_tensors="pt")
        with torch.no_grad():
            scores = model(**words, **pixels).logits_per_image[0].softmax(-1)
        expected = sorted(zip(LABELS, scores.tolist(), strict=True), key=lambda row: -row[1])
        assert [label.label for label in answer.labels] == [label for label, _ in expected]
        assert [label.score for label in answer.labels] == pytest.approx([score for _, score in expected], abs=1e-5)
    alone = [
        answers("zero-shot-image-classification", pipe, [picture], hypothesis_template="A drawing of {}")[0]
        for picture in PICTURES
    ]
    assert alone == together


def test_boxes_are_owlvits_own_for_each_label(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("zero-shot-object-detection")
    model = OwlViTForObjectDetection.from_pretrained(folder).eval()
    processor, tokenizer = AutoImageProcessor.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    pipe = load("zero-shot-object-detection", folder)
    together = answers("zero-shot-object-detection", pipe, PICTURES, threshold=0.3)
    assert [answers("zero-shot-object-detection", pipe, [one], threshold=0.3)[0] for one in PICTURES] == together
    for picture, answer in zip(PICTURES, together, strict=True):
        expected = []
        for label in LABELS:
            with torch.no_grad():
                out = model(**tokenizer(label, return_tensors="pt"), **processor(to_pil(picture), return_tensors="pt"))
            scores = out.logits[0].max(-1).values.sigmoid()
            middles, sides = out.pred_boxes[0, :, :2], out.pred_boxes[0, :, 2:]
            corners = torch.cat((middles - sides / 2, middles + sides / 2), -1) * torch.tensor(
                [picture.width, picture.height] * 2
            )
            expected += [
                (score.item(), label, *corner.int().tolist()) for score, corner in zip(scores, corners, strict=True)
            ]
        expected = sorted((row for row in expected if row[0] > 0.3), reverse=True)
        assert answer.detections
        assert sorted((one.score for one in answer.detections), reverse=True) == pytest.approx(
            [row[0] for row in expected], abs=1e-5
        )
        assert {(one.label, one.box.xmin, one.box.ymin) for one in answer.detections} == {
            (label, max(0, xmin), max(0, ymin)) for _, label, xmin, ymin, _, _ in expected
        }
        assert all(one.box.xmax <= picture.width and one.box.ymax <= picture.height for one in answer.detections)


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_a_label_with_commas_stays_one_label(task_id: str, tiny_folder: Callable[[str], Path]) -> None:
    (answer,) = answers(task_id, load(task_id, tiny_folder(task_id)), PICTURES[:1], candidate_labels=("a, b",))
    said = answer.labels if task_id.endswith("classification") else answer.detections
    assert {one.label for one in said} == {"a, b"}
    if task_id.endswith("classification"):
        assert answer.labels == (Label(label="a, b", score=1.0),)


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_a_label_that_would_be_cut_is_refused(task_id: str, tiny_folder: Callable[[str], Path]) -> None:
    limit = "77" if task_id.endswith("classification") else "16"
    with pytest.raises(BadParameters, match=f"tokens; this model reads {limit}"):
        answers(task_id, load(task_id, tiny_folder(task_id)), PICTURES[:1], candidate_labels=("a", "film " * 18))


@pytest.mark.parametrize("template", ["no gap", "{} and {}", "{:>9999999999}", "{0.__class__} {}", "{}}", "{{}}"])
def test_a_template_is_one_gap_and_words(template: str) -> None:
    with pytest.raises(BadParameters, match="hypothesis_template"):
        get_task("zero-shot-image-classification").checked_parameters({"hypothesis_template": template})


@pytest.mark.parametrize("labels", [(), ("",), ("  ",), ("x" * 201,), ("a",) * 51])
@pytest.mark.parametrize("task_id", TASK_IDS)
def test_no_labels_empty_ones_and_too_many_are_refused(labels: tuple[str, ...], task_id: str) -> None:
    with pytest.raises(BadParameters, match="candidate_labels"):
        get_task(task_id).checked_parameters({"candidate_labels": labels})
