"""The view of answers from a passage: the best one large, where it stands, and the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from core.ui.outputs.markup import Markup, element, percent
from core.values import Answer, Answers, Text, Value

LONGEST_GAP: Final = 600
"""Letters between two answers that are shown whole: of more, only what stands near the answers."""

NEAR: Final = 240
"""Letters that are shown on either side of an answer where the passage is shortened."""

NOWHERE: Final = "The passage has no answer"
"""What an empty answer says."""


def answers_view(answers: Answers, inputs: Value | None) -> Markup:
    """Return the view of answers."""
    if not answers.answers:
        return element("p", "The model found no answer in the passage.", class_="pd-none")
    best = answers.answers[0]
    headline = element(
        "p",
        element("strong", best.answer or NOWHERE),
        " ",
        element("span", percent(best.score), class_="pd-score"),
        class_="pd-best pd-answer",
    )
    context = getattr(inputs, "context", None)
    passage = _passage(context.text, answers.answers) if isinstance(context, Text) else Markup("")
    rows = [_row(number, answer) for number, answer in enumerate(answers.answers, 1)]
    listed = element("ol", *rows, class_="pd-bars", aria_label="Answers, likeliest first")
    return element("div", headline, passage, listed, class_="pd-answers")


def _passage(passage: str, answers: tuple[Answer, ...]) -> Markup:
    pieces = (
        element(
            "mark",
            text,
            element("small", f" {number}", title=f"Answer {number}"),
            class_="pd-first" if number == 1 else None,
        )
        if number
        else shortened(text)
        for text, number in pieces_of(passage, answers)
    )
    return element("p", *pieces, class_="pd-text pd-passage")


def shortened(text: str) -> str:
    """Return what stands between two answers, without its middle where it is long: the input beside it has all."""
    if len(text) <= LONGEST_GAP:
        return text
    head, tail = text[:NEAR], text[-NEAR:]
    # Between words, where there is a blank to cut at; a writing without blanks is cut anywhere.
    head, tail = head.rpartition(" ")[0] or head, tail.partition(" ")[2] or tail
    return f"{head} [\N{HORIZONTAL ELLIPSIS}] {tail}"


def pieces_of(passage: str, answers: tuple[Answer, ...]) -> Iterator[tuple[str, int]]:
    """Cut the passage into pieces, each with the number of the answer it shows or 0; joined, they are the passage.

    Of answers that overlap, the likelier one is shown; the list has all.
    """
    shown: list[tuple[int, int, int]] = []
    for number, answer in enumerate(answers, 1):
        start, end = answer.start, min(answer.end, len(passage))
        if start < end and all(end <= other or until <= start for other, until, _ in shown):
            shown.append((start, end, number))
    at = 0
    for start, end, number in sorted(shown):
        if at < start:
            yield passage[at:start], 0
        yield passage[start:end], number
        at = end
    if at < len(passage):
        yield passage[at:], 0


def _row(number: int, answer: Answer) -> Markup:
    track = element("span", element("i", style=f"width:{answer.score * 100:.2f}%"), class_="pd-bar", aria_hidden="true")
    name = element("span", element("b", str(number)), " ", answer.answer or NOWHERE, class_="pd-name")
    return element("li", name, " ", element("span", percent(answer.score), class_="pd-n"), track)
