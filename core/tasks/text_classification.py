"""Text classification: which of a model's labels fits a text, with a score for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.tasks.windows import text_windows, token_limit
from core.values import Label, Labels, Text

AT_ONCE = 8
"""Windows that run together; inputs that the engine gathered always do."""


class TextClassificationParameters(Parameters):
    """Tune text classification."""

    top_k: int = Field(5, ge=1, le=100, description="How many labels to return, best first.")


def run(pipe: Any, inputs: Sequence[Text], parameters: TextClassificationParameters) -> list[Labels]:
    """Classify each text; of one longer than the model reads, the scores of its overlapping windows are averaged."""
    limit = token_limit(pipe.model, pipe.tokenizer)
    room = limit - int(pipe.tokenizer.num_special_tokens_to_add())
    cut = [text_windows(text.text, pipe.tokenizer, room) for text in inputs]
    # All labels of each window: what is best in the mean may be best in none of them.
    answers = _read(pipe, [window for windows in cut for window in windows], limit, max(AT_ONCE, len(inputs)))
    return [_averaged(windows, [next(answers) for _ in windows], parameters.top_k) for windows in cut]


def _read(pipe: Any, windows: Sequence[str], limit: int, at_once: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the scores of each window.

    The pipeline's own steps, without the loader of datasets that it puts between them: that takes a millisecond a call.
    """
    if pipe.tokenizer.pad_token_id is None:
        at_once = 1
    for begin in range(0, len(windows), at_once):
        group = list(windows[begin : begin + at_once])
        encoded = pipe.tokenizer(group, padding=len(group) > 1, truncation=True, max_length=limit, return_tensors="pt")
        for row in pipe.forward(encoded)["logits"]:
            yield pipe.postprocess({"logits": row[None]}, top_k=None, _legacy=False)


def _averaged(windows: Sequence[str], answers: Sequence[list[dict[str, Any]]], top_k: int) -> Labels:
    """Return the mean of the windows' scores, each window counting by its length."""
    whole = sum(map(len, windows)) or 1
    scores: dict[str, float] = {}
    for window, rows in zip(windows, answers, strict=True):
        share = len(window) / whole if len(windows) > 1 else 1.0
        for row in rows:
            scores[row["label"]] = scores.get(row["label"], 0.0) + share * float(row["score"])
    best = sorted(scores.items(), key=lambda item: -item[1])[:top_k]
    labels = tuple(Label(label=label, score=min(1.0, score)) for label, score in best)
    note = f"Read in {len(windows)} windows, the text being too long for one; each score is their average."
    return Labels(labels=labels, note=note if len(windows) > 1 else "")


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
