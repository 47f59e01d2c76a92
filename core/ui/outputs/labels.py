"""The view of labels: the best one large, then a bar for each."""

from __future__ import annotations

from typing import Final

from core.ui.outputs.markup import Markup, element, folded, percent
from core.ui.outputs.names import readable
from core.values import Label, Labels

SHOWN: Final = 8
"""Bars that are shown at once; the others are one click away."""


def labels_view(labels: Labels) -> Markup:
    """Return the view of labels."""
    if not labels.labels:
        return element("p", "The model gave no label.", class_="pd-none")
    best, *_ = labels.labels
    headline = element(
        "p",
        element("strong", readable(best.label)),
        " ",
        element("span", percent(best.score), class_="pd-score"),
        class_="pd-best",
    )
    rest = labels.labels[SHOWN:]
    more = folded(f"{len(rest)} more labels", bars(rest)) if rest else Markup("")
    note = element("p", labels.note, class_="pd-note") if labels.note else Markup("")
    return element("div", headline, bars(labels.labels[:SHOWN]), more, note, class_="pd-labels")


def bars(labels: tuple[Label, ...]) -> Markup:
    """Make a bar for each label, with its score in words."""
    return element("ol", *(_bar(label) for label in labels), class_="pd-bars")


def _bar(label: Label) -> Markup:
    # The text says it all, so the bar is for the eye only.
    track = element("span", element("i", style=f"width:{label.score * 100:.2f}%"), class_="pd-bar", aria_hidden="true")
    name, score = (
        element("span", readable(label.label), class_="pd-name"),
        element("span", percent(label.score), class_="pd-n"),
    )
    return element("li", name, " ", score, track)
