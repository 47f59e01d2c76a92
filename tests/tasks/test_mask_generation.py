"""Mask generation: the masks of transformers' own pipeline, without the package that its last step asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from transformers.models.sam import image_processing_pil_sam as sam

from core.media import mask_array, to_pil
from core.tasks import get_task
from core.tasks.mask_generation import inside_of, without_twins
from core.tasks.spec import Checkpoint
from core.values import Image, Masks

NOISE = np.random.default_rng(7)
TASK = get_task("mask-generation")
EVERYTHING = {"points_per_side": 4, "pred_iou_thresh": 0.0, "stability_score_thresh": 0.0}
PICTURES = [Image.from_array(NOISE.integers(0, 255, (height, 64, 3), np.uint8)) for height in (48, 80)]


def load(folder: Path) -> Any:
    """Load a checkpoint as the engine does."""
    return TASK.load(Checkpoint(folder, "float32", "cpu"))


def run(pipe: Any, pictures: list[Image], **parameters: Any) -> list[Masks]:
    """Find the parts of pictures."""
    return TASK.answers(pipe, pictures, TASK.checked_parameters({**EVERYTHING, **parameters}))


def batched_nms(boxes: torch.Tensor, scores: torch.Tensor, idxs: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Do what torchvision's function of that name does where all boxes are of one kind, pair by pair."""
    assert not idxs.any()
    kept: list[int] = []
    for at in scores.argsort(descending=True, stable=True).tolist():
        x1, y1, x2, y2 = boxes[at].tolist()
        for other in kept:
            u1, v1, u2, v2 = boxes[other].tolist()
            shared = max(0.0, min(x2, u2) - max(x1, u1)) * max(0.0, min(y2, v2) - max(y1, v1))
            if shared > iou_threshold * ((x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - shared):
                break
        else:
            kept.append(at)
    return torch.tensor(kept)


@pytest.fixture
def with_nms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the one function of torchvision that the pipeline calls."""
    boxes = ModuleType("torchvision.ops.boxes")
    boxes.batched_nms = batched_nms  # type: ignore[attr-defined]
    for name in ("torchvision", "torchvision.ops"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "torchvision.ops.boxes", boxes)
    step = sam.SamImageProcessorPil.post_process_for_mask_generation.__wrapped__  # type: ignore[attr-defined]
    monkeypatch.setattr(sam.SamImageProcessorPil, "post_process_for_mask_generation", step)


@pytest.mark.parametrize("layers", [0, 1])
def test_masks_are_the_pipelines_own_batched_and_unbatched(
    layers: int, tiny_folder: Callable[[str], Path], with_nms: None
) -> None:
    pipe = load(tiny_folder("mask-generation"))
    together = run(pipe, PICTURES, crops_n_layers=layers)
    assert [run(pipe, [one], crops_n_layers=layers)[0] for one in PICTURES] == together
    for image, answer in zip(PICTURES, together, strict=True):
        expected = pipe(
            to_pil(image), points_per_crop=4, pred_iou_thresh=0.0, stability_score_thresh=0.0, crops_n_layers=layers
        )
        pairs = [
            (np.asarray(mask, bool), score)
            for mask, score in zip(expected["masks"], expected["scores"].tolist(), strict=True)
            if np.asarray(mask).any()
        ]
        assert len(answer.masks) == len(pairs) > 1
        for one in answer.masks:
            inside = mask_array(one.mask)
            assert inside.shape == (image.height, image.width)
            assert one.area == pytest.approx(inside.mean())
            assert any(
                np.array_equal(inside, mask) and one.score == pytest.approx(min(1, max(0, score)), abs=1e-5)
                for mask, score in pairs
            )
        assert [one.label for one in answer.masks] == [f"Part {number + 1}" for number in range(len(pairs))]
        assert [one.area for one in answer.masks] == sorted((one.area for one in answer.masks), reverse=True)


def test_nothing_sure_enough_is_an_empty_answer(tiny_folder: Callable[[str], Path]) -> None:
    (answer,) = run(load(tiny_folder("mask-generation")), PICTURES[:1], pred_iou_thresh=1.0)
    assert answer == Masks(width=64, height=48, masks=())


def test_twins_are_left_out_as_the_reference_does() -> None:
    corners = NOISE.uniform(0, 50, (60, 2))
    boxes = np.concatenate([corners, corners + NOISE.uniform(1, 40, (60, 2))], axis=1).astype(np.float32)
    boxes[10] = boxes[3]
    scores = NOISE.uniform(0, 1, 60).astype(np.float32)
    expected = batched_nms(torch.tensor(boxes), torch.tensor(scores), torch.zeros(60), 0.7).tolist()
    assert without_twins(boxes, scores) == expected
    assert len(expected) < 60
    assert without_twins(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)) == []


def test_run_lengths_go_down_the_columns() -> None:
    masks = torch.tensor(NOISE.integers(0, 2, (4, 5, 7)).astype(bool))
    for mask, lengths in zip(masks, sam._mask_to_rle(masks), strict=True):
        assert np.array_equal(inside_of(lengths), mask.numpy())
    full = torch.ones((1, 2, 3), dtype=torch.bool)
    assert inside_of(sam._mask_to_rle(full)[0]).all()
