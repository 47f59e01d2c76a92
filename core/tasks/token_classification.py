"""Token classification: marks stretches of a text: names, places, parts of speech."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Example, Parameters, Task
from core.values import Entities, Entity, Text

LARGEST_STRIDE = 64
"""Tokens that two windows of a long text share; enough for a sentence of context on either side."""


class TokenClassificationParameters(Parameters):
    """Tune token classification."""

    aggregation_strategy: Literal["none", "simple", "first", "average", "max"] = Field(
        "first", description="How pieces of words become marks: first keeps words whole, none shows every piece."
    )


def run(pipe: Any, inputs: Sequence[Text], parameters: TokenClassificationParameters) -> list[Entities]:
    """Mark each text; one longer than the model reads is read in windows that overlap."""
    strategy = parameters.aggregation_strategy
    options: dict[str, Any] = {"aggregation_strategy": strategy, "batch_size": len(inputs)}
    if strategy != "none" and pipe.tokenizer.is_fast and pipe.tokenizer.model_max_length < 1_000_000:
        options["stride"] = min(LARGEST_STRIDE, pipe.tokenizer.model_max_length // 4)
    answers = pipe([text.text for text in inputs], **options)
    return [
        Entities(text=text.text, entities=tuple(_entity(text.text, row) for row in rows))
        for text, rows in zip(inputs, answers, strict=True)
    ]


def _entity(text: str, row: dict[str, Any]) -> Entity:
    start, end = int(row["start"]), int(row["end"])
    return Entity(
        entity_group=row.get("entity_group") or row["entity"],
        score=min(1.0, float(row["score"])),
        word=text[start:end],  # the tokenizer's own spelling may be lower-cased or have gaps
        start=start,
        end=end,
    )


TASK = Task(
    id="token-classification",
    modality="text",
    title="Token classification",
    summary="Marks words in a text: names and places, or the part of speech of every word.",
    icon=":material/ink_highlighter:",
    input=Text,
    parameters=TokenClassificationParameters,
    output=Entities,
    examples=(
        Example("A sentence", "The old clock in the kitchen stopped when Anna left for Lisbon."),
        Example("A question", "Could you please send me the final report before Friday?"),
        Example("Headline", "Quiet village wins prize for its noisy frogs"),
    ),
    load=pipeline_loader("token-classification"),
    run=run,
)
