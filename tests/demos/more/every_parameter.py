"""A demo of the tests' own: no examples, several inputs, a parameter of every kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.demo import demo
from core.values import Text


@demo
def every_parameter(
    first: Text,
    second: str,
    third: Text | None = None,
    times: Annotated[int, Field(ge=1, le=9)] = 2,
    seed: int = 7,
    year: Annotated[int, Field(ge=0, le=1_000_000)] = 1999,
    least: Annotated[float, Field(ge=0.0)] = 0.5,
    share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.25,
    loud: bool = True,
    mood: Literal["calm", "angry"] = "calm",
    ending: str = "!",
    words: tuple[str, ...] = ("a", "b"),
) -> tuple[str, dict[str, float]]:
    """Repeat what it was given."""
    told = (first.text, second, third and third.text, times, seed, year, least, share, loud, mood, ending, words)
    return repr(told), {mood: share}
