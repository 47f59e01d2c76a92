"""The view of entities: the text with its marks, each with its label in words beside or below it.

Two manners: a few marks stand out of the text with the label beside the word; where nearly every
word is marked, as with parts of speech, labels stand small below the words, like a gloss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from core.ui.outputs.colours import colours_of
from core.ui.outputs.markup import Markup, element, folded, joined, percent, table
from core.ui.outputs.names import readable
from core.values import Entities, Entity

DENSE_SHARE: Final = 0.6
"""Share of the text's characters, spaces aside, from which on marks are set as a gloss."""

LONGEST_HELD: Final = 24
"""Letters that are held together on one line; more might run out of a narrow page."""


def entities_view(entities: Entities) -> Markup:
    """Return the view of entities."""
    if not entities.entities:
        return element(
            "div",
            element("p", entities.text, class_="pd-text"),
            element("p", "The model marked nothing in this text.", class_="pd-none"),
        )
    colours = colours_of(entity.entity_group for entity in entities.entities)
    dense = _is_dense(entities)
    pieces = [(text, _piece(text, entity, colours)) for text, entity in pieces_of(entities)]
    text = element(
        "p",
        *(_stuck(pieces) if dense else (piece for _, piece in pieces)),
        class_="pd-text pd-gloss" if dense else "pd-text",
    )
    return element("div", text, _legend(entities, colours), _table(entities), class_="pd-entities")


def pieces_of(entities: Entities) -> Iterator[tuple[str, Entity | None]]:
    """Cut the text into pieces, with the entity each belongs to; joined, they are the text again.

    Where two entities overlap, the later one keeps what the earlier one leaves; the table has both whole.
    """
    text, at = entities.text, 0
    for entity in sorted(entities.entities, key=lambda entity: (entity.start, -entity.end)):
        start, end = max(at, entity.start), min(entity.end, len(text))
        if start >= end:
            continue
        if at < start:
            yield text[at:start], None
        yield text[start:end], entity
        at = end
    if at < len(text):
        yield text[at:], None


def _is_dense(entities: Entities) -> bool:
    marked = sum(len("".join(text.split())) for text, entity in pieces_of(entities) if entity is not None)
    return marked >= DENSE_SHARE * len("".join(entities.text.split()))


def _piece(text: str, entity: Entity | None, colours: dict[str, str]) -> str:
    if entity is None:
        return text
    return element(
        "mark",
        element("span", text),
        element("small", f" {entity.entity_group}"),
        style=f"--c:{colours[entity.entity_group]}",
        title=f"{readable(entity.entity_group)}, {percent(entity.score)}",
    )


def _stuck(pieces: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the pieces, those that no blank parts held together: a comma must not begin a line."""
    group: list[str] = []
    length = 0
    for text, piece in pieces:
        if isinstance(piece, Markup):
            group.append(piece)
            length += len(text)
            continue
        before, after = _edges(text)
        if before:
            group.append(before)
        if before == text:
            length += len(text)
            continue
        yield _held(group, length)
        yield text[len(before) : len(text) - len(after)]
        group, length = ([after], len(after)) if after else ([], 0)
    yield _held(group, length)


def _edges(text: str) -> tuple[str, str]:
    """Return what stands before the first blank of a text and what stands after the last one."""
    blanks = [at for at, letter in enumerate(text) if letter.isspace()]
    return (text[: blanks[0]], text[blanks[-1] + 1 :]) if blanks else (text, "")


def _held(group: list[str], length: int) -> Markup:
    held = len(group) > 1 and length <= LONGEST_HELD
    return element("span", *group, class_="pd-stick") if held else joined(group)


def _legend(entities: Entities, colours: dict[str, str]) -> Markup:
    counts = Counter(entity.entity_group for entity in entities.entities)
    return element(
        "ul",
        *(
            element(
                "li",
                element("i", aria_hidden="true"),
                _name(label),
                " ",
                element("b", str(count)),
                style=f"--c:{colours[label]}",
            )
            for label, count in counts.most_common()
        ),
        class_="pd-legend",
        aria_label="Labels and how often each was given",
    )


def _name(label: str) -> str:
    """Return a label with its meaning, where the marks in the text are too short to say it."""
    meaning = readable(label)
    return label if meaning.casefold() == label.casefold() else f"{label}, {meaning}"


def _table(entities: Entities) -> Markup:
    rows = [
        (entity.word, _name(entity.entity_group), percent(entity.score), str(entity.start), str(entity.end))
        for entity in entities.entities
    ]
    marks = "1 mark" if len(rows) == 1 else f"{len(rows)} marks"
    return folded(
        f"{marks} as a table",
        table(("Word", "Label", "Score", "Start", "End"), rows, caption="Marks in the text", numbers=3),
    )
