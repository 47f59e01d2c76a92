"""Labels that a visitor makes up, as parameters of the zero-shot tasks on texts and pictures.

Owns what such labels may be, and that none is cut where a model reads only so many tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints

from core.errors import BadParameters

MOST_LABELS: Final = 50
"""Labels in one request: a detector looks once for each of them."""

CandidateLabel = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _one_gap(template: str) -> str:
    # Nothing else in braces: it is filled by str.format, where "{:>999999999}" is a text of a gigabyte.
    if template.count("{}") != 1 or "{" in (rest := template.replace("{}", "")) or "}" in rest:
        raise ValueError("it needs {} once, where the label goes, and no other braces")
    return template


Template = Annotated[str, Field(max_length=200), AfterValidator(_one_gap)]


def refuse_long(pipe: Any, sentences: Sequence[str]) -> None:
    """Refuse sentences that the model's tokenizer would cut or its text encoder has no room for.

    Raises: BadParameters naming the longest one's length and the limit.
    """
    text_config = pipe.model.config.get_text_config()
    limit = min(pipe.tokenizer.model_max_length, getattr(text_config, "max_position_embeddings", 10**9))
    lengths = [len(tokens) for tokens in pipe.tokenizer(list(sentences))["input_ids"]]
    longest = max(range(len(lengths)), key=lengths.__getitem__)
    if lengths[longest] > limit:
        raise BadParameters(
            f"The label in '{sentences[longest][:60]}' makes {lengths[longest]} tokens; this model reads {limit}.",
            hint="Use fewer words.",
        )
