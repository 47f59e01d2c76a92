"""Sounds by labels, a model's own or the visitor's: the numbers are transformers' own, long sounds are averaged."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import BadParameters
from core.tasks import get_task
from core.tasks.sound_windows import MAX_WINDOW_S, sound_windows, window_s
from core.tasks.spec import Checkpoint
from core.values import Audio, Labels
from tests import tiny

IDS = ("audio-classification", "zero-shot-audio-classification")
RATE = 16_000


def noise(seconds: float, rate: int = RATE) -> Audio:
    """Return a noise that grows louder, so that no two windows of it are alike."""
    samples = np.random.default_rng(0).uniform(-1, 1, round(seconds * rate))
    return Audio.from_array((samples * np.linspace(0.1, 1, len(samples))).astype(np.float32), rate)


def loaded(task_id: str, folder: Path) -> Any:
    return get_task(task_id).load(Checkpoint(folder, "float32", "cpu"))


def answers(task_id: str, pipe: Any, *sounds: Audio, **parameters: Any) -> list[Labels]:
    task = get_task(task_id)
    return task.answers(pipe, sounds, task.checked_parameters(parameters))


def scores(labels: Labels) -> dict[str, float]:
    return {one.label: one.score for one in labels.labels}


@cache
def transformers_pipeline(task_id: str, folder: Path) -> Any:
    from transformers import pipeline

    return pipeline(task_id, model=str(folder), dtype="float32")


def directly(task_id: str, folder: Path, samples: Any) -> dict[str, float]:
    """Return what transformers' own pipeline says of samples."""
    pipe = transformers_pipeline(task_id, folder)
    asked = {} if task_id == IDS[0] else {"candidate_labels": list(get_task(task_id).parameters().candidate_labels)}
    return {row["label"]: row["score"] for row in pipe(samples, **asked)}


@pytest.mark.parametrize("task_id", IDS)
def test_the_scores_are_those_of_transformers(task_id: str, tiny_folder: Callable[[str], Path]) -> None:
    sound = tiny.ATOMS[Audio]
    (answer,) = answers(task_id, loaded(task_id, tiny_folder(task_id)), sound)
    assert scores(answer) == pytest.approx(directly(task_id, tiny_folder(task_id), sound.array().copy()), abs=1e-5)
    assert [one.score for one in answer.labels] == sorted(scores(answer).values(), reverse=True)
    assert sum(scores(answer).values()) == pytest.approx(1, abs=1e-5)
    assert answer.note == ""


@pytest.mark.parametrize("task_id", IDS)
def test_several_sounds_are_answered_as_one_by_one(task_id: str, tiny_folder: Callable[[str], Path]) -> None:
    backwards = Audio.from_array(noise(0.5).array()[::-1], noise(0.5).sampling_rate)
    pipe, sounds = loaded(task_id, tiny_folder(task_id)), [noise(0.5), noise(0.9), backwards]
    together = answers(task_id, pipe, *sounds)
    for sound, answer in zip(sounds, together, strict=True):
        (alone,) = answers(task_id, pipe, sound)
        assert scores(answer) == pytest.approx(scores(alone), abs=1e-6)


@pytest.mark.parametrize(("task_id", "count"), [(IDS[0], 2), (IDS[1], 35)])
def test_a_sound_of_35_s_is_heard_in_windows_and_says_so(
    task_id: str, count: int, tiny_folder: Callable[[str], Path]
) -> None:
    sound = noise(35)
    (answer,) = answers(task_id, loaded(task_id, tiny_folder(task_id)), sound)
    windows = [directly(task_id, tiny_folder(task_id), part.copy()) for part in np.array_split(sound.array(), count)]
    expected = {label: np.mean([window[label] for window in windows]) for label in windows[0]}
    assert scores(answer) == pytest.approx(expected, abs=1e-5)
    assert answer.note == f"Heard in {count} windows of {35 / count:.1f} s; each score is their average."


def test_a_long_sound_is_answered_alike_each_time(tiny_folder: Callable[[str], Path]) -> None:
    """CLAP's own feature extractor would hear another random second each time."""
    pipe = loaded(IDS[1], tiny_folder(IDS[1]))
    assert answers(IDS[1], pipe, noise(3.3)) == answers(IDS[1], pipe, noise(3.3))


def test_a_sound_is_resampled_to_the_models_rate(tiny_folder: Callable[[str], Path]) -> None:
    pipe = loaded(IDS[1], tiny_folder(IDS[1]))
    (window,) = sound_windows(pipe, noise(0.5, 48_000))
    assert len(window) == RATE / 2


# The Audio Spectrogram Transformer has more mel filters than its low frequencies fill.
@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
def test_a_window_is_what_the_feature_extractor_does_not_cut_off() -> None:
    from transformers import (
        ASTFeatureExtractor,
        ClapFeatureExtractor,
        Wav2Vec2FeatureExtractor,
        WhisperFeatureExtractor,
    )

    assert window_s(Wav2Vec2FeatureExtractor()) == MAX_WINDOW_S
    assert window_s(WhisperFeatureExtractor()) == 30
    assert window_s(ClapFeatureExtractor()) == 10
    spectrogram = ASTFeatureExtractor()
    assert window_s(spectrogram) == pytest.approx(10.24)
    pipe = SimpleNamespace(feature_extractor=spectrogram)
    windows = sound_windows(pipe, noise(11))
    assert [len(window) / RATE for window in windows] == [5.5, 5.5]
    # At the limit nothing is cut: what the last tenth of a second holds still counts.
    whole = noise(10.24).array()
    silenced = np.concatenate([whole[:-1600], np.zeros(1600, np.float32)])
    first, second = (spectrogram(part, RATE, return_tensors="np")["input_values"] for part in (whole, silenced))
    assert not np.allclose(first[:, -8:], second[:, -8:])


def test_only_so_many_labels_are_returned(tiny_folder: Callable[[str], Path]) -> None:
    (answer,) = answers(IDS[0], loaded(IDS[0], tiny_folder(IDS[0])), noise(40), top_k=2)
    assert len(answer.labels) == 2


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"candidate_labels": ()}, "candidate_labels"),
        ({"candidate_labels": ("  ",)}, "candidate_labels"),
        ({"hypothesis_template": "No gap."}, "hypothesis_template"),
        ({"candidate_labels": ("a very long label " * 10,)}, "this model reads 62"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(
    parameters: dict[str, Any], says: str, tiny_folder: Callable[[str], Path]
) -> None:
    with pytest.raises(BadParameters, match=says):
        answers(IDS[1], loaded(IDS[1], tiny_folder(IDS[1])), noise(0.5), **parameters)


def test_a_label_named_twice_counts_once(tiny_folder: Callable[[str], Path]) -> None:
    pipe = loaded(IDS[1], tiny_folder(IDS[1]))
    twice, once = (
        answers(IDS[1], pipe, noise(0.5), candidate_labels=labels)[0] for labels in (("a", "a", "b"), ("a", "b"))
    )
    assert twice == once
