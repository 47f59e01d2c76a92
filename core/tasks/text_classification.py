"""Text classification: which of a model's labels fits a text, with a score for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Label, Labels, Text


class TextClassificationParameters(Parameters):
    """Tune text classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def run(pipe: Any, inputs: Sequence[Text], parameters: TextClassificationParameters) -> list[Labels]:
    """Classify each text."""
    answers = pipe([text.text for text in inputs], top_k=parameters.top_k, truncation=True, batch_size=len(inputs))
    return [Labels(labels=tuple(Label(label=row["label"], score=row["score"]) for row in rows)) for rows in answers]


TASK = Task(
    id="text-classification",
    modality="text",
    title="Text classification",
    summary="Says which label fits a text: the mood of a review, the topic of a message.",
    icon=":material/sell:",
    input=Text,
    parameters=TextClassificationParameters,
    output=Labels,
    examples=(
        Example("A film praised", "A quiet little film that stays with you for days, beautifully acted."),
        Example("A film panned", "Two hours of noise. I have never looked at my watch so often."),
        Example("Mixed feelings", "The plot makes no sense, and yet I could not stop smiling."),
    ),
    load=pipeline_loader("text-classification"),
    run=run,
)
