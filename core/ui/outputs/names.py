"""A model's own label names, made readable: PROPN is a proper noun, LABEL_1 is label 1, traffic_light a traffic light.

Owns the words that stand for well-known tag sets, and how any other label is written. What is recorded, corrected
and sent over the API is always the model's own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

TAGS: Final[Mapping[str, str]] = {
    # Universal Dependencies, parts of speech (universaldependencies.org/u/pos)
    "ADJ": "adjective",
    "ADP": "preposition",
    "ADV": "adverb",
    "AUX": "auxiliary verb",
    "CCONJ": "conjunction",
    "DET": "determiner",
    "INTJ": "interjection",
    "NOUN": "noun",
    "NUM": "number",
    "PART": "particle",
    "PRON": "pronoun",
    "PROPN": "proper noun",
    "PUNCT": "punctuation",
    "SCONJ": "subordinating conjunction",
    "SYM": "symbol",
    "VERB": "verb",
    # CoNLL-2003 and OntoNotes, kinds of name
    "PER": "person",
    "PERSON": "person",
    "LOC": "place",
    "GPE": "country or town",
    "ORG": "organisation",
    "MISC": "other name",
    # What models for moods and relations call their labels
    "POS": "positive",
    "NEG": "negative",
    "NEU": "neutral",
}

_NUMBERED: Final = re.compile(r"LABEL_(\d+)")
_PREFIXED: Final = re.compile(r"([BIESLU])-(?=[A-Z])")
_WORDNET: Final = re.compile(r"n\d{8}[ _-]")


def readable(label: str) -> str:
    """Return a label as a visitor reads it."""
    name = _WORDNET.sub("", _PREFIXED.sub("", label, count=1), count=1)
    if name in TAGS:
        return TAGS[name]
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return f"label {numbered[1]}"
    return name.replace("_", " ").strip() or label
