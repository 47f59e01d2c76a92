"""The views of how near texts are to each other: a ranking, a table of similarities, a map.

Every number stands there in digits; shades and places only repeat it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.tasks.feature_extraction import Texts
from core.tasks.sentence_similarity import SourceAndSentences
from core.ui.outputs.markup import Markup, element, folded
from core.values import Embeddings, Similarities, Value

MOST_TEXTS: Final = 20
"""Texts in the table of similarities; it has the square of this many cells, and the download has all vectors."""

LABEL_CHARS: Final = 48
"""Characters of a text that name it in the table."""


def similarities_view(similarities: Similarities, inputs: Value | None) -> Markup:
    """Return the view of similarities: a search result, the nearest first."""
    sentences = [text.text for text in inputs.sentences] if isinstance(inputs, SourceAndSentences) else []
    if len(sentences) != len(similarities.scores):  # not kept
        sentences = [f"Text {number}" for number in range(1, len(similarities.scores) + 1)]
    ranked = sorted(zip(similarities.scores, sentences, strict=True), key=lambda pair: -pair[0])
    query = (
        element("p", "Nearest to ", element("q", inputs.source_sentence.text), class_="pd-prompt")
        if isinstance(inputs, SourceAndSentences)
        else Markup("")
    )
    bars = element("ol", *(_bar(text, score) for score, text in ranked), class_="pd-bars pd-ranked")
    scale = element("p", "1 is the same meaning, 0 none in common.", class_="pd-note")
    return element("div", query, bars, scale, _note(similarities.note), class_="pd-similarities")


def embeddings_view(embeddings: Embeddings, inputs: Value | None) -> Markup:
    """Return the view of vectors: the nearest pair in words, every pair in a table, all texts on a map."""
    count = embeddings.count
    texts = [text.text for text in inputs.texts] if isinstance(inputs, Texts) else []
    if len(texts) != count:  # not kept
        texts = [f"Text {number}" for number in range(1, count + 1)]
    size = f"{count} texts, each a vector of {embeddings.width} numbers." if count > 1 else ""
    if count == 1:
        first = ", ".join(f"{value:.3f}" for value in embeddings.array()[0][:8])
        said = f"A vector of {embeddings.width} numbers, beginning {first} …. Give a second text to compare it with."
        return element("div", element("p", texts[0], class_="pd-prompt"), element("p", said), _note(embeddings.note))
    near = cosines(embeddings.array())
    pair = np.unravel_index(np.argmax(near - 3 * np.eye(count)), near.shape)
    one, other = sorted(int(at) for at in pair)
    headline = element(
        "p",
        "Nearest: ",
        element("q", texts[one]),
        " and ",
        element("q", texts[other]),
        " ",
        element("span", _score(near[one, other]), class_="pd-score"),
        class_="pd-nearest",
    )
    more = f" The table has the first {MOST_TEXTS}; the download has all." if count > MOST_TEXTS else ""
    return element(
        "div",
        headline,
        _matrix(near[:MOST_TEXTS, :MOST_TEXTS], texts),
        element("p", size + more, class_="pd-note"),
        _note(embeddings.note),
        folded("The texts on a map", _map(embeddings.array()[:MOST_TEXTS], texts)),
        class_="pd-embeddings",
    )


def cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine between each two of some vectors, of shape (count, count), in [-1, 1]."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = vectors / np.where(lengths == 0, 1, lengths)
    return np.asarray(np.clip(rows @ rows.T, -1, 1), np.float32)


def places(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return where each vector lies on the plane in which they differ most, of shape (count, 2), in [0, 1]."""
    centred = np.asarray(vectors - vectors.mean(0), np.float64)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    flat = np.zeros((len(vectors), 2))
    kept = min(2, len(strengths))
    flat[:, :kept] = left[:, :kept] * strengths[:kept]
    low, span = flat.min(0), np.ptp(flat, axis=0).max()
    middle = (span - np.ptp(flat, axis=0)) / 2  # one scale for both directions, or distances would lie
    return np.asarray((flat - low + middle) / span if span > 0 else np.full_like(flat, 0.5))


def _bar(text: str, score: float) -> Markup:
    track = element(
        "span", element("i", style=f"width:{max(0.0, score) * 100:.2f}%"), class_="pd-bar", aria_hidden="true"
    )
    return element(
        "li", element("span", text, class_="pd-name"), " ", element("span", _score(score), class_="pd-n"), track
    )


def _matrix(near: NDArray[np.float32], texts: list[str]) -> Markup:
    head = element(
        "tr",
        element("th", "Text", scope="col"),
        *(element("th", str(number), scope="col", class_="pd-n") for number in range(1, len(near) + 1)),
    )
    rows = (
        element(
            "tr",
            element("th", f"{number + 1} ", element("span", _short(texts[number])), scope="row"),
            *(
                element("td", _score(value), class_="pd-n", style=f"--near:{max(0.0, float(value)) * 100:.0f}%")
                for value in row
            ),
        )
        for number, row in enumerate(near)
    )
    caption = "How near each two texts are: 1 is the same meaning, 0 none in common"
    whole = element("table", element("caption", caption), element("thead", head), element("tbody", *rows))
    return element("div", whole, class_="pd-table pd-matrix", tabindex="0", role="region", aria_label=caption)


def _map(vectors: NDArray[np.float32], texts: list[str]) -> Markup:
    dots = (
        element("span", str(number), style=f"left:{x * 100:.1f}%;top:{(1 - y) * 100:.1f}%", title=_short(text))
        for number, ((x, y), text) in enumerate(zip(places(vectors), texts, strict=False), start=1)
    )
    described = "The numbers of the texts; those that mean alike lie close together. The table says the same."
    return element("div", element("div", *dots), class_="pd-map", role="img", aria_label=described)


def _note(note: str) -> Markup:
    return element("p", note, class_="pd-note") if note else Markup("")


def _score(score: float) -> str:
    return f"{score:.2f}".replace("-", "\N{MINUS SIGN}")


def _short(text: str) -> str:
    return text if len(text) <= LABEL_CHARS else f"{text[: LABEL_CHARS - 1]}…"
