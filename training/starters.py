"""Every starter, in the order in which they have to be made: some begin with another's encoder or backbone."""

from __future__ import annotations

from training import (
    digit_strings,
    handwritten_digits,
    parts_of_speech,
    sentiment,
    shakespeare,
    shapes_detection,
    shapes_segmentation,
    spoken_digits,
)
from training.starter import Starter

STARTERS: tuple[Starter, ...] = (
    sentiment.STARTER,
    parts_of_speech.STARTER,
    shakespeare.STARTER,
    handwritten_digits.STARTER,
    shapes_detection.STARTER,
    shapes_segmentation.STARTER,
    digit_strings.STARTER,
    spoken_digits.STARTER,
)
