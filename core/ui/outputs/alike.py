"""The view of pictures' vectors: which of them are alike, on a map with thumbnails and in numbers.

Places on the map only repeat what the table says in digits.
"""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from core.media import thumbnail_png
from core.ui.outputs.markup import Markup, element, folded, joined, table
from core.ui.outputs.pictures import data_url
from core.values import Embeddings, Image, Value, atoms_in

THUMBNAIL_SIDE: Final = 128
"""Pixels of a thumbnail's longer side: sharp at 64 points."""

ROOM: Final = 0.13
"""How far apart thumbnails are at least on the map, as a share of its width; closer ones are pushed apart."""

_thumbnails: WeakKeyDictionary[Image, str] = WeakKeyDictionary()


def alike_view(embeddings: Embeddings, inputs: Value | None) -> Markup:
    """Return the view of vectors of pictures: the two most alike, the map, and the nearest one of each."""
    pictures = [atom for atom in atoms_in(inputs) if isinstance(atom, Image)] if inputs is not None else []
    if len(pictures) != embeddings.count:  # not kept
        pictures = []
    size = element("p", f"{embeddings.count} vectors of {embeddings.width} numbers each.", class_="pd-note")
    if embeddings.count < 2:
        return element("div", size, class_="pd-alike")
    near = cosines(embeddings.array())
    one, other = np.unravel_index(np.argmax(near - 3 * np.eye(len(near))), near.shape)
    headline = element(
        "p",
        "Most alike: ",
        _thumbnail(pictures, int(one)),
        " and ",
        _thumbnail(pictures, int(other)),
        " ",
        element("span", _score(near[one, other]), class_="pd-score"),
        class_="pd-pair",
    )
    return element("div", headline, _map(embeddings, pictures), _table(near), size, class_="pd-alike")


def cosines(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the cosine between each two vectors, of shape (count, count), in [-1, 1]; 0 beside a vector of nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float64)
    return np.clip(rows @ rows.T, -1, 1)


def places(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return where each vector lies on the plane in which they differ most, of shape (count, 2), in [0, 1].

    Directions count, lengths do not. What would cover each other is pushed apart by `ROOM`.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float64)
    left, strengths, _ = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    flat = np.zeros((len(rows), 2))
    kept = min(2, len(strengths))
    flat[:, :kept] = left[:, :kept] * strengths[:kept]
    # A spiral of small steps, so that pictures with one and the same vector can be told apart at all.
    turn, radius = np.arange(len(rows)) * 2.4, np.sqrt(np.arange(len(rows)))[:, None] * 1e-3
    span = max(np.ptp(flat, axis=0).max(), 1e-9)
    flat = 0.5 + (flat - (flat.min(0) + flat.max(0)) / 2) / span + np.stack([np.cos(turn), np.sin(turn)], 1) * radius
    for _ in range(200):
        apart = flat[:, None] - flat[None]
        distance = np.maximum(np.linalg.norm(apart, axis=-1), 1e-9) + np.eye(len(flat))
        push = (np.clip(ROOM - distance, 0, None)[..., None] * apart / distance[..., None]).sum(1)
        flat = np.asarray(np.clip(flat + np.clip(push, -ROOM / 8, ROOM / 8), 0, 1))
    return flat


def _map(embeddings: Embeddings, pictures: list[Image]) -> Markup:
    dots = (
        element("span", _thumbnail(pictures, at), style=f"left:{x * 100:.1f}%;top:{(1 - y) * 100:.1f}%")
        for at, (x, y) in enumerate(places(embeddings.array()))
    )
    words = element("p", "Pictures that lie close together are alike to the model.", class_="pd-note")
    return joined((element("div", element("div", *dots), class_="pd-gather"), words))


def _thumbnail(pictures: list[Image], at: int) -> Markup:
    number = element("b", str(at + 1))
    if not pictures:
        return element("i", number, class_="pd-thumb")
    image = pictures[at]
    url = _thumbnails.get(image)
    if url is None:
        url = _thumbnails[image] = data_url(thumbnail_png(image, THUMBNAIL_SIDE), "image/png")
    return element("i", element("img", src=url, alt=f"Picture {at + 1}"), number, class_="pd-thumb")


def _table(near: NDArray[np.float64]) -> Markup:
    others = near - 3 * np.eye(len(near))
    rows = []
    for at, row in enumerate(others):
        order = np.argsort(-row)[:-1]  # the last one is the picture itself
        rows.append((f"Picture {at + 1}", _said(order[0], row), _said(order[-1], row)))
    head = ("", "Most like", "Least like")
    return folded("The nearest to each, in numbers", table(head, rows, caption="Which pictures are alike"))


def _said(at: int, row: NDArray[np.float64]) -> str:
    return f"Picture {at + 1}, {_score(row[at])}"


def _score(score: float) -> str:
    return f"{score:.2f}".replace("-", "\N{MINUS SIGN}")
