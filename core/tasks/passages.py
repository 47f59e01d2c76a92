"""How a text is cut into passages that stand side by side, each as long as a model may take, none mid-sentence.

Owns where the cuts are. Windows that overlap are `core.tasks.windows`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

_SENTENCE_END: Final = re.compile(r"""[.!?…]["'”’»)\]]*\s+|[。！？]\s*|\n+""")  # noqa: RUF001  # they end sentences
_BLANK: Final = re.compile(r"\s+")


def passages_of(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Cut a text into passages that fit, each as long as can be; the whole text if it fits.

    A passage ends after a sentence if one ends in its second half, else after a word, else anywhere. Only
    the blanks between two passages are lost.

    Args:
        fits: whether the model can take that much at once.
    """
    passages = []
    rest = text.strip()
    while not fits(rest):
        length = _end(rest, _longest(rest, fits))
        passages.append(rest[:length].rstrip())
        rest = rest[length:].lstrip()
    return [*passages, rest] if rest or not passages else passages


def fits_in(tokenizer: Any, most: int) -> Callable[[str], bool]:
    """Return what tells whether a text is at most that many tokens, special tokens included."""

    def fits(text: str) -> bool:
        # A single letter cannot be cut, whatever it takes.
        return len(text) <= 1 or len(tokenizer(text, truncation=False, verbose=False)["input_ids"]) <= most

    return fits


def _longest(text: str, fits: Callable[[str], bool]) -> int:
    """Return the length of the longest beginning that fits, at least 1."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle - 1)
    return low


def _end(text: str, most: int) -> int:
    """Return the best place to cut at or before `most`, in its second half if there is any."""
    for boundary in (_SENTENCE_END, _BLANK):
        ends = [found.end() for found in boundary.finditer(text, 0, most) if found.end() > most // 2]
        if ends:
            return ends[-1]
    return most
