"""The colours of marks in texts and pictures: which label gets which.

Owns one palette. The style sheet mixes it into tints for either theme, so that the same label has the
same hue everywhere; colour is never the only thing that tells two labels apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zlib import crc32

PALETTE: Final = (
    "#0b9a74",
    "#e08a00",
    "#2f7fd6",
    "#d6467e",
    "#8a63d2",
    "#a89400",
    "#00a0b4",
    "#cc5a2b",
    "#6f7f95",
    "#6aa512",
)
"""Ten hues of about the same weight, neighbours far apart; starts from the hues of Okabe and Ito's set."""


def colours_of(labels: Iterable[str]) -> dict[str, str]:
    """Give each label a colour, the same one in every answer unless two labels of this one would share it."""
    taken: dict[str, int] = {}
    for label in sorted(set(labels)):
        at = crc32(label.encode("utf-8", "replace")) % len(PALETTE)
        while at in taken.values() and len(taken) < len(PALETTE):
            at = (at + 1) % len(PALETTE)
        taken[label] = at
    return {label: PALETTE[at] for label, at in taken.items()}
