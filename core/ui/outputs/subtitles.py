"""A transcript as subtitles, for video players and editors: SubRip (SRT) and WebVTT.

Owns how pieces of a transcript are gathered into cues that can be read, and how both formats write them.
Source: WebVTT, W3C; SubRip as its players read it. Cues of at most two lines of 42 characters and 7 s: the
timed text style guides of broadcasters and film services.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from core.ui.outputs.sound import sounds_in
from core.values import Chunk, Transcript, Value

LINE_CHARS: Final = 42
MAX_CUE_CHARS: Final = 84
MAX_CUE_S: Final = 7.0
GAP_S: Final = 1.0
"""Seconds of silence after which another cue begins."""

MIN_CUE_S: Final = 0.5
"""Seconds that a cue stays at least, where the next one leaves it the time."""

UNKNOWN_END_S: Final = 3.0
"""Seconds that the last cue stays where neither the model nor the sound says when it ends."""


_SENTENCE_ENDS: Final = (
    ".!?\N{HORIZONTAL ELLIPSIS}\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}"
)


class Cue(NamedTuple):
    """Be a subtitle: what is shown, from when to when, in seconds."""

    start_s: float
    end_s: float
    text: str


def cues_of(transcript: Transcript, inputs: Value | None = None) -> list[Cue]:
    """Return a transcript's subtitles, in order and never two at once; none where the model gave no times.

    Args:
        inputs: the sound, if it is there; the last subtitle ends with it where the model did not say when.
    """
    sounds = sounds_in(inputs)
    whole_s = sounds[0].duration_s if len(sounds) == 1 else None
    cues = [_cue(group) for group in _groups(_timed(transcript.chunks, whole_s))]
    starts = [cue.start_s for cue in cues[1:]]
    limits = [*starts, max(whole_s or 0.0, cues[-1].end_s + MIN_CUE_S)] if cues else []
    return [
        cue._replace(end_s=min(max(cue.end_s, cue.start_s + MIN_CUE_S), limit))
        for cue, limit in zip(cues, limits, strict=True)
    ]


def srt(cues: Sequence[Cue]) -> str:
    """Write subtitles as SubRip."""
    blocks = (
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{_lines(cue.text.replace('-->', '->'))}\n"
        for number, cue in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def vtt(cues: Sequence[Cue]) -> str:
    """Write subtitles as WebVTT, in which &, < and > are written as references."""
    blocks = (f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{_escaped(cue.text)}\n" for cue in cues)
    return "\n".join(["WEBVTT\n", *blocks])


def _timed(chunks: Sequence[Chunk], whole_s: float | None) -> list[Cue]:
    """Return the pieces in order, each with an end that is not before its start nor after the next one's start."""
    inside = sorted((chunk for chunk in chunks if chunk.text.split()), key=lambda chunk: chunk.start_s)
    last_s = [chunk.start_s + UNKNOWN_END_S if whole_s is None else whole_s for chunk in inside[-1:]]
    nexts = [*(after.start_s for _, after in pairwise(inside)), *last_s]
    return [
        Cue(
            max(0.0, chunk.start_s),
            max(chunk.start_s, min(next_s if chunk.end_s is None else chunk.end_s, next_s)),
            " ".join(chunk.text.split()),
        )
        for chunk, next_s in zip(inside, nexts, strict=True)
    ]


def _groups(pieces: Sequence[Cue]) -> Iterator[list[Cue]]:
    """Gather pieces that follow each other until a cue is full, a sentence ends or a silence begins.

    A piece that is itself too long stays whole: nobody said when its words were spoken.
    """
    group: list[Cue] = []
    for piece in pieces:
        if group and (
            len(" ".join(one.text for one in [*group, piece])) > MAX_CUE_CHARS
            or piece.end_s - group[0].start_s > MAX_CUE_S
            or piece.start_s - group[-1].end_s > GAP_S
            or group[-1].text[-1] in _SENTENCE_ENDS
        ):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _cue(group: Sequence[Cue]) -> Cue:
    return Cue(group[0].start_s, group[-1].end_s, " ".join(piece.text for piece in group))


def _lines(text: str) -> str:
    return "\n".join(textwrap.wrap(text, LINE_CHARS, break_long_words=False, break_on_hyphens=False))


def _escaped(text: str) -> str:
    return _lines(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    whole_ms = round(seconds * 1000)
    minutes, rest_ms = divmod(whole_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest_ms // 1000:02d}{point}{rest_ms % 1000:03d}"
