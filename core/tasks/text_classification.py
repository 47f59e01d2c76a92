"""Text classification: which of a model's labels fits a text, with a score for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.scores import best_labels, label_scores, mean_scores
from core.tasks.spec import Example, Parameters, Task
from core.tasks.tokens import Window, batches, read_text
from core.tasks.windows import token_limit
from core.values import Labels, Text

AT_ONCE = 8
"""Windows that run together; inputs that the engine gathered always do."""


class TextClassificationParameters(Parameters):
    """Tune text classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def prepare(
    pipe: Any,
    inputs: Text,
    parameters: TextClassificationParameters,  # noqa: ARG001  # they say what is made of the scores
) -> list[Window]:
    """Cut a text that is longer than the model reads into windows that overlap, and tokenise each."""
    return read_text(pipe.tokenizer, inputs.text, token_limit(pipe.model, pipe.tokenizer))


def run(pipe: Any, inputs: Sequence[Sequence[Window]], parameters: TextClassificationParameters) -> list[Labels]:
    """Classify each text; of one longer than the model reads, the scores of its windows are averaged."""
    # All labels of each window: what is best in the mean may be best in none of them.
    together = batches(pipe.tokenizer, [window.row for text in inputs for window in text], max(AT_ONCE, len(inputs)))
    scores = (scores for windows in together for scores in label_scores(pipe.model, windows))
    return [
        _averaged([window.length for window in text], [next(scores) for _ in text], parameters.top_k) for text in inputs
    ]


def _averaged(lengths: Sequence[int], windows: Sequence[Mapping[str, float]], top_k: int) -> Labels:
    """Return the mean of the windows' scores, each window counting by its length."""
    labels = best_labels(mean_scores(windows, lengths), top_k)
    note = f"Read in {len(lengths)} windows, the text being too long for one; each score is their average."
    return Labels(labels=labels, note=note if len(lengths) > 1 else "")


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
    prepare=prepare,
    concurrent=True,
)
