"""Subtitles: readable cues, times that hold, and texts that cannot break the file."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.ui.outputs import downloads_of
from core.ui.outputs.subtitles import MAX_CUE_CHARS, MAX_CUE_S, Cue, cues_of, srt, vtt
from core.values import Audio, Chunk, Transcript

SILENCE = Audio.from_array(np.zeros(160_000, np.float32), 16_000)


def words(*timed: tuple[str, float, float | None]) -> Transcript:
    chunks = tuple(Chunk(text=text, start_s=start_s, end_s=end_s) for text, start_s, end_s in timed)
    return Transcript(text=" ".join(text for text, *_ in timed), chunks=chunks)


def test_words_are_gathered_until_a_sentence_ends_or_a_silence_begins() -> None:
    said = words(("one", 0.1, 0.4), ("two.", 0.5, 0.9), ("three", 1.0, 1.3), ("four", 3.5, 3.9), ("five", 4.0, None))
    assert cues_of(said, SILENCE) == [Cue(0.1, 0.9, "one two."), Cue(1.0, 1.5, "three"), Cue(3.5, 10.0, "four five")]


def test_both_formats_are_written_as_players_read_them() -> None:
    cues = [Cue(0.0, 1.5, "Hello"), Cue(3661.0625, 3662.0, "a < b & c --> d " + "word " * 12)]
    line = "a < b & c -> d word word word word word\nword word word word word word word"
    assert srt(cues) == (f"1\n00:00:00,000 --> 00:00:01,500\nHello\n\n2\n01:01:01,062 --> 01:01:02,000\n{line}\n")
    blocks = vtt(cues).split("\n\n")
    assert blocks[:2] == ["WEBVTT", "00:00:00.000 --> 00:00:01.500\nHello"]
    assert blocks[2].startswith("01:01:01.062 --> 01:01:02.000\na &lt; b &amp; c --&gt; d")


def test_a_phrase_that_is_too_long_keeps_the_times_it_has() -> None:
    said = words(("word " * 40, 0.0, 12.0), ("next", 12.0, 13.0))
    assert [(cue.start_s, cue.end_s) for cue in cues_of(said)] == [(0.0, 12.0), (12.0, 13.0)]


def test_a_transcript_without_times_has_no_subtitles() -> None:
    assert [one.word for one in downloads_of(Transcript(text="Hello"))] == ["Text", "JSON"]
    said = words(("Grüße \ud800", 0.0, 1.0))
    files = {one.word: one for one in downloads_of(said)}
    assert list(files) == ["Text", "SRT", "VTT", "JSON"]
    assert "Grüße ?" in files["SRT"].data.decode()
    assert files["VTT"].media_type == "text/vtt"


SECONDS = some.floats(0, 7200)


@given(some.lists(some.tuples(some.text(max_size=60), SECONDS, some.none() | SECONDS), max_size=30))
def test_no_two_subtitles_stand_at_once_and_nothing_is_lost(timed: list[tuple[str, float, float | None]]) -> None:
    said = words(*timed)
    cues = cues_of(said)
    ends = [cue.end_s for cue in cues]
    assert all(cue.start_s <= cue.end_s for cue in cues)
    assert all(end_s <= after.start_s for end_s, after in zip(ends, cues[1:], strict=False))
    written = sorted(" ".join(cue.text for cue in cues).split())
    assert written == sorted(" ".join(text for text, *_ in timed).split())
    for form in (srt(cues), vtt(cues)):
        assert len(re.findall(r"^\d\d:\d\d:\d\d[.,]\d{3} --> \d\d:\d\d:\d\d[.,]\d{3}$", form, re.M)) == len(cues)
        assert form.count("-->") == len(cues)


@given(some.lists(some.tuples(some.text("abc", min_size=1, max_size=12), some.floats(0.05, 2.0)), max_size=60))
def test_words_make_cues_that_can_be_read(timed: list[tuple[str, float]]) -> None:
    ends = np.cumsum([length_s for _, length_s in timed]).tolist()
    said = words(*((text, end_s - length_s, end_s) for (text, length_s), end_s in zip(timed, ends, strict=True)))
    for cue in cues_of(said):
        assert len(cue.text) <= MAX_CUE_CHARS
        assert cue.end_s - cue.start_s <= MAX_CUE_S + 1e-6


@pytest.mark.parametrize("length", [0, 1])
def test_hardly_any_words(length: int) -> None:
    assert len(cues_of(words(*[("one", 0.0, 0.0)] * length))) == length
