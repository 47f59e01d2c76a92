"""Text classification: which of a model's labels fits a text, with a score for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.tasks.tokens import Encoded, batches, encoded
from core.tasks.windows import text_windows, token_limit
from core.values import Label, Labels, Text

AT_ONCE = 8
"""Windows that run together; inputs that the engine gathered always do."""


class TextClassificationParameters(Parameters):
    """Tune text classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


@dataclass(frozen=True)
class Windows:
    """Hold a text in the windows that the model reads it in, often one.

    Args:
        lengths: characters of each.
        rows: what the model is given for each.
    """

    lengths: tuple[int, ...]
    rows: tuple[Encoded, ...]


def prepare(
    pipe: Any,
    inputs: Text,
    parameters: TextClassificationParameters,  # noqa: ARG001  # they say what is made of the scores
) -> Windows:
    """Cut a text that is longer than the model reads into windows that overlap, and tokenise each."""
    limit = token_limit(pipe.model, pipe.tokenizer)
    windows = text_windows(inputs.text, pipe.tokenizer, limit - int(pipe.tokenizer.num_special_tokens_to_add()))
    return Windows(tuple(map(len, windows)), tuple(encoded(pipe.tokenizer, window, limit) for window in windows))


def run(pipe: Any, inputs: Sequence[Windows], parameters: TextClassificationParameters) -> list[Labels]:
    """Classify each text; of one longer than the model reads, the scores of its windows are averaged."""
    # All labels of each window: what is best in the mean may be best in none of them.
    answers = _read(pipe, [row for text in inputs for row in text.rows], max(AT_ONCE, len(inputs)))
    return [_averaged(text.lengths, [next(answers) for _ in text.rows], parameters.top_k) for text in inputs]


def _read(pipe: Any, rows: Sequence[Encoded], at_once: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the scores of each window.

    The pipeline's own steps, without the loader of datasets that it puts between them: that takes a millisecond a call.
    """
    for together in batches(pipe.tokenizer, rows, at_once):
        for row in pipe.forward(together)["logits"]:
            yield pipe.postprocess({"logits": row[None]}, top_k=None, _legacy=False)


def _averaged(lengths: Sequence[int], answers: Sequence[list[dict[str, Any]]], top_k: int) -> Labels:
    """Return the mean of the windows' scores, each window counting by its length."""
    whole = sum(lengths) or 1
    scores: dict[str, float] = {}
    for length, rows in zip(lengths, answers, strict=True):
        share = length / whole if len(lengths) > 1 else 1.0
        for row in rows:
            scores[row["label"]] = scores.get(row["label"], 0.0) + share * float(row["score"])
    best = sorted(scores.items(), key=lambda item: -item[1])[:top_k]
    labels = tuple(Label(label=label, score=min(1.0, score)) for label, score in best)
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
)
