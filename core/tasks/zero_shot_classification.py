"""Zero-shot classification: which of the visitor's own labels fits a text, judged by what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from core.errors import BadParameters, ModelUnavailable
from core.tasks.candidates import MOST_LABELS, CandidateLabel, Template
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.windows import text_windows, token_limit
from core.values import Label, Labels, Text

SMALLEST_WINDOW = 8
"""Tokens of the text that have to fit beside the longest label for the answer to mean something."""


class ZeroShotClassificationParameters(Parameters):
    """Tune zero-shot classification."""

    candidate_labels: tuple[CandidateLabel, ...] = Field(
        ("travel", "cooking", "sport", "politics", "technology"),
        min_length=1,
        max_length=MOST_LABELS,
        description="The labels to choose from, in your own words.",
        json_schema_extra={"prominent": True},
    )
    multi_label: bool = Field(False, description="Judge each label by itself, so that several or none may fit.")
    hypothesis_template: Template = Field(
        "This example is {}.", description="The sentence that is judged; each label stands in for {}."
    )


def load(checkpoint: Checkpoint) -> Any:
    """Load a model that was trained to say what follows from a text.

    Raises: ModelUnavailable if none of its labels says "entailment": its scores would mean nothing.
    """
    pipe = pipeline_loader("zero-shot-classification")(checkpoint)
    if pipe.entailment_id == -1:
        raise ModelUnavailable(
            "This model was not taught what follows from a text: it has no label called entailment.",
            hint="Choose one that was trained on natural language inference (NLI).",
        )
    return pipe


def run(pipe: Any, inputs: Sequence[Text], parameters: ZeroShotClassificationParameters) -> list[Labels]:
    """Judge each text; of one longer than the model reads, each window is judged and the scores are averaged."""
    room = _room(pipe, parameters)
    windows = [text_windows(text.text, pipe.tokenizer, room) for text in inputs]
    answers = pipe(
        [window for several in windows for window in several],
        candidate_labels=list(dict.fromkeys(parameters.candidate_labels)),
        hypothesis_template=parameters.hypothesis_template,
        multi_label=parameters.multi_label,
        batch_size=len(inputs),
    )
    scores = iter([dict(zip(answer["labels"], answer["scores"], strict=True)) for answer in answers])
    return [_averaged([next(scores) for _ in several]) for several in windows]


def _room(pipe: Any, parameters: ZeroShotClassificationParameters) -> int:
    """Return how many tokens of a text fit beside the longest label.

    Raises: BadParameters if next to none do.
    """
    hypotheses = [parameters.hypothesis_template.format(label) for label in parameters.candidate_labels]
    longest = max(len(ids) for ids in pipe.tokenizer(hypotheses, add_special_tokens=False)["input_ids"])
    limit = token_limit(pipe.model, pipe.tokenizer)
    room = limit - longest - int(pipe.tokenizer.num_special_tokens_to_add(pair=True))
    if room < SMALLEST_WINDOW:
        raise BadParameters(
            f"The longest label takes {longest} of the {limit} tokens that this model reads, and the text has no room.",
            hint="Shorten the label or the hypothesis.",
        )
    return room


def _averaged(windows: Sequence[dict[str, float]]) -> Labels:
    means = {label: float(np.mean([scores[label] for scores in windows])) for label in windows[0]}
    best_first = sorted(means.items(), key=lambda item: -item[1])
    note = f"Read in {len(windows)} windows; each score is their average." if len(windows) > 1 else ""
    return Labels(labels=tuple(Label(label=label, score=min(1.0, score)) for label, score in best_first), note=note)


TASK = Task(
    id="zero-shot-classification",
    modality="text",
    title="Zero-shot classification",
    summary="Sorts a text under labels that you make up, without having been trained on them.",
    icon=":material/label_important:",
    input=Text,
    parameters=ZeroShotClassificationParameters,
    output=Labels,
    examples=(
        Example(
            "A weekend",
            "We took the night train to the coast, rented two old bicycles and followed the cliffs all day.",
        ),
        Example(
            "A message to support",
            "The parcel came today, but the lamp inside is broken. Could you send another one before Saturday?",
            {"candidate_labels": ("complaint", "praise", "question about delivery", "cancellation")},
        ),
        Example(
            "A recipe or a rule",
            "Let the dough rest under a cloth until it has doubled, then fold it twice and wait again.",
            {"candidate_labels": ("instructions", "opinion", "news", "poem"), "multi_label": True},
        ),
    ),
    load=load,
    run=run,
)
