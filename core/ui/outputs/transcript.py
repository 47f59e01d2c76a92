"""The view of a transcript: what was said, large, and when each piece of it was said."""

from __future__ import annotations

from typing import Final

from core.ui.outputs.markup import Markup, element, folded, table
from core.ui.outputs.sound import sounds_in
from core.ui.read_along import Piece
from core.values import Audio, Chunk, Transcript, Value

CHIPS: Final = 60
"""Words up to which each is shown with its time; longer ones get a table."""

WORD_CHARS: Final = 16
"""Longer pieces on average are phrases, and stand one below the other."""


def transcript_view(transcript: Transcript, inputs: Value | None) -> Markup:
    """Return the view of a transcript, without its sound; where that is there, its player holds the words."""
    if not transcript.text.strip():
        return element("p", "The model heard no words.", class_="pd-none")
    if len(sounds_in(inputs)) == 1 and transcript.chunks:
        return element("div", _table(transcript.chunks), class_="pd-transcript")
    said = element("p", transcript.text, class_="pd-said")
    return element("div", said, _times(transcript.chunks), class_="pd-transcript")


def spoken_pieces(transcript: Transcript, audio: Audio) -> list[Piece]:
    """Return a transcript's pieces as the player that follows them takes them: each with an end."""
    ends = [*(chunk.start_s for chunk in transcript.chunks[1:]), audio.duration_s]
    return [
        Piece(
            text=chunk.text,
            start=chunk.start_s,
            end=next_s if chunk.end_s is None else chunk.end_s,
            title=f"From {clock(chunk.start_s)}",
        )
        for chunk, next_s in zip(transcript.chunks, ends, strict=False)
    ]


def clock(seconds: float) -> str:
    """Write a time as minutes, seconds and tenths: 01:02.5."""
    tenths = round(max(0.0, seconds) * 10)
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _times(chunks: tuple[Chunk, ...]) -> Markup:
    if not chunks:
        return Markup("")
    if len(chunks) > CHIPS:
        return _table(chunks)
    phrases = sum(len(one.text) for one in chunks) / len(chunks) > WORD_CHARS
    return element(
        "ol",
        *(
            element("li", element("time", clock(one.start_s), title=f"to {_end(one)}"), " ", element("span", one.text))
            for one in chunks
        ),
        class_="pd-lines" if phrases else "pd-chips",
        aria_label="What was said when",
    )


def _table(chunks: tuple[Chunk, ...]) -> Markup:
    rows = [(clock(one.start_s), _end(one), one.text) for one in chunks]
    pieces = "1 piece with its time" if len(rows) == 1 else f"{len(rows)} pieces with their times"
    return folded(pieces, table(("From", "To", "Text"), rows, caption="What was said when"))


def _end(chunk: Chunk) -> str:
    return "" if chunk.end_s is None else clock(chunk.end_s)
