"""Audio classification: what a sound is: a word, a mood, an instrument."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.sound_windows import averaged, sound_windows
from core.tasks.spec import Example, Parameters, Task
from core.values import Audio, Labels

_EXAMPLES = Path("models/starters/spoken-digits/examples")


class AudioClassificationParameters(Parameters):
    """Tune audio classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def run(pipe: Any, inputs: Sequence[Audio], parameters: AudioClassificationParameters) -> list[Labels]:
    """Classify each sound; one longer than the model hears at once is heard in windows, and their scores averaged."""

    def scores_of(window: Any) -> dict[str, float]:
        return {row["label"]: row["score"] for row in pipe(window, top_k=None)}

    return [
        averaged([scores_of(window) for window in sound_windows(pipe, audio)], audio, parameters.top_k)
        for audio in inputs
    ]


TASK = Task(
    id="audio-classification",
    modality="audio",
    title="Audio classification",
    summary="Says what a sound is. Speak a digit from zero to nine, or send a recording.",
    icon=":material/graphic_eq:",
    input=Audio,
    parameters=AudioClassificationParameters,
    output=Labels,
    examples=(
        Example("Seven", _EXAMPLES / "seven.wav"),
        Example("Three", _EXAMPLES / "three.wav"),
        Example("Eight", _EXAMPLES / "eight.wav"),
    ),
    load=pipeline_loader("audio-classification"),
    run=run,
    batches=False,  # many checkpoints have no attention mask: padding would change their answers
)
