"""The view of fillings: the sentence with the best word in each gap, and the other words as bars."""

from __future__ import annotations

from core.tasks.fill_mask import GAP
from core.ui.outputs.markup import Markup, element, joined, percent
from core.values import Filling, Fillings, Text, Value


def fillings_view(fillings: Fillings, inputs: Value | None) -> Markup:
    """Return the view of fillings."""
    if not any(fillings.gaps):
        return element("p", "The model filled no gap.", class_="pd-none")
    several = len(fillings.gaps) > 1
    return element(
        "div",
        element("p", *_sentence(fillings, inputs), class_="pd-said pd-filled"),
        *(_gap(number, words, several) for number, words in enumerate(fillings.gaps, 1)),
        element("p", fillings.note, class_="pd-note") if fillings.note else Markup(""),
        class_="pd-fillings",
    )


def word_of(filling: Filling) -> str:
    """Return a filling as a reader sees it; the end of a word, which BERT writes with ##, begins with a dash."""
    word = filling.token_str.strip()
    return f"-{word[2:]}" if word.startswith("##") else word or "(a blank)"


def _sentence(fillings: Fillings, inputs: Value | None) -> list[str]:
    """Return the pieces of the sentence with all gaps filled; where the input is not kept, with the first one."""
    text = inputs.text if isinstance(inputs, Text) else ""
    parts = GAP.split(text)
    if len(parts) != len(fillings.gaps) + 1:
        return [next(words for words in fillings.gaps if words)[0].sequence]
    pieces: list[str] = [parts[0]]
    for words, part in zip(fillings.gaps, parts[1:], strict=True):
        pieces += [element("mark", word_of(words[0]).removeprefix("-")) if words else "\N{HORIZONTAL ELLIPSIS}", part]
    return pieces


def _gap(number: int, words: tuple[Filling, ...], several: bool) -> Markup:
    head = element("h4", f"Gap {number}") if several else Markup("")
    bars = element("ol", *(_bar(one) for one in words), class_="pd-bars", aria_label=f"Words for gap {number}")
    return joined((head, bars))


def _bar(one: Filling) -> Markup:
    track = element("span", element("i", style=f"width:{one.score * 100:.2f}%"), class_="pd-bar", aria_hidden="true")
    name = element("span", word_of(one), class_="pd-name", title=one.sequence)
    return element("li", name, " ", element("span", percent(one.score), class_="pd-n"), track)
