"""The views of a text that was made from another: a summary or a translation beside its source."""

from __future__ import annotations

from typing import Final

from core.ui.outputs.markup import Markup, element
from core.values import Summary, Text, Translation, Value

SOURCE: Final = "Your text"

LONGEST_WORD: Final = 15
"""Letters a word on average; beyond it the script sets no blanks between words, and letters are counted."""


def summary_view(summary: Summary, inputs: Value | None) -> Markup:
    """Return the view of a summary: beside its source, with both lengths and how much shorter it is."""
    shorter = _shorter(inputs.text, summary.text) if isinstance(inputs, Text) else ""
    return _beside(inputs, summary, "Summary", (shorter, summary.note))


def translation_view(translation: Translation, inputs: Value | None) -> Markup:
    """Return the view of a translation, beside its source."""
    return _beside(inputs, translation, "Translation", (translation.note,))


def length_words(text: str) -> str:
    """Write how long a text is: 1 word, 84 words; in letters where words are not set apart."""
    count, letters = len(text.split()), len("".join(text.split()))
    if letters > LONGEST_WORD * count:
        return f"{letters} letters"
    return "1 word" if count == 1 else f"{count} words"


def _beside(inputs: Value | None, answer: Text, title: str, notes: tuple[str, ...]) -> Markup:
    said = (
        element("p", answer.text, class_="pd-written")
        if answer.text.strip()
        else _quiet("The model wrote nothing.", "pd-none")
    )
    made = element("section", _title(title, answer.text), said, class_="pd-made")
    source = (
        element(
            "section",
            _title(SOURCE, inputs.text),
            # It scrolls where it is long, so it can be reached with the keys.
            element("p", inputs.text, tabindex="0", role="region", aria_label=SOURCE),
            class_="pd-source",
        )
        if isinstance(inputs, Text)
        else Markup("")
    )
    pair = element("div", source, made, class_="pd-pair")
    return element("div", pair, *(_quiet(note) for note in notes if note), class_="pd-rewritten")


def _title(name: str, text: str) -> Markup:
    return element("h3", name, " ", element("small", length_words(text)))


def _quiet(text: str, class_: str = "pd-note") -> Markup:
    return element("p", text, class_=class_)


def _shorter(source: str, summary: str) -> str:
    before, after = len(source), len(summary.strip())
    if not after or not before:
        return ""
    if after >= before:
        return "No shorter than your text."
    return f"{1 - after / before:.0%} shorter than your text."
