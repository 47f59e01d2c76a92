"""Text as it comes in: decoded, cleaned of what no person typed, and limited.

Owns what a readable text is. Leaves letters alone: no case, width or composition is changed.
"""

from __future__ import annotations

import codecs
import re

from core.errors import BadInput, TooLarge
from core.media.limits import Limits
from core.values import Text

_NEWLINES = re.compile("\r\n?")
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_text(data: str | bytes, limits: Limits) -> Text:
    """Read a text.

    Newlines become line feeds; control characters other than newline and tab, and a byte order mark, are
    dropped in silence, since they come from copying and not from typing. Everything else stays.

    Raises: BadInput if it is blank, cannot be decoded or holds half a character; TooLarge over
        `max_text_chars`, counted after cleaning.
    """
    text = data if isinstance(data, str) else _decoded(data)
    if _LONE_SURROGATE.search(text):
        # Tokenizers and UTF-8 both fail on one, and there is no telling which character it was.
        raise BadInput("The text holds half of a character (a lone surrogate).", hint="Paste or type it again.")
    text = _CONTROLS.sub("", _NEWLINES.sub("\n", text)).removeprefix("\ufeff")
    if len(text) > limits.max_text_chars:
        raise TooLarge(
            f"The text is {len(text):,} characters long; the limit is {limits.max_text_chars:,}.",
            hint="Shorten it and try again.",
        )
    # Zero-width spaces and the like are not printable: a text of nothing else looks empty too.
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise BadInput("There is no text.", hint="Type or paste some and try again.")
    return Text(text=text)


def _decoded(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 where a byte order mark says so."""
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if is_utf_16 else "utf-8")
    except UnicodeDecodeError as err:
        raise BadInput("These bytes are not text in UTF-8.", hint="Save the text as UTF-8 and send it again.") from err
