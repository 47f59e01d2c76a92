"""The view of a sound that a model made: its waveform, its length, and the words that were spoken."""

from __future__ import annotations

from core.ui.outputs.markup import Markup, element
from core.ui.outputs.waveform import loudness, waveform
from core.values import Audio, Text, Value, atoms_in


def sound_view(audio: Audio, inputs: Value | None) -> Markup:
    """Return the view of a sound, without its player."""
    said = element("p", inputs.text, class_="pd-text") if isinstance(inputs, Text) else Markup("")
    picture = waveform(loudness(audio), audio.duration_s)
    return element("div", picture, element("p", sound_words(audio), class_="pd-note"), said, class_="pd-sound")


def sounds_in(inputs: Value | None) -> list[Audio]:
    """Return the sounds that an input holds, be it one itself."""
    return [atom for atom in atoms_in(inputs) if isinstance(atom, Audio)] if inputs is not None else []


def sound_words(audio: Audio) -> str:
    """Return what a sound is in words."""
    return f"A sound of {audio.duration_s:.1f} s at {audio.sampling_rate:,} Hz"
