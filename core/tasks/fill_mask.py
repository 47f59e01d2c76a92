"""Fill mask: which words fit the gaps of a sentence, with a score for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import BadInput, BadParameters, ModelUnavailable, TooLarge
from core.tasks.pipelines import pipeline_loader
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.tokens import Encoded, batches
from core.tasks.windows import spans_beyond, token_limit
from core.values import Filling, Fillings, Text

GAP: Final = re.compile(r"\[MASK\]|<mask>|_{3,}")
"""How a visitor may write a gap, whatever the model's own token for one is."""

MOST_GAPS: Final = 20
"""Gaps in one text: each is a list of its own on the page."""


class FillMaskParameters(Parameters):
    """Tune fill mask."""

    top_k: int = Field(5, ge=1, le=50, description="How many words to return for each gap, best first.")
    targets: tuple[str, ...] = Field(
        (), max_length=50, description="Compare only these words; each has to be one token of the model."
    )


class Piece(NamedTuple):
    """Be a stretch of a text that the model reads at once, and say which of its gaps are wanted."""

    text: str
    gaps: slice


@dataclass(frozen=True)
class Gapped:
    """Hold a text whose gaps are written as the model writes them.

    Args:
        rows: what the model is given for each piece.
        targets: the tokens to choose from; None for all.
    """

    text: str
    pieces: Sequence[Piece]
    rows: Sequence[Encoded]
    targets: NDArray[np.int64] | None


def load(checkpoint: Checkpoint) -> Any:
    """Load a model that fills gaps.

    Raises: ModelUnavailable if its tokenizer has no token for one.
    """
    from transformers.pipelines.base import PipelineException

    try:
        return pipeline_loader("fill-mask")(checkpoint)
    except PipelineException as err:
        raise ModelUnavailable(
            "This model's tokenizer has no token for a gap.", hint="Choose a model that was trained to fill gaps."
        ) from err


def prepare(pipe: Any, inputs: Text, parameters: FillMaskParameters) -> Gapped:
    """Find the gaps of a text, and tokenise it; of one longer than the model reads, what stands around each gap.

    Raises: BadInput, TooLarge as `_gapped` does; BadParameters as `_token` does.
    """
    text = _gapped(inputs.text, pipe.tokenizer.mask_token)
    pieces = _pieces(pipe, text)
    rows = [dict(pipe.tokenizer(piece.text)) for piece in pieces]
    targets = sorted({_token(pipe.tokenizer, word) for word in parameters.targets})
    return Gapped(text, pieces, rows, np.array(targets) if targets else None)


def run(pipe: Any, inputs: Sequence[Gapped], parameters: FillMaskParameters) -> list[Fillings]:
    """Fill the gaps of each text."""
    words = _words(pipe, inputs, min(parameters.top_k, int(pipe.model.config.get_text_config().vocab_size)))
    return [
        _fillings(
            one.text,
            pipe.tokenizer.mask_token,
            [gap for piece in one.pieces for gap in next(words)[piece.gaps]],
            _note(one.text, one.pieces),
        )
        for one in inputs
    ]


def _words(pipe: Any, inputs: Sequence[Gapped], top_k: int) -> Iterator[list[list[dict[str, Any]]]]:
    """Yield the words for every gap of each piece: the pipeline's own steps, without what it puts between them."""
    targets = inputs[0].targets  # a batch has one set of parameters
    for together in batches(pipe.tokenizer, [row for one in inputs for row in one.rows], len(inputs)):
        found = pipe.forward(together)
        for ids, logits in zip(found["input_ids"], found["logits"], strict=True):
            said = {"input_ids": ids[None], "logits": logits[None]}
            yield _by_gap(pipe.postprocess(said, top_k=top_k, target_ids=targets))


def _gapped(text: str, mask: str) -> str:
    """Return a text with every gap written as the model writes it.

    Raises: BadInput if there is none; TooLarge if there are too many.
    """
    text = text if mask in text else GAP.sub(lambda _: mask, text)
    count = text.count(mask)
    if not count:
        raise BadInput("The text has no gap to fill.", hint="Write [MASK], <mask> or ___ where a word is missing.")
    if count > MOST_GAPS:
        raise TooLarge(f"The text has {count} gaps; the limit is {MOST_GAPS}.", hint="Leave fewer words out.")
    return text


def _pieces(pipe: Any, text: str) -> list[Piece]:
    """Return the whole text where it fits, else for each gap what stands around it."""
    limit = token_limit(pipe.model, pipe.tokenizer) - int(pipe.tokenizer.num_special_tokens_to_add())
    spans = spans_beyond(text, pipe.tokenizer, limit)
    if spans is None:
        return [Piece(text, slice(None))]
    places = [match.start() for match in re.finditer(re.escape(pipe.tokenizer.mask_token), text)]
    pieces = []
    for place in places:
        at = next(number for number, (_, end) in enumerate(spans) if end > place)
        first = max(0, min(at - limit // 2, len(spans) - limit))
        start, end = spans[first][0], spans[first + limit - 1][1]
        before = sum(start <= other < place for other in places)
        pieces.append(Piece(text[start:end], slice(before, before + 1)))
    return pieces


def _note(text: str, pieces: Sequence[Piece]) -> str:
    if pieces[0].text == text:
        return ""
    return "The text is longer than the model reads: of it, what stands around each gap was read."


def _token(tokenizer: Any, word: str) -> int:
    """Return the one token that stands for a word, as it begins a word if the tokenizer tells these apart.

    Raises: BadParameters if it takes several.
    """
    for written in (f" {word.strip()}", word.strip()):
        ids = tokenizer(written, add_special_tokens=False)["input_ids"]
        if len(ids) == 1 and ids[0] != tokenizer.unk_token_id:
            return int(ids[0])
    raise BadParameters(
        f"Parameter 'targets': '{word[:40]}' is not one token of this model.",
        hint="Take a shorter or more usual word, written as in the middle of a sentence.",
    )


def _by_gap(answer: list[Any]) -> list[list[dict[str, Any]]]:
    """Return what the pipeline says gap by gap: of a single gap it gives the words at once."""
    return [answer] if isinstance(answer[0], dict) else answer


def _fillings(text: str, mask: str, gaps: Sequence[list[dict[str, Any]]], note: str) -> Fillings:
    parts = text.split(mask)
    return Fillings(
        gaps=tuple(
            tuple(
                Filling(
                    token_str=row["token_str"],
                    token=int(row["token"]),
                    score=min(1.0, float(row["score"])),
                    # The pipeline's own would be in the tokenizer's spelling: lower-cased, spaced otherwise.
                    sequence=_put(mask.join(parts[: at + 1]), row["token_str"], mask.join(parts[at + 1 :])),
                )
                for row in rows
            )
            for at, rows in enumerate(gaps)
        ),
        note=note,
    )


def _put(before: str, token: str, after: str) -> str:
    """Put a token into a gap; one that goes on with a word, as BERT writes it, joins what stands before."""
    if token.startswith("##"):
        return before.rstrip() + token[2:] + after
    return before + token.strip() + after


TASK = Task(
    id="fill-mask",
    modality="text",
    title="Fill mask",
    summary="Fills the gaps of a sentence. Write ___ or [MASK] where a word is missing.",
    icon=":material/format_ink_highlighter:",
    input=Text,
    parameters=FillMaskParameters,
    output=Fillings,
    examples=(
        Example("One gap", "She put the kettle on and waited for the water to ___."),
        Example("Two gaps", "The ___ barked all night, so nobody in the ___ could sleep."),
        Example("A capital", "After the flight to Japan we spent three days in [MASK], the capital."),
    ),
    load=load,
    run=run,
    prepare=prepare,
    concurrent=True,
)
