"""How a sound that is longer than a model hears at once is cut into windows, and what is said of it.

Owns how long a window may be, where windows lie, and the averaging of what was heard in each. A model that
is given more than it hears would cut the rest off, or crop at random, and keep quiet about it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.tasks.pipelines import raw_audio
from core.tasks.scores import best_labels, mean_scores
from core.values import Audio, Labels

MAX_WINDOW_S: Final = 30.0
"""Seconds heard at once where the model has no limit of its own.

Source: Whisper's window. wav2vec 2.0 and HuBERT were trained on at most 15.6 s and 20 s, and their attention
takes memory by the square of the length.
"""

FRAME_S: Final = 0.01
"""Seconds between two frames of the Audio Spectrogram Transformer. Source: its filter banks, shifted by 10 ms."""


@dataclass(frozen=True)
class Heard:
    """Hold how long a sound is, and what the model is given for each window of it."""

    duration_s: float
    windows: Sequence[Any]


def sound_windows(pipe: Any, audio: Audio) -> list[NDArray[np.float32]]:
    """Return a sound at the model's rate in as few windows of the same length as it hears it in; often one."""
    raw = raw_audio(pipe, audio)
    limit = math.floor(window_s(pipe.feature_extractor) * raw["sampling_rate"])
    return np.array_split(raw["raw"], math.ceil(len(raw["raw"]) / limit))


def window_s(feature_extractor: Any) -> float:
    """Return how many seconds a model hears at once: what its feature extractor does not cut off."""
    from transformers import ASTFeatureExtractor

    rate = feature_extractor.sampling_rate
    own = [
        samples / rate
        for name in ("n_samples", "nb_max_samples")  # Whisper's and CLAP's
        if (samples := getattr(feature_extractor, name, None))
    ]
    if isinstance(feature_extractor, ASTFeatureExtractor):
        own.append(feature_extractor.max_length * FRAME_S)
    return min(own, default=MAX_WINDOW_S)


def averaged(windows: Sequence[Mapping[str, float]], duration_s: float, top_k: int | None = None) -> Labels:
    """Return the mean of each label's score over the windows, best first, and a note if there are several."""
    labels = best_labels(mean_scores(windows, [1] * len(windows)), top_k)
    note = ""
    if len(windows) > 1:
        each_s = duration_s / len(windows)
        note = f"Heard in {len(windows)} windows of {each_s:.1f} s; each score is their average."
    return Labels(labels=labels, note=note)
