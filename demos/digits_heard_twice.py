"""A number read aloud, heard by two models: one listens to all of it, the other to each digit by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from core.demo import BadInput, Example, demo, model
from core.values import Audio, Chunk, Table

SPOKEN = "models/starters/digit-strings/examples"

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def pieces_of(sound: Audio, chunks: tuple[Chunk, ...], margin_s: float) -> Iterator[Audio]:
    """Cut a sound halfway between its words, and at most `margin_s` before and after each."""
    samples, rate = sound.array(), sound.sampling_rate
    for at, chunk in enumerate(chunks):
        end_s = chunk.start_s if chunk.end_s is None else chunk.end_s
        before_s = (chunks[at - 1].end_s or chunks[at - 1].start_s) if at else 0.0
        after_s = chunks[at + 1].start_s if at + 1 < len(chunks) else sound.duration_s
        start = max(chunk.start_s - margin_s, (before_s + chunk.start_s) / 2, 0.0)
        stop = min(end_s + margin_s, (end_s + after_s) / 2)
        yield Audio.from_array(samples[int(start * rate) : max(int(stop * rate), int(start * rate) + rate // 10)], rate)


@demo(
    title="Digits heard twice",
    icon=":material/hearing:",
    examples=[
        Example("Three, one, four", f"{SPOKEN}/three-one-four.wav"),
        Example("Two, seven, zero", f"{SPOKEN}/two-seven-zero.wav"),
        Example("Nine, six", f"{SPOKEN}/nine-six.wav"),
    ],
)
def digits_heard_twice(
    sound: Audio, margin_s: Annotated[float, Field(ge=0.0, le=1.0)] = 0.25
) -> Iterator[tuple[Annotated[str, "The number"], Annotated[Table, "Digit by digit"]]]:
    """Write down a number that you read aloud, then check every digit of it with a second model.

    Args:
        margin_s: How much sound, in seconds, the second model hears before and after each digit.
    """
    heard = model("automatic-speech-recognition", "starters/digit-strings")(sound)
    chunks = tuple(chunk for chunk in heard.chunks if chunk.text in DIGITS)
    if not chunks:
        raise BadInput("I heard no digit in this sound.", hint="Say a few digits, one after the other, in English.")
    classify = model("audio-classification", "starters/spoken-digits")
    number = "".join(str(DIGITS.index(chunk.text)) for chunk in chunks)
    rows: list[tuple[str, ...]] = []
    for chunk, piece in zip(chunks, pieces_of(sound, chunks, margin_s), strict=True):
        best = classify(piece, top_k=1).labels[0]
        verdict = "agree" if best.label == chunk.text else "differ"
        rows.append((f"{chunk.start_s:.1f} s", chunk.text, best.label, f"{best.score:.0%}", verdict))
        agree = sum(row[-1] == "agree" for row in rows)
        total = sum(int(digit) for digit in number)
        yield (
            f"{number}: both models agree on {agree} of {len(number)} digits. They add up to {total}.",
            Table(columns=("At", "In the whole", "By itself", "Sure", "Both"), rows=tuple(rows)),
        )
