"""What stands below an answer of the model that gave it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.remote import ELSEWHERE
from core.ui.result import model_words

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("revision", "dtype", "words"),
    [
        (COMMIT, "float32", "studio/mood @ 0123456"),
        (COMMIT, ELSEWHERE, "studio/mood @ 0123456 at far.example"),
        ("https://far.example/v1", ELSEWHERE, "studio/mood at far.example"),
    ],
)
def test_the_model_is_named_with_where_it_runs(revision: str, dtype: str, words: str) -> None:
    record: Any = SimpleNamespace(model_id="studio/mood", revision=revision, dtype=dtype, device="far.example")
    assert model_words(record) == words
