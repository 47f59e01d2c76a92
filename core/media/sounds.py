"""Sounds: bytes to `Audio`, and from one sampling rate to another.

Owns what holds for every sound whatever its format: its length is checked as announced and again while
it is decoded, block by block; channels become their mean; loud floats are scaled down. How each
format is opened is in `core.media.recordings`.
"""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput, TooLarge
from core.media.kinds import refusal, sniff
from core.media.limits import FULL_LENGTH_RATE, Limits, length
from core.media.recordings import OPENERS, Recording
from core.values import Audio

ACCEPTED = "WAV, FLAC, MP3, Ogg, M4A, AAC, AMR or WebM"
MIN_RATE, MAX_RATE = 4_000, 192_000
MIN_AUDIO_S = 0.03
"""Source: the first layers of wav2vec 2.0 span 400 samples at 16 kHz, 25 ms; on less it raises."""
GRACE_S = 0.5
"""A sound trimmed to the limit may come out of its encoder a few frames longer."""


def read_audio(data: bytes, limits: Limits, *, name: str = "") -> Audio:
    """Read a sound.

    Shapes: mono (the mean of the channels) at the rate it was recorded at.

    Args:
        name: what the file was called; only mentioned in a refusal, never believed.

    Raises: UnsupportedMedia for what is not a sound or is coded in a way that is not read; TooLarge
        over the limits; BadInput for what is empty, damaged, cut off, or holds NaN or infinity.
    """
    limits.check_upload(data)
    kind = sniff(data)
    opener = OPENERS.get(kind.decoder)
    if opener is None:
        raise refusal(kind, "a sound", ACCEPTED, name=name)
    with opener(data, kind) as recording:
        return _decode(recording, limits)


def resample(audio: Audio, sampling_rate: int) -> Audio:
    """Resample to the rate that a checkpoint was trained at.

    Returns: the same duration at `sampling_rate` Hz, to within one sample.
    Source: polyphase filtering, scipy.signal.resample_poly.
    """
    if audio.sampling_rate == sampling_rate:
        return audio
    from scipy.signal import resample_poly

    common = math.gcd(audio.sampling_rate, sampling_rate)
    samples = resample_poly(audio.array(), sampling_rate // common, audio.sampling_rate // common)
    # The filter rings a little at a full-scale edge.
    return Audio.from_array(np.clip(samples, -1.0, 1.0, dtype=np.float32), sampling_rate)


def _decode(recording: Recording, limits: Limits) -> Audio:
    """Gather the blocks, refusing as soon as a limit is passed."""
    rate = recording.sampling_rate
    if not MIN_RATE <= rate <= MAX_RATE:
        raise BadInput(
            f"This sound has {rate:,} samples a second; {MIN_RATE:,} to {MAX_RATE:,} are read.",
            hint="Save it at 16,000 or 48,000 Hz and send that.",
        )
    limit_s = limits.max_audio_s_at(rate)
    if recording.announced_s is not None and recording.announced_s > limit_s + GRACE_S:
        raise _too_long(f"{length(recording.announced_s)} long", limit_s, rate)
    samples, peak = io.BytesIO(), 0.0
    for block in recording.blocks:
        if samples.tell() // 4 + len(block) > (limit_s + GRACE_S) * rate:
            raise _too_long("longer than it says", limit_s, rate)
        peak = max(peak, _peak(block))
        samples.write(block.astype("<f4", copy=False).tobytes())
    _check_length(samples.tell() / 4 / rate, recording)
    if peak > 1.0:
        loud = np.frombuffer(samples.getbuffer(), "<f4")
        loud /= np.float32(peak)
        del loud  # an array over the buffer would keep it from being handed over without a copy
    return Audio(samples=samples.getvalue(), sampling_rate=rate)


def _peak(block: NDArray[np.float32]) -> float:
    peak = float(np.abs(block).max(initial=0.0))
    if not math.isfinite(peak):
        raise BadInput(
            "This sound holds samples that are not numbers (NaN or infinity).",
            hint="Save it as 16-bit PCM and send that.",
        )
    return peak


def _check_length(duration_s: float, recording: Recording) -> None:
    if duration_s == 0:
        raise BadInput("This sound is empty: it holds no samples.", hint="Record it again.")
    if duration_s < MIN_AUDIO_S:
        raise BadInput(
            f"This sound is only {duration_s * 1000:.1f} ms long; it takes at least {MIN_AUDIO_S * 1000:.0f} ms.",
            hint="Record a longer one.",
        )
    promised_s = recording.announced_s
    if recording.is_exact and promised_s is not None and duration_s < promised_s * 0.98 - GRACE_S:
        raise BadInput(
            f"This sound is cut off: {length(duration_s)} of {length(promised_s)} are there.",
            hint="Save or record it again and send that.",
        )


def _too_long(what: str, limit_s: float, rate: int) -> TooLarge:
    at_rate = f" at {rate / 1000:g} kHz" if rate > FULL_LENGTH_RATE else ""
    # Rounded down, so that what is over the limit never reads as equal to it.
    return TooLarge(
        f"This sound is {what}; the limit{at_rate} is {length(math.floor(limit_s * 10) / 10)}.",
        hint="Trim it and try again.",
    )
