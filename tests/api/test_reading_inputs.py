"""Where an input is decoded: what takes long, or waits for another process, holds nobody up."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.api.reading_inputs import QUICK_BYTES, read_input
from core.tasks import get_task
from core.values import Text, Value
from tests.own_loop import in_own_loop

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
WAV = b"RIFF\x64\0\0\0WAVEfmt " + b"\0" * 100
HEIC = b"\0\0\0\x18ftypheic" + b"\0" * 100
WEBM = b"\x1a\x45\xdf\xa3" + b"\0" * 100


class Showcase:
    """Say in which thread an input was read."""

    def read_input(self, task: Any, given: Any) -> Value:
        return Text(text=threading.current_thread().name)


class Runtime:
    """Hold the showcase."""

    showcase = Showcase()


class Fetches:
    """Fetch nothing."""

    async def files_in(self, task: Any, given: Any) -> Any:
        return given


@pytest.mark.parametrize(
    ("given", "is_quick"),
    [
        (PNG, True),
        (WAV, True),
        (PNG + b"\0" * QUICK_BYTES, False),
        (HEIC, False),
        (WEBM, False),
        ("base64 of a size that nobody knows", False),
    ],
    ids=["picture", "sound", "large picture", "photo for another process", "sound for another process", "base64"],
)
def test_small_files_of_usual_kinds_are_read_by_a_few_threads_and_nothing_else_is(given: Any, is_quick: bool) -> None:
    reading = read_input(Runtime(), get_task("image-classification"), given, Fetches())  # type: ignore[arg-type]
    value = in_own_loop(reading)
    assert isinstance(value, Text)
    assert value.text.startswith("read inputs") == is_quick
