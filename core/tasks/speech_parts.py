"""How a text is cut into what is spoken in one breath.

Owns where a text is cut, how long the pause after each part is, and which signs of a text a voice would leave out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

MAX_PART_CHARS: Final = 300
"""Characters spoken at once, about 20 s. Source: the recordings that such voices are trained on are rarely longer."""

SENTENCE_PAUSE_S: Final = 0.3
"""Seconds of silence between two sentences."""

CLAUSE_PAUSE_S: Final = 0.1
"""Seconds of silence where a sentence was too long for one breath."""

PARAGRAPH_PAUSE_S: Final = 0.6
"""Seconds of silence between two paragraphs."""

_COMMAS: Final = ",;:\N{EM DASH}\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}\N{FULLWIDTH SEMICOLON}\N{FULLWIDTH COLON}"
_SENTENCE_END = re.compile(
    r"(?<=[.!?\N{HORIZONTAL ELLIPSIS}])[\"'\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}»)\]]*\s+"
    r"|(?<=[\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}\N{DEVANAGARI DANDA}])\s*"
)
_CLAUSE_END = re.compile(rf"[{_COMMAS}]\s*|\s+")
_SPOKEN_SIGNS: Final = frozenset("%&@")


def speech_parts(text: str) -> list[tuple[str, float]]:
    """Return the parts of a text that hold a letter or a digit, each with the seconds of silence after it."""
    parts: list[tuple[str, float]] = []
    for paragraph in text.splitlines():
        for sentence in _SENTENCE_END.split(paragraph):
            breaths = [part for part in _breaths(sentence.strip()) if any(map(str.isalnum, part))]
            parts += [(part, CLAUSE_PAUSE_S) for part in breaths[:-1]]
            parts += [(part, SENTENCE_PAUSE_S) for part in breaths[-1:]]
        if parts:
            parts[-1] = (parts[-1][0], PARAGRAPH_PAUSE_S)
    return [*parts[:-1], *((part, 0.0) for part, _ in parts[-1:])]


def unspoken(text: str, known: Collection[str]) -> list[str]:
    """Return what a voice that knows these characters would leave out though it is said: letters, digits, signs."""
    return [sign for sign in dict.fromkeys(text) if _is_said(sign) and not {sign, sign.lower()} & set(known)]


def plain_letters(text: str, known: Collection[str]) -> str:
    """Return a text with each letter that a voice does not know written without its accents, where it knows that."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(_plain(letter, known) for letter in composed)


def _plain(letter: str, known: Collection[str]) -> str:
    if not {letter, letter.lower()} & set(known):
        bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
        if bare and not unspoken(bare, known):
            return bare
    return letter


def _is_said(sign: str) -> bool:
    return unicodedata.category(sign) in ("Sc", "Sm", "No", "Nl") or sign.isalnum() or sign in _SPOKEN_SIGNS


def _breaths(sentence: str) -> Iterator[str]:
    """Cut a sentence where it is too long: at the last comma or space before the limit, else at the limit."""
    while len(sentence) > MAX_PART_CHARS:
        ends = [match.end() for match in _CLAUSE_END.finditer(sentence, MAX_PART_CHARS // 2, MAX_PART_CHARS)]
        commas = [end for end in ends if sentence[:end].rstrip()[-1:] in _COMMAS]
        end = (commas or ends or [MAX_PART_CHARS])[-1]
        yield sentence[:end].strip()
        sentence = sentence[end:].strip()
    yield sentence
