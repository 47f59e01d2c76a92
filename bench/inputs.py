"""What the benchmarks ask: texts, pictures and sounds, a different one for every number.

Owns their making, and having them made before a load begins: the clients stand on the cores that they measure, and
making a picture takes a tenth of what the model takes to answer it.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow

WORDS: Final = (6, 40)
"""Shortest and longest text, in words."""

PICTURE_SIDE: Final = 224
SOUND_S: Final = 2.0
RATE: Final = 16_000
PROSE: Final = (
    "the a film story quiet village old clock stopped when she left for sea and nobody knew why it rained all night "
    "good bad bright slow music voice scene actor ending never always almost perhaps but then again here there"
)
VOCABULARY: Final = PROSE.split()
"""Ordinary words: a token or two each."""


def text_of(number: int) -> str:
    """Return the text of a request: 6 to 40 words, different for every number."""
    rng = np.random.default_rng(number)
    words = rng.choice(VOCABULARY, int(rng.integers(WORDS[0], WORDS[1] + 1)))
    return f"{' '.join(words)} {number}."


def picture_of(number: int) -> bytes:
    """Return a PNG of smooth colours, different for every number."""
    rng = np.random.default_rng(number)
    small = Pillow.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8))
    file = io.BytesIO()
    small.resize((PICTURE_SIDE, PICTURE_SIDE), Pillow.Resampling.BICUBIC).save(file, "PNG", compress_level=1)
    return file.getvalue()


def sound_of(number: int, seconds: float = SOUND_S) -> bytes:
    """Return a WAV of noise, different for every number."""
    samples = np.random.default_rng(number).normal(0, 3000, int(seconds * RATE)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def made_before(make: Callable[[int], Any], count: int) -> Callable[[int], Any]:
    """Return what gives the same as `make`, and takes no time for the first so many; what comes after is made then."""
    made = [make(number) for number in range(count)]
    return lambda number: made[number] if number < count else make(number)
