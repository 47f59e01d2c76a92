"""What a page shows of a sound: its waveform, its length, and the words that follow it."""

from __future__ import annotations

import io
import re
import wave

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.ui import read_along
from core.ui.outputs import VIEWS, clipboard_text, downloads_of
from core.ui.outputs.transcript import spoken_pieces
from core.ui.outputs.waveform import BARS, loudness, waveform
from core.values import Audio, Chunk, Text, Transcript

RATE = 16_000
SWELL = Audio.from_array(np.linspace(0, 0.5, RATE * 3).astype(np.float32), RATE)


def test_loudness_is_in_shares_of_the_loudest() -> None:
    peaks = loudness(SWELL)
    assert len(peaks) == BARS
    assert peaks == sorted(peaks)
    assert peaks[-1] == 1.0
    assert peaks[BARS // 2 - 1] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("samples", [0, 1, 50, BARS, 1000])
def test_silence_and_short_sounds_have_a_waveform_too(samples: int) -> None:
    peaks = loudness(Audio.from_array(np.zeros(samples, np.float32), RATE))
    assert peaks == [0.0] * BARS
    assert "of silence" in waveform(peaks, samples / RATE)


def test_a_waveform_is_said_in_words() -> None:
    shown = waveform(loudness(SWELL), SWELL.duration_s)
    assert shown.count("<i ") == BARS
    assert 'role="img"' in shown
    assert "3.0 s, loudest at 3.0 s" in shown


def test_a_made_sound_shows_its_words_escaped() -> None:
    shown = VIEWS[Audio](SWELL, Text(text="<b>Hello</b>"))
    assert "&lt;b&gt;Hello&lt;/b&gt;" in shown
    assert "A sound of 3.0 s at 16,000 Hz" in shown
    assert "pd-text" not in VIEWS[Audio](SWELL, None)
    assert clipboard_text(SWELL) == "A sound of 3.0 s at 16,000 Hz"


def test_a_made_sound_can_be_taken_along_as_wav() -> None:
    file, form = downloads_of(SWELL)
    assert (file.name, file.word, form.word) == ("podium-audio.wav", "WAV", "JSON")
    with wave.open(io.BytesIO(file.data())) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (RATE, RATE * 3)


def test_a_made_sound_has_a_player() -> None:
    def page(audio: object) -> None:
        from core.ui.outputs import show_output

        show_output(audio, inputs=None, key="answer")

    at = AppTest.from_function(page, args=(SWELL,)).run()
    assert not at.exception
    assert len(at.get("audio")) == 1


def test_words_follow_the_sound_up_to_the_next_one_or_its_end() -> None:
    chunks = (Chunk(text="one", start_s=0.5, end_s=0.75), Chunk(text="two", start_s=1.0), Chunk(text="x", start_s=2.0))
    pieces = spoken_pieces(Transcript(text="one two x", chunks=chunks), SWELL)
    assert [(piece["start"], piece["end"]) for piece in pieces] == [(0.5, 0.75), (1.0, 2.0), (2.0, 3.0)]
    assert pieces[0]["title"] == "From 00:00.5"


def test_words_without_their_sound_or_their_times_are_shown_all_the_same() -> None:
    timed = Transcript(text="one", chunks=(Chunk(text="one", start_s=0.5),))
    assert "pd-said" in VIEWS[Transcript](timed, None)
    assert "pd-said" in VIEWS[Transcript](Transcript(text="one"), SWELL)
    assert "pd-said" not in VIEWS[Transcript](timed, SWELL)  # the player holds the words


def test_the_browsers_side_makes_no_markup_of_what_was_said() -> None:
    script = read_along._part(".js")
    assert "textContent" in script
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", script)
