"""What a model keeps of texts while they are written: keys and values of each token, a row of them for each text.

Owns how rows are carried from the caches in which texts were read to another, or set apart, each cut to what was read
of its text. Which texts go on together is `core.tasks.together`'s, which are kept beyond their end
`core.tasks.prefix_cache`'s, and how a program keeps its own its runtime's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Put = Callable[[int, Any, Any], object]
"""Takes the number of a layer, and its keys and values, of shape (texts, heads, tokens, width)."""


class Kind(Protocol):
    """Make caches of one kind."""

    def opened(self, tokens: int) -> tuple[Any, Put]:
        """Return a new cache of so many tokens, and what puts a layer there."""
        ...

    def small(self, numbers: Any) -> Any:
        """Return a copy of keys or values in the dtype that takes the least and loses nothing of what they were."""
        ...


class Rows(Protocol):
    """Hand out keys and values of texts."""

    @property
    def kind(self) -> Kind:
        """Return what makes caches like the one they are in."""
        ...

    def layers_count(self) -> int:
        """Return how many layers there are."""
        ...

    def layer(self, number: int) -> tuple[Any, Any]:
        """Return the keys and values of a layer, of shape (texts, heads, tokens, width)."""
        ...


class Kept(NamedTuple):
    """Say where it is kept what was read of a text.

    Args:
        cache: transformers' own, one of a program, which has `rows`, or `Apart`.
        row: which of its rows.
        tokens: how many of the text's tokens, from its first.
        behind: how many stand behind these, of which no use is made.
    """

    cache: Any
    row: int
    tokens: int
    behind: int = 0


@dataclass(frozen=True, eq=False)
class Apart:
    """Hold what was read of one text, by itself. Satisfies `Rows`."""

    kind: Kind
    layers: list[tuple[Any, Any]]

    @property
    def size_bytes(self) -> int:
        """Return what it takes."""
        return sum(one.nbytes for layer in self.layers for one in layer)

    def layers_count(self) -> int:
        """Return how many layers there are."""
        return len(self.layers)

    def layer(self, number: int) -> tuple[Any, Any]:
        """Return the keys and values of a layer, of shape (1, heads, tokens, width)."""
        return self.layers[number]


def carry(groups: Sequence[Sequence[Kept]], ended: Sequence[Kept] = ()) -> tuple[list[Any], list[Apart]]:
    """Return a new cache for each group of texts that go on together, and what was read of others, each apart.

    All at once, as a program takes as long to hand out one row as all.
    """
    rows = {id(text.cache): _rows(text.cache) for text in [*(text for group in groups for text in group), *ended]}
    if not rows:
        return [], []
    some = next(iter(rows.values()))
    kind = some.kind
    opened = [kind.opened(max(text.tokens for text in group)) for group in groups]
    apart = [Apart(kind, []) for _ in ended]
    for number in range(some.layers_count()):
        layers = {at: its.layer(number) for at, its in rows.items()}
        for group, (_, put) in zip(groups, opened, strict=True):
            keys, values = zip(*(layers[id(text.cache)] for text in group), strict=True)
            put(number, _in_rows(keys, group), _in_rows(values, group))
        for text, its in zip(ended, apart, strict=True):
            keys, values = layers[id(text.cache)]
            its.layers.append((kind.small(_row(keys, text)), kind.small(_row(values, text))))
    return [cache for cache, _ in opened], apart


def _in_rows(numbers: Sequence[Any], texts: Sequence[Kept]) -> Any:
    """Return keys or values of one layer, of shape (texts, heads, tokens, width), each text's from where they are.

    A shorter one is filled up in front, where nobody looks: whoever reads on says what of each is text.
    """
    first, longest = numbers[0], max(text.tokens for text in texts)
    rows = first.new_zeros((len(texts), first.shape[1], longest, first.shape[3]))
    for row, its, text in zip(rows, numbers, texts, strict=True):
        row[:, longest - text.tokens :] = _row(its, text)[0]
    return rows


def _row(numbers: Any, text: Kept) -> Any:
    """Return keys or values of a text, of shape (1, heads, tokens, width), where they are."""
    end = numbers.shape[2] - text.behind
    return numbers[text.row : text.row + 1, :, end - text.tokens : end]


def _rows(cache: Any) -> Rows:
    if isinstance(cache, Apart):
        return cache
    return cache.rows() if hasattr(cache, "rows") else _OfTorch(cache)


class _Torch:
    """Make transformers' own caches. Satisfies `Kind`."""

    def opened(self, _tokens: int) -> tuple[Any, Put]:
        """Return a new cache, and what puts a layer there."""
        from transformers import DynamicCache

        cache = DynamicCache()
        return cache, lambda number, keys, values: cache.update(keys, values, number)

    def small(self, numbers: Any) -> Any:
        """Return a copy."""
        return numbers.clone()


class _OfTorch:
    """Hand out what is in transformers' own cache. Satisfies `Rows`."""

    kind: Kind = _Torch()

    def __init__(self, cache: Any) -> None:
        self._layers = cache.layers

    def layers_count(self) -> int:
        """Return how many layers there are."""
        return len(self._layers)

    def layer(self, number: int) -> tuple[Any, Any]:
        """Return the keys and values of a layer."""
        return self._layers[number].keys, self._layers[number].values
