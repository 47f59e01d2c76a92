"""Measures object detection: average precision, and precision and recall at one threshold.

Owns the matching of found boxes to true ones and the figures. Does not own any model or data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Boxes:
    """Hold the boxes of one picture, true or found.

    Shapes: `corners` (n, 4) xmin, ymin, xmax, ymax in pixels; `labels` (n,) names; `scores` (n,), empty if true.
    """

    corners: np.ndarray
    labels: list[str]
    scores: np.ndarray


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the intersection over union of every pair of boxes.

    Shapes: `first` (n, 4), `second` (m, 4); returns (n, m).
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(2)
    area_first, area_second = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second))
    return common / (area_first[:, None] + area_second[None] - common)


def match(truth: Boxes, found: Boxes, label: str, least_overlap: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Match one picture's found boxes of a label to true ones, each true box once, the surest box first.

    Returns: scores and whether each found box is right, best first; and the number of true boxes.
    """
    true_corners = truth.corners[[name == label for name in truth.labels]]
    chosen = np.array([name == label for name in found.labels], bool)
    order = np.argsort(-found.scores[chosen], kind="stable")
    corners, scores = found.corners[chosen][order], found.scores[chosen][order]
    right = np.zeros(len(scores), bool)
    overlaps = overlap(corners, true_corners) if len(scores) and len(true_corners) else np.zeros((len(scores), 0))
    for index, row in enumerate(overlaps):
        if row.size and row.max() >= least_overlap:
            right[index] = True
            overlaps[:, row.argmax()] = -1
    return scores, right, len(true_corners)


def average_precision(truths: list[Boxes], founds: list[Boxes], label: str, least_overlap: float = 0.5) -> float:
    """Return the area under the precision-recall curve of one label.

    Source: all-point interpolation, as in PASCAL VOC from 2010 on; COCO's 101 points differ by less than 0.005.
    """
    matched = [match(truth, found, label, least_overlap) for truth, found in zip(truths, founds, strict=True)]
    total = sum(number for _, _, number in matched)
    order = np.argsort(-np.concatenate([scores for scores, _, _ in matched]), kind="stable")
    right = np.concatenate([right for _, right, _ in matched])[order]
    hits = np.cumsum(right)
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((precision * right).sum() / total)


def precision_and_recall(truths: list[Boxes], founds: list[Boxes], threshold: float) -> tuple[float, float]:
    """Return both for the boxes whose score reaches the threshold, all labels together, at an overlap of 0.5."""
    hits = found_number = true_number = 0
    for truth, found in zip(truths, founds, strict=True):
        for label in {*truth.labels, *found.labels}:
            scores, right, number = match(truth, found, label, 0.5)
            hits += int((right & (scores >= threshold)).sum())
            found_number += int((scores >= threshold).sum())
            true_number += number
    return hits / max(found_number, 1), hits / max(true_number, 1)
