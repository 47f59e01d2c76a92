"""How large an input may be, and the sentences that say so.

Owns the limits of one process, as the decoders take them, and how sizes and lengths are written in a
refusal. Knows no format and no decoder; the numbers come from `core.settings`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from core.errors import BadInput, TooLarge
from core.settings import Settings

FULL_LENGTH_RATE = 48_000
"""Hz up to which a sound may be as long as the limit; above it the limit shrinks, so that memory does not grow."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Hold what the readers refuse to go beyond."""

    max_text_chars: int
    max_upload_bytes: int
    max_image_pixels: int
    max_audio_s: float
    max_video_s: float
    max_video_pixels: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take the limits out of the settings."""
        return cls(
            max_text_chars=settings.max_text_chars,
            max_upload_bytes=settings.max_upload_bytes,
            max_image_pixels=settings.max_image_pixels,
            max_audio_s=settings.max_audio_s,
            max_video_s=settings.max_video_s,
            max_video_pixels=settings.max_video_pixels,
        )

    def max_audio_s_at(self, sampling_rate: int) -> float:
        """Return the longest sound at this rate, in seconds: ten minutes at 48 kHz are five at 96 kHz."""
        return self.max_audio_s * min(1.0, FULL_LENGTH_RATE / sampling_rate)

    def check_upload(self, data: bytes) -> None:
        """Refuse no bytes and too many.

        Raises: BadInput if there is nothing; TooLarge over `max_upload_bytes`.
        """
        if not data:
            raise BadInput("This file is empty.", hint="Choose another one, or record it again.")
        if len(data) > self.max_upload_bytes:
            raise TooLarge(
                f"This file is {millions(len(data))} MB; the limit is {millions(self.max_upload_bytes)} MB.",
                hint="Send a smaller one.",
            )


def millions(count: float) -> str:
    """Write a count in millions to one decimal, rounded up: what is over a limit never reads as equal to it."""
    return f"{math.ceil(count / 1e5) / 10:,.1f}".removesuffix(".0")


def length(seconds: float) -> str:
    """Write a duration as one says it, rounded up to the second: 0.4 s, 94 s, 12 min 5 s, 3 h 0 min."""
    if seconds < 10:
        return f"{math.ceil(seconds * 10) / 10:g} s"
    whole = math.ceil(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole % 3600 // 60} min"
