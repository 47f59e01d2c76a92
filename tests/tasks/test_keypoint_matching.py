"""Keypoint matching: transformers' own places and scores, in pixels of each picture, square or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import AutoImageProcessor, SuperGlueForKeypointMatching

from core.media import to_pil
from core.tasks import get_task
from core.tasks.keypoint_matching import PicturePair
from core.tasks.spec import Checkpoint
from core.values import Image, Matches
from tests.tiny.base import save

NOISE = np.random.default_rng(6)
TASK = get_task("keypoint-matching")


def picture(width: int, height: int) -> Image:
    """Return a picture of noise."""
    return Image.from_array(NOISE.integers(0, 255, (height, width, 3), np.uint8))


PAIRS = [
    PicturePair(first=picture(64, 48), second=picture(30, 90)),
    PicturePair(first=picture(9, 9), second=picture(80, 20)),
]


def matches(folder: Path, pairs: list[PicturePair], threshold: float = 0.0) -> list[Matches]:
    """Match pairs with the checkpoint of a folder."""
    pipe = TASK.load(Checkpoint(folder, "float32", "cpu"))
    return TASK.answers(pipe, pairs, TASK.checked_parameters({"threshold": threshold}))


def test_places_and_scores_are_superglues_own_batched_and_unbatched(tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder("keypoint-matching")
    model, processor = (
        SuperGlueForKeypointMatching.from_pretrained(folder).eval(),
        AutoImageProcessor.from_pretrained(folder),
    )
    together = matches(folder, PAIRS)
    assert [matches(folder, [pair])[0] for pair in PAIRS] == together
    assert any(answer.matches for answer in together)
    for pair, answer in zip(PAIRS, together, strict=True):
        with torch.no_grad():
            found = model(**processor([to_pil(pair.first), to_pil(pair.second)], return_tensors="pt"))
        numbers, scores = found.matches[0, 0], found.matching_scores[0, 0]
        expected = set()
        for at in (numbers > -1).nonzero().flatten().tolist():
            if scores[at] > 0:
                one, other = found.keypoints[0, 0, at], found.keypoints[0, 1, numbers[at]]
                expected.add(
                    (
                        int(one[0] * pair.first.width),
                        int(one[1] * pair.first.height),
                        int(other[0] * pair.second.width),
                        int(other[1] * pair.second.height),
                        round(scores[at].item(), 5),
                    )
                )
        assert {
            (one.first.x, one.first.y, one.second.x, one.second.y, round(one.score, 5)) for one in answer.matches
        } == expected
        assert list(answer.matches) == sorted(answer.matches, key=lambda one: -one.score)


def test_the_threshold_leaves_the_surer_ones(tiny_folder: Callable[[str], Path]) -> None:
    (every,) = matches(tiny_folder("keypoint-matching"), PAIRS[:1])
    middle = every.matches[len(every.matches) // 2].score
    (surer,) = matches(tiny_folder("keypoint-matching"), PAIRS[:1], threshold=middle)
    assert surer.matches == tuple(one for one in every.matches if one.score > middle)


def test_pictures_without_one_point_have_no_match(tiny_folder: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tiny_folder("keypoint-matching")
    model = SuperGlueForKeypointMatching.from_pretrained(folder)
    model.config.keypoint_detector_config.keypoint_threshold = 1.1
    save(model, tmp_path)
    AutoImageProcessor.from_pretrained(folder).save_pretrained(tmp_path)
    assert matches(tmp_path, PAIRS[:1]) == [Matches(matches=())]
