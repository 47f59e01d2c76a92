"""What a model has read of earlier texts, for those that begin alike: at every turn a conversation is sent whole.

Owns which texts' keys and values are kept beyond their end, what of them another text goes on from, and how many bytes
they take. Nothing else of a text is kept but its tokens, to be compared.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.tasks.kept import Apart, Kept

FEWEST: Final = 16
"""Tokens that are worth being kept: fewer are read in the time that it takes to find them and put them in place."""


@dataclass(eq=False)
class _Text:
    tokens: NDArray[np.int64]
    apart: Apart
    size_bytes: int


class PrefixCache:
    """Keep what one model has read, the latest used longest. For one thread at a time.

    Args:
        limit_bytes: how much is kept; 0 for nothing.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._texts: list[_Text] = []  # the latest used is the last
        self._most = sys.maxsize

    @property
    def size_bytes(self) -> int:
        """Return what is taken now."""
        return sum(text.size_bytes for text in self._texts)

    def longest(self, prompt: Sequence[int]) -> Kept | None:
        """Return what was read of the longest beginning of a prompt; None where that is short.

        The last token is always left to be read: what follows it is asked for.
        """
        wanted = _tokens(prompt)
        best, known = None, 0
        for text in self._texts:
            common = min(_common(text.tokens, wanted), len(wanted) - 1)
            if common > known:
                best, known = text, common
        if best is None or known < FEWEST:
            return None
        self._use(best)
        return Kept(best.apart, 0, known, behind=len(best.tokens) - known)

    def wanted(self, tokens: Sequence[int], kept: Kept) -> Kept | None:
        """Return what is to be set apart and given to `keep` of a text that ends; None where that is nothing.

        Args:
            tokens: the text's.
        """
        if not self._limit_bytes or kept.tokens < FEWEST:
            return None
        count = min(kept.tokens, self._most)
        known = _tokens(tokens)[:count]
        for other in self._texts:
            if _common(other.tokens, known) == count:
                self._use(other)
                return None
        return kept._replace(tokens=count, behind=kept.behind + kept.tokens - count)

    def keep(self, tokens: Sequence[int], apart: Apart) -> None:
        """Keep what was read of a text; what it goes on from, and those used longest ago, make room.

        Args:
            tokens: its own, and none behind what was read.
        """
        size_bytes = apart.size_bytes
        if size_bytes > self._limit_bytes:
            # As much of the next as there is room for: its beginning.
            self._most = int(self._limit_bytes / (size_bytes / len(tokens)))
            return
        text = _Text(_tokens(tokens), apart, size_bytes)
        self._texts = [one for one in self._texts if _common(one.tokens, text.tokens) < len(one.tokens)]
        while self._texts and self.size_bytes + size_bytes > self._limit_bytes:
            del self._texts[0]
        self._texts.append(text)

    @contextmanager
    def trusted(self) -> Iterator[None]:
        """Keep nothing of what there is if a run fails meanwhile: that may be why, and it takes memory."""
        try:
            yield
        except BaseException:
            self._texts.clear()
            raise

    def _use(self, text: _Text) -> None:
        self._texts.remove(text)
        self._texts.append(text)


def _tokens(tokens: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(tokens, dtype=np.int64)


def _common(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Return with how many tokens both begin."""
    length = min(len(one), len(other))
    differ = one[:length] != other[:length]
    return int(differ.argmax()) if differ.any() else length
