"""A sound as a picture: how loud it is, from its beginning to its end.

Drawn as bars, without a picture file or a script, so that it takes the theme's colours and any width.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.ui.outputs.markup import Markup, element
from core.values import Audio

BARS: Final = 96
"""Bars in a waveform: each still two points wide on a phone."""


def loudness(audio: Audio, bars: int = BARS) -> list[float]:
    """Return how loud each part of a sound is, in [0, 1], where 1 is its loudest; all 0 for silence."""
    samples: NDArray[np.float32] = np.abs(audio.array())
    starts = np.linspace(0, len(samples), bars, endpoint=False).astype(int)
    peaks = np.maximum.reduceat(samples, starts) if len(samples) else np.zeros(bars, np.float32)
    highest = float(peaks.max())
    return [round(float(peak) / highest, 3) for peak in peaks] if highest > 0 else [0.0] * bars


def waveform(peaks: list[float], duration_s: float) -> Markup:
    """Return the picture of a sound whose loudness is given; read aloud it says where the sound is loudest."""
    loudest_s = duration_s * (peaks.index(max(peaks)) + 0.5) / len(peaks)
    said = f"{duration_s:.1f} s, loudest at {loudest_s:.1f} s" if any(peaks) else f"{duration_s:.1f} s of silence"
    bars = (element("i", style=f"height:{max(3.0, peak * 100):.0f}%") for peak in peaks)
    return element("div", *bars, class_="pd-wave", role="img", aria_label=f"The sound over time: {said}")
