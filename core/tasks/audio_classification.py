"""Audio classification: what a sound is: a word, a mood, an instrument."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.scores import joined, label_scores
from core.tasks.sound_windows import Heard, averaged, sound_windows
from core.tasks.spec import Example, Parameters, Task
from core.values import Audio, Labels

AT_ONCE: Final = 16
"""Windows that run together; of a long sound there may be many."""

_EXAMPLES = Path("models/starters/spoken-digits/examples")


class AudioClassificationParameters(Parameters):
    """Tune audio classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def prepare(
    pipe: Any,
    inputs: Audio,
    parameters: AudioClassificationParameters,  # noqa: ARG001  # they say what is made of the scores
) -> Heard:
    """Return a sound as the model is given it, in windows if it is longer than the model hears at once."""
    return Heard(inputs.duration_s, [pipe.preprocess(window) for window in sound_windows(pipe, inputs)])


def run(pipe: Any, inputs: Sequence[Heard], parameters: AudioClassificationParameters) -> list[Labels]:
    """Classify each sound; of one that is heard in windows, the scores are averaged."""
    scores = iter(_scores(pipe, [window for heard in inputs for window in heard.windows]))
    return [averaged([next(scores) for _ in heard.windows], heard.duration_s, parameters.top_k) for heard in inputs]


def _scores(pipe: Any, prepared: Sequence[Any]) -> list[dict[str, float]]:
    """Return the score of each label for each window; windows of one length run together, so that none is padded."""
    shapes = [tuple((name, tuple(part.shape)) for name, part in sorted(heard.items())) for heard in prepared]
    found: dict[int, dict[str, float]] = {}
    for shape in dict.fromkeys(shapes):
        places = [place for place, other in enumerate(shapes) if other == shape]
        for begin in range(0, len(places), AT_ONCE):
            some = places[begin : begin + AT_ONCE]
            together = {name: joined([prepared[place][name] for place in some]) for name, _ in shape}
            found |= zip(some, label_scores(pipe.model, together), strict=True)
    return [found[place] for place in range(len(prepared))]


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
    prepare=prepare,
    concurrent=True,
    alike=True,  # many checkpoints have no attention mask: padding would change their answers
)
