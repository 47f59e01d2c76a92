"""The recordings of spoken digits, and how a stranger's microphone would have heard them.

Owns reading the Free Spoken Digit Dataset, joining its recordings into longer clips and spoiling those clips: speed,
level, noise, room, silence, clipping. Owns no features and no model: those are in `training.conformer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import fftconvolve, resample_poly

SAMPLING_RATE = 16_000
RECORDED_AT = 8_000
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NUM_TEST_INDICES = 5  # index 0 to 4 of every speaker and digit is the test set, as the data set's authors say
FINE_RATE = 32_000  # recordings are kept at this rate, so that linear interpolation at any speed adds no audible image


@dataclass(frozen=True, eq=False)
class Recording:
    """Hold one person saying one digit.

    Shapes: `samples` (num_samples,) float32 in [-1, 1], mono, at `RECORDED_AT` Hz; `fine` the same at `FINE_RATE` Hz.
    """

    digit: int
    speaker: str
    index: int
    samples: np.ndarray
    fine: np.ndarray

    @property
    def is_test(self) -> bool:
        """Return whether training must never see it."""
        return self.index < NUM_TEST_INDICES

    @property
    def word(self) -> str:
        """Return what is said."""
        return WORDS[self.digit]

    def plain(self) -> np.ndarray:
        """Return it at `SAMPLING_RATE` Hz with nothing else done to it."""
        return resample_poly(self.samples, SAMPLING_RATE, RECORDED_AT).astype(np.float32)


def read_recordings(data_folder: Path) -> list[Recording]:
    """Read the 3,000 recordings, in a fixed order.

    Source: github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0; files are `{digit}_{speaker}_{index}.wav`.
    """
    recordings = []
    for path in sorted((data_folder / "fsdd" / "recordings").glob("*.wav")):
        digit, speaker, index = path.stem.split("_")
        samples, sampling_rate = soundfile.read(path, dtype="float32")
        if sampling_rate != RECORDED_AT:
            raise ValueError(f"{path.name} is at {sampling_rate} Hz; all recordings should be at {RECORDED_AT} Hz.")
        fine = resample_poly(samples, FINE_RATE, RECORDED_AT).astype(np.float32)
        recordings.append(Recording(int(digit), speaker, int(index), samples, fine))
    return recordings


def join(pieces: Sequence[np.ndarray], gaps_s: Sequence[float]) -> np.ndarray:
    """Join sounds with digital silence before the first, between them and after the last.

    Args:
        pieces: (num_samples,) each, at `SAMPLING_RATE` Hz.
        gaps_s: the silences, one more than there are pieces.
    """
    silences = [np.zeros(round(gap_s * SAMPLING_RATE), np.float32) for gap_s in gaps_s]
    parts = [silences[0]]
    for piece, silence in zip(pieces, silences[1:], strict=True):
        parts += [piece, silence]
    return np.concatenate(parts)


def draw_gaps(rng: np.random.Generator, num_pieces: int, *, longest_ends_s: float = 2.0) -> np.ndarray:
    """Draw the silences, in seconds, around and between `num_pieces` words, as people leave them.

    The ends are mostly short, sometimes up to `longest_ends_s`: pressing the button, waiting, speaking.
    """
    gaps_s = np.where(
        rng.random(num_pieces + 1) < 0.35,
        rng.uniform(0.0, 0.1, num_pieces + 1),
        rng.uniform(0.05, 0.55, num_pieces + 1),
    )
    for end in (0, -1):
        gaps_s[end] = rng.choice([0.02, min(rng.exponential(0.35), longest_ends_s), rng.uniform(0, longest_ends_s)])
    return gaps_s


class Microphone:
    """Spoil clean clips as rooms, people and cheap microphones do, from one random generator.

    Noises and rooms are made once; each clip takes random pieces of them.
    """

    def __init__(self, rng: np.random.Generator, *, num_rooms: int = 48, noise_s: float = 20.0) -> None:
        self._rng = rng
        num_samples = int(noise_s * SAMPLING_RATE)
        self._noises = [_coloured_noise(rng, num_samples, slope) for slope in (0.0, 0.5, 1.0, 1.0, 1.5)]
        self._noises += [_hum(rng, num_samples, hertz) for hertz in (50.0, 60.0)]
        self._rooms = [_room(rng) for _ in range(num_rooms)]

    def speak(self, recording: Recording, speed: float) -> np.ndarray:
        """Say a recording at another speed, which moves pitch and formants too, at `SAMPLING_RATE` Hz.

        A fifth of the time it goes through crude interpolation from 8 kHz, images and all, as bad resamplers do.
        """
        source, rate = (recording.samples, RECORDED_AT) if self._rng.random() < 0.2 else (recording.fine, FINE_RATE)
        step = speed * rate / SAMPLING_RATE
        positions = np.arange(0, len(source) - 1, step)
        return np.interp(positions, np.arange(len(source)), source).astype(np.float32)

    def say_string(self, recordings: Sequence[Recording], *, longest_ends_s: float = 2.0) -> np.ndarray:
        """Say recordings one after the other: one speed with small changes, natural gaps, even or uneven loudness."""
        rng = self._rng
        speed = rng.uniform(0.85, 1.18)
        pieces = [self.speak(recording, speed * rng.uniform(0.95, 1.05)) for recording in recordings]
        if rng.random() < 0.7:
            pieces = [piece * (0.1 * _decibels(rng.uniform(-5, 5)) / _loudness(piece)) for piece in pieces]
        return join(pieces, draw_gaps(rng, len(pieces), longest_ends_s=longest_ends_s))

    def hear(self, clip: np.ndarray, *, snr_db: tuple[float, float] = (5.0, 45.0)) -> np.ndarray:
        """Return a clip as a microphone in a room hands it over: same length, float32 in [-1, 1].

        Args:
            clip: (num_samples,) at `SAMPLING_RATE` Hz.
            snr_db: the range of speech over noise; one clip in five stays without noise, as behind a noise gate.
        """
        rng = self._rng
        if rng.random() < 0.4:
            room = self._rooms[rng.integers(len(self._rooms))]
            clip = fftconvolve(clip, room)[: len(clip)].astype(np.float32)
        if rng.random() < 0.25:  # automatic gain: slow changes of level
            knots = _decibels(rng.uniform(-8, 4, 5))
            clip = clip * np.interp(np.linspace(0, 4, len(clip)), np.arange(5), knots)
        if rng.random() < 0.8:
            noise = self._noise(len(clip))
            clip = clip + noise * (_loudness(clip) * _decibels(-rng.uniform(*snr_db)) / _loudness(noise))
        peak = float(np.abs(clip).max()) + 1e-9
        level = _decibels(rng.uniform(-40, 0)) if rng.random() < 0.85 else rng.uniform(1.0, 3.0)  # else it clips
        return (np.round(np.clip(clip * (level / peak), -1, 1) * 32767) / 32768).astype(np.float32)

    def hear_nothing(self, num_samples: int) -> np.ndarray:
        """Return a clip in which nobody speaks: noise of some level, clicks, or digital silence."""
        rng = self._rng
        if rng.random() < 0.1:
            return np.zeros(num_samples, np.float32)
        clip = self._noise(num_samples)
        if rng.random() < 0.4:
            knots = _decibels(rng.uniform(-15, 5, 8))
            clip = clip * np.interp(np.linspace(0, 7, num_samples), np.arange(8), knots)
        if rng.random() < 0.4:  # keys, knocks, the mouse
            for start in rng.integers(0, num_samples, rng.integers(1, 5)):
                length = min(int(rng.integers(30, 1_500)), num_samples - start)
                decay = np.exp(-np.arange(length) / (length / 5))
                clip[start : start + length] += rng.standard_normal(length) * decay * rng.uniform(1, 10)
        clip = clip / (np.abs(clip).max() + 1e-9) * _decibels(rng.uniform(-60, -3))
        return (np.round(clip * 32767) / 32768).astype(np.float32)

    def _noise(self, num_samples: int) -> np.ndarray:
        """Mix two of the noises, cut at random places; (num_samples,) of any level."""
        mixed = np.zeros(num_samples, np.float32)
        for which in self._rng.integers(len(self._noises), size=2):
            noise = self._noises[which]
            start = self._rng.integers(len(noise))
            cut = np.take(noise, np.arange(start, start + num_samples), mode="wrap")
            mixed += cut * np.float32(self._rng.uniform(0.05, 1.0))
        return mixed


def _decibels(decibels: float | np.ndarray) -> float | np.ndarray:
    """Return the factor of amplitude that so many decibels are."""
    return 10.0 ** (np.asarray(decibels) / 20.0)


def _loudness(clip: np.ndarray) -> float:
    """Return the root mean square of what is not near silence, so that pauses do not count."""
    loud = np.abs(clip) > 0.02 * (np.abs(clip).max() + 1e-9)
    return float(np.sqrt(np.mean(np.square(clip[loud])))) + 1e-9 if loud.any() else 1e-9


def _coloured_noise(rng: np.random.Generator, num_samples: int, slope: float) -> np.ndarray:
    """Return noise whose amplitude falls as frequency to the power `slope`: 0 white, 0.5 pink, 1 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    hertz = np.fft.rfftfreq(num_samples, 1 / SAMPLING_RATE)
    noise = np.fft.irfft(spectrum / np.maximum(hertz, 40.0) ** slope, num_samples)
    return (noise / noise.std()).astype(np.float32)


def _hum(rng: np.random.Generator, num_samples: int, hertz: float) -> np.ndarray:
    """Return mains hum with its harmonics over a little white noise."""
    seconds = np.arange(num_samples) / SAMPLING_RATE
    noise = 0.2 * rng.standard_normal(num_samples)
    for harmonic in range(1, 9):
        noise += rng.uniform(0, 1) / harmonic * np.sin(2 * np.pi * (hertz * harmonic * seconds + rng.random()))
    return (noise / noise.std()).astype(np.float32)


def _room(rng: np.random.Generator) -> np.ndarray:
    """Return the impulse response of a made-up room: the direct sound, then noise that dies away in 0.1 to 0.7 s."""
    reverberation_s = rng.uniform(0.1, 0.7)
    num_samples = int(0.7 * reverberation_s * SAMPLING_RATE)
    seconds = np.arange(num_samples) / SAMPLING_RATE
    response = rng.standard_normal(num_samples) * 10.0 ** (-3.0 * seconds / reverberation_s)  # -60 dB at its time
    response[: int(rng.uniform(0.001, 0.01) * SAMPLING_RATE)] = 0.0
    response *= _decibels(-rng.uniform(0, 15)) / np.sqrt(np.square(response).sum())
    response[0] = 1.0
    return response.astype(np.float32)
