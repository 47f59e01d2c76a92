"""Token classification: marks stretches of a text: names, places, parts of speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from core.errors import ModelUnavailable
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.tokens import Encoded, batches
from core.tasks.windows import token_limit, window_spans
from core.values import Entities, Entity, Text

AT_ONCE = 8
"""Windows that run together; inputs that the engine gathered always do."""


class TokenClassificationParameters(Parameters):
    """Tune token classification."""

    aggregation_strategy: Literal["none", "simple", "first", "average", "max"] = Field(
        "first", description="How pieces of words become marks: first keeps words whole, none shows every piece."
    )


def load(checkpoint: Checkpoint) -> Any:
    """Load a model that marks words.

    Raises: ModelUnavailable if its tokenizer cannot say where in the text a mark stands.
    """
    pipe = pipeline_loader("token-classification")(checkpoint)
    if not pipe.tokenizer.is_fast:
        raise ModelUnavailable(
            "The tokenizer of this model cannot say where in a text its tokens stand.",
            hint="Choose a model with a tokenizer.json.",
        )
    return pipe


@dataclass(frozen=True)
class Window:
    """Hold a stretch of a text that the model reads at once.

    Args:
        row: what the model is given for it.
        places: where each token stands in the window.
        specials: 1 for each token that stands for nothing in it.
    """

    text: str
    row: Encoded
    places: Sequence[tuple[int, int]]
    specials: Sequence[int]


@dataclass(frozen=True)
class Windows:
    """Hold a text, and the windows in which the model reads it, often one, with where they stand in it."""

    text: str
    spans: Sequence[tuple[int, int]]
    windows: tuple[Window, ...]


def prepare(
    pipe: Any,
    inputs: Text,
    parameters: TokenClassificationParameters,  # noqa: ARG001  # they say what is made of the scores
) -> Windows:
    """Cut a text that is longer than the model reads into windows that overlap, and tokenise each."""
    limit = token_limit(pipe.model, pipe.tokenizer)
    spans = window_spans(inputs.text, pipe.tokenizer, limit - int(pipe.tokenizer.num_special_tokens_to_add()))
    windows = tuple(_window(pipe.tokenizer, inputs.text[start:end], limit) for start, end in spans)
    return Windows(inputs.text, spans, windows)


def _window(tokenizer: Any, text: str, limit: int) -> Window:
    read = tokenizer(
        text, truncation=True, max_length=limit, return_special_tokens_mask=True, return_offsets_mapping=True
    )
    row = {name: read[name] for name in tokenizer.model_input_names if name in read}
    return Window(text, row, read["offset_mapping"], read["special_tokens_mask"])


def run(pipe: Any, inputs: Sequence[Windows], parameters: TokenClassificationParameters) -> list[Entities]:
    """Mark each text; one longer than the model reads is read in windows that overlap.

    transformers' own way of joining windows, its `stride`, loses words: of two marks that overlap in part it
    drops one whole.
    """
    windows = [window for text in inputs for window in text.windows]
    answers = _read(pipe, windows, max(AT_ONCE, len(inputs)), parameters.aggregation_strategy)
    return [
        Entities(text=one.text, entities=_joined(one.text, one.spans, [next(answers) for _ in one.windows]))
        for one in inputs
    ]


def _read(pipe: Any, windows: Sequence[Window], at_once: int, strategy: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the marks of each window: the pipeline's own steps, without what it puts between them."""
    import torch
    from transformers.pipelines.token_classification import AggregationStrategy

    waiting = iter(windows)
    for together in batches(pipe.tokenizer, [window.row for window in windows], at_once):
        ends = {"special_tokens_mask": None, "sentence": None, "is_last": True}  # which the pipeline takes off again
        for scores in pipe.forward({**together, **ends})["logits"]:
            window = next(waiting)
            ids = window.row["input_ids"]
            of_it = slice(-len(ids), None) if pipe.tokenizer.padding_side == "left" else slice(len(ids))
            said = {
                "logits": scores[None, of_it],
                "input_ids": [ids],
                "offset_mapping": [window.places],
                "special_tokens_mask": torch.tensor([window.specials]),
                "sentence": window.text,
            }
            yield pipe.postprocess([said], aggregation_strategy=AggregationStrategy(strategy))


def _joined(text: str, spans: Sequence[tuple[int, int]], answers: Sequence[list[dict[str, Any]]]) -> tuple[Entity, ...]:
    """Join the marks of windows: where two overlap, each rules its half; what crosses the middle stays whole."""
    joined: list[Entity] = []
    for number, ((start, _), rows) in enumerate(zip(spans, answers, strict=True)):
        mine = (start + spans[number - 1][1]) // 2 if number else 0
        others = (spans[number + 1][0] + spans[number][1]) // 2 if number + 1 < len(spans) else len(text)
        for row in rows:
            entity = _entity(text, row, start)
            reached = joined[-1].end if joined and number else 0
            if entity.start >= others or entity.end <= max(reached, mine):
                continue
            if entity.start < reached and joined[-1].entity_group == entity.entity_group:
                joined[-1] = _stretched(text, joined[-1], joined[-1].start, entity.end)
            else:
                joined.append(_stretched(text, entity, max(entity.start, reached), entity.end))
    return tuple(joined)


def _stretched(text: str, entity: Entity, start: int, end: int) -> Entity:
    """Return an entity with other ends, none of them a blank."""
    start = end - len(text[start:end].lstrip())
    return entity.model_copy(update={"start": start, "end": end, "word": text[start:end]})


def _entity(text: str, row: dict[str, Any], window: int) -> Entity:
    """Return a mark of the window that begins at the character `window`."""
    start, end = int(row["start"]) + window, int(row["end"]) + window
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
    load=load,
    run=run,
    prepare=prepare,
    concurrent=True,
)
