"""Answers that are known already: the same input to the same model with the same parameters is not run twice.

Owns what "the same" means and how many bytes of answers are kept. Only what a task declares as deterministic is
kept, and only by the full revision of what answered, so that a model that changes is asked again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from core.engine.key import ModelKey
from core.tasks.spec import Parameters, Task, Tokens
from core.values import Value, about_bytes

MAX_INPUT_BYTES: Final = 8_000_000
"""Inputs larger than this are not looked up: their digest alone takes milliseconds."""

Question = tuple[ModelKey, str, str]
"""Who is asked what: the model, the digest of the input, the parameters."""

AnsweredBy = tuple[str, str, str]
"""What answered: the model's full revision, the library that computed it, and in which dtype."""


@dataclass(frozen=True)
class Known:
    """Hold an answer, and what was read and written for it where that is counted."""

    output: Any
    tokens: Tokens | None


class KnownAnswers:
    """Keep answers, the latest used longest.

    Args:
        limit_bytes: how much is kept; 0 for nothing.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._answers: OrderedDict[tuple[Question, AnsweredBy], tuple[Known, int]] = OrderedDict()
        self._held_bytes = 0
        self._lock = threading.Lock()

    def question(
        self, task: Task, key: ModelKey, inputs: Value | None, parameters: Parameters | None
    ) -> Question | None:
        """Return what a request asks, None where its answer is not to be kept."""
        if not self._limit_bytes or inputs is None or parameters is None or not task.deterministic:
            return None
        if about_bytes(inputs) > MAX_INPUT_BYTES:
            return None
        return key, inputs.digest(), parameters.model_dump_json()

    def find(self, question: Question, answered_by: AnsweredBy) -> Known | None:
        """Return the answer of that model, None if it is not known."""
        with self._lock:
            found = self._answers.get((question, answered_by))
            if found is None:
                return None
            self._answers.move_to_end((question, answered_by))
            return found[0]

    def keep(self, question: Question, answered_by: AnsweredBy, known: Known) -> None:
        """Keep an answer; those used longest ago make room."""
        size_bytes = about_bytes(known.output)
        if size_bytes > self._limit_bytes:
            return
        with self._lock:
            _, old_bytes = self._answers.pop((question, answered_by), (None, 0))
            self._answers[question, answered_by] = (known, size_bytes)
            self._held_bytes += size_bytes - old_bytes
            while self._held_bytes > self._limit_bytes:
                _, (_, freed_bytes) = self._answers.popitem(last=False)
                self._held_bytes -= freed_bytes
