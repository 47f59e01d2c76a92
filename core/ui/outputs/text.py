"""The view of a text that a model wrote: the prompt quietly, then what follows it; or a conversation.

Drawn many times a second while a text grows, so it is one element and no more.
"""

from __future__ import annotations

from typing import Final

from core.ui.outputs.markup import Markup, element
from core.values import Chat, Text, Value

SPEAKERS: Final = {"system": "Told beforehand", "user": "You", "assistant": "Model"}
"""Who says what, in words."""


def text_view(text: Text, inputs: Value | None) -> Markup:
    """Return the view of a text, finished or growing."""
    written = element("span", text.text, class_="pd-written")
    if isinstance(inputs, Chat):
        return _conversation(inputs, written)
    if not isinstance(inputs, Text):
        return element("div", written, class_="pd-typed" if inputs is None else "pd-replied")
    if goes_on(inputs.text, text.text):
        return element("div", element("span", inputs.text, class_="pd-prompt"), written, class_="pd-typed")
    return element("div", element("p", inputs.text, class_="pd-prompt"), written, class_="pd-typed")


def _conversation(chat: Chat, written: Markup) -> Markup:
    """Return a conversation with its newest answer; the outer box keeps to its end, however long it grows."""
    said = (_message(message.role, message.content) for message in chat.messages)
    turns = element("ol", *said, _message("assistant", written))
    return element("div", turns, class_="pd-chat", tabindex="0", role="region", aria_label="The conversation")


def _message(role: str, content: str) -> Markup:
    return element("li", element("b", SPEAKERS[role]), element("p", content), class_=f"pd-{role}")


def goes_on(prompt: str, answer: str) -> bool:
    """Say whether a text reads as the rest of the prompt, and not as an answer to it.

    Settled by the prompt's last character and the text's first, so it does not change while it grows.
    """
    return (
        not prompt.strip()
        or prompt[-1:].isspace()
        or answer[:1].isspace()
        or prompt[-1].isalnum()
        or prompt[-1] in ",;:-"
    )
