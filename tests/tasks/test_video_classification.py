"""Video classification: the scores of transformers called directly, from frames that the answer names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import VideoMAEForVideoClassification, VideoMAEImageProcessorPil

from core.errors import ModelUnavailable
from core.tasks import get_task
from core.tasks.spec import Checkpoint
from core.values import FilmLabels, Video
from tests.tiny import mixed, pictures

TASK = get_task("video-classification")
NOISE = np.random.default_rng(1)
FILMS = [Video.from_array(NOISE.integers(0, 255, (count, 30, 40, 3), np.uint8), 2.0) for count in (8, 3, 4)]
SEEN = [(1, 3, 5, 7), (0, 1, 1, 2), (0, 1, 2, 3)]


def run(pipe: Any, films: list[Video], **parameters: Any) -> list[FilmLabels]:
    """Run the task on films."""
    return TASK.answers(pipe, films, TASK.checked_parameters(parameters))


@pytest.mark.parametrize("function", ["default", "softmax", "sigmoid"])
def test_scores_are_the_models_own_batched_and_unbatched(function: str, tiny_folder: Callable[[str], Path]) -> None:
    folder = tiny_folder(TASK.id)
    model = VideoMAEForVideoClassification.from_pretrained(folder).eval()
    processor = VideoMAEImageProcessorPil.from_pretrained(folder)
    pipe = TASK.load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    together = run(pipe, FILMS, function_to_apply=function)
    alone = [run(pipe, [film], function_to_apply=function)[0] for film in FILMS]
    for film, seen, answer, same in zip(FILMS, SEEN, together, alone, strict=True):
        with torch.no_grad():
            logits = model(**processor([film.array()[at] for at in seen], return_tensors="pt")).logits[0]
        scores = logits.sigmoid() if function == "sigmoid" else logits.softmax(-1)
        expected = {model.config.id2label[at]: score for at, score in enumerate(scores.tolist())}
        assert {label.label: label.score for label in answer.labels} == pytest.approx(expected, abs=1e-5)
        assert [label.score for label in answer.labels] == sorted([one.score for one in answer.labels], reverse=True)
        assert answer.frames == same.frames == seen
        assert [one.score for one in same.labels] == pytest.approx([one.score for one in answer.labels], abs=1e-5)


def test_no_more_labels_are_returned_than_were_asked_for(tiny_folder: Callable[[str], Path]) -> None:
    pipe = TASK.load(Checkpoint(tiny_folder(TASK.id), "float32", "cpu"))
    assert [len(run(pipe, FILMS[:1], top_k=count)[0].labels) for count in (1, 2, 100)] == [1, 2, 3]


def test_a_checkpoint_of_many_labels_at_once_scores_each_by_itself(tmp_path: Path) -> None:
    folder = mixed.video_classification(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"problem_type": "multi_label_classification"}))
    pipe = TASK.load(Checkpoint(folder, "float32", "cpu"))
    pipe.model.eval()
    assert run(pipe, FILMS[:1]) == run(pipe, FILMS[:1], function_to_apply="sigmoid")


@pytest.mark.parametrize(
    ("named", "processor"),
    [
        ("feature_extractor_type", "VideoMAEFeatureExtractor"),
        ("image_processor_type", "VideoMAEImageProcessor"),
        ("image_processor_type", "VivitImageProcessor"),
    ],
)
def test_what_older_checkpoints_name_works_without_torchvision(named: str, processor: str, tmp_path: Path) -> None:
    folder = mixed.video_classification(tmp_path)
    path = folder / "preprocessor_config.json"
    settings = {key: value for key, value in json.loads(path.read_text()).items() if not key.endswith("_type")}
    path.write_text(json.dumps(settings | {named: processor}))
    pipe = TASK.load(Checkpoint(folder, "float32", "cpu"))
    assert run(pipe, FILMS[:1])[0].frames == SEEN[0]


@pytest.mark.skipif(
    __import__("importlib.util").util.find_spec("torchvision") is not None, reason="what it asks for is here"
)
def test_a_checkpoint_with_only_a_video_processor_asks_for_torchvision(tmp_path: Path) -> None:
    folder = mixed.video_classification(tmp_path)
    (folder / "preprocessor_config.json").unlink()
    (folder / "video_preprocessor_config.json").write_text('{"video_processor_type": "VideoMAEVideoProcessor"}')
    with pytest.raises(ImportError, match="Torchvision"):
        TASK.load(Checkpoint(folder, "float32", "cpu"))


def test_a_model_for_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="A vit model cannot do this task"):
        TASK.load(Checkpoint(pictures.image_classification(tmp_path), "float32", "cpu"))
