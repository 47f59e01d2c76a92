"""Zero-shot audio classification: which of the visitor's own labels fits a sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from core.tasks.candidates import MOST_LABELS, CandidateLabel, Template, refuse_long
from core.tasks.pipelines import pipeline_loader
from core.tasks.sound_windows import Heard, averaged, sound_windows
from core.tasks.spec import Example, Parameters, Task
from core.values import Audio, Labels

_DIGITS = Path("models/starters/spoken-digits/examples")
_STRINGS = Path("models/starters/digit-strings/examples")


class ZeroShotAudioClassificationParameters(Parameters):
    """Say what to choose from."""

    candidate_labels: tuple[CandidateLabel, ...] = Field(
        ("a person speaking", "music", "a dog barking", "an engine"),
        min_length=1,
        max_length=MOST_LABELS,
        description="What the sound may be, in your own words.",
        json_schema_extra={"prominent": True},
    )
    hypothesis_template: Template = Field(
        "This is a sound of {}.", description="The sentence that is compared with the sound; {} is the label."
    )


def prepare(pipe: Any, inputs: Audio, parameters: ZeroShotAudioClassificationParameters) -> Heard:
    """Return a sound and the labels as the model is given them, in windows if the sound is long.

    Raises: BadParameters if a label is longer than the model's text encoder reads.
    """
    labels, template = list(dict.fromkeys(parameters.candidate_labels)), parameters.hypothesis_template
    refuse_long(pipe, [template.format(label) for label in labels])
    windows = [
        pipe.preprocess(window, candidate_labels=labels, hypothesis_template=template)
        for window in sound_windows(pipe, inputs)
    ]
    return Heard(inputs.duration_s, windows)


def run(
    pipe: Any,
    inputs: Sequence[Heard],
    parameters: ZeroShotAudioClassificationParameters,  # noqa: ARG001  # each input has its labels with it
) -> list[Labels]:
    """Score every label for each sound; scores add up to 1. A long sound is heard in windows, averaged."""

    def scores_of(window: Any) -> dict[str, float]:
        return {row["label"]: row["score"] for row in pipe.postprocess(pipe.forward(window))}

    return [averaged([scores_of(window) for window in heard.windows], heard.duration_s) for heard in inputs]


TASK = Task(
    id="zero-shot-audio-classification",
    modality="audio",
    title="Zero-shot audio classification",
    summary="Chooses among labels that you make up, without having been trained on them.",
    icon=":material/hearing:",
    input=Audio,
    parameters=ZeroShotAudioClassificationParameters,
    output=Labels,
    examples=(
        Example("A voice or not", _STRINGS / "three-one-four.wav"),
        Example(
            "What is said",
            _DIGITS / "seven.wav",
            {
                "candidate_labels": ("the word seven", "the word three", "laughter", "a whistle"),
                "hypothesis_template": "This is {}.",
            },
        ),
        Example(
            "Where it was recorded",
            _STRINGS / "nine-six.wav",
            {
                "candidate_labels": ("a quiet room", "a busy street", "a concert hall", "a forest"),
                "hypothesis_template": "This was recorded in {}.",
            },
        ),
    ),
    load=pipeline_loader("zero-shot-audio-classification"),
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # the pipeline reads the labels again for each sound: together is no faster
)
