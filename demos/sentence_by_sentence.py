"""A longer text, sentence by sentence: the mood of each, and the describing words it may come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from core.demo import BadInput, Example, demo, model
from core.values import Entities, Entity, Table, Text

MAX_SENTENCES = 60

REVIEW = (
    "The first hour is a delight. The actors are warm and funny, and the music is lovely. "
    "Then the plot falls apart. A dull chase follows, and the ending is a silly, lazy mess. "
    "Still, I left the cinema with a smile."
)
LETTER = (
    "Thank you for the quick delivery. The lamp is beautiful and the light is soft. "
    "Sadly the box was broken. The manual is useless, and nobody answered my mail."
)


def sentences_in(text: str) -> list[tuple[int, int]]:
    """Return where each sentence begins and ends: at a full stop, a sign of its kind, or the end of a line."""
    return [match.span() for match in re.finditer(r"[^\s.!?][^.!?\n]*[.!?]*[\"')\]]*", text)]


@demo(
    title="Sentence by sentence",
    icon=":material/format_list_numbered:",
    examples=[Example("A review that turns", REVIEW), Example("A letter of two minds", LETTER)],
)
def sentence_by_sentence(
    text: Text,
    describing_words: bool = True,
    at_least: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0,
) -> Iterator[tuple[Annotated[Entities, "The mood of each sentence"], Annotated[Table, "Where it may come from"]]]:
    """Judge each sentence of a text by itself, and pick out the words that describe.

    Args:
        describing_words: Also pick out adjectives and adverbs, with a second model.
        at_least: Mark only sentences whose mood is at least this sure.
    """
    spans = sentences_in(text.text)
    if len(spans) > MAX_SENTENCES:
        raise BadInput(f"There are {len(spans)} sentences; the limit is {MAX_SENTENCES}.", hint="Send a part of them.")
    judge, tag = model("text-classification"), model("token-classification", "starters/parts-of-speech")
    marks: list[Entity] = []
    rows: list[tuple[str, ...]] = []
    for start, end in spans:
        sentence = text.text[start:end]
        best = judge(sentence, top_k=1).labels[0]
        if best.score >= at_least:
            marks.append(Entity(entity_group=best.label, score=best.score, word=sentence, start=start, end=end))
        found = tag(sentence).entities if describing_words else ()
        words = ", ".join(one.word for one in found if one.entity_group in ("ADJ", "ADV"))
        rows.append((sentence, best.label, f"{best.score:.0%}", words))
        yield (
            Entities(text=text.text, entities=tuple(marks)),
            Table(columns=("Sentence", "Mood", "Sure", "Describing words"), rows=tuple(rows)),
        )
    if not spans:
        raise BadInput("There is no sentence in this text.", hint="Write one.")
