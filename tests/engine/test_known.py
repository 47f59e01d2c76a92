"""Answers that are known: the same question runs once, another one runs, and nothing is kept without end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import Field

from core.engine import Engine
from core.engine.key import Loaded, ModelKey
from core.engine.known import MAX_INPUT_BYTES, Known, KnownAnswers
from core.tasks.spec import Example, Parameters, Task
from core.values import Image, Text

BY = ("a" * 40, "torch", "float32")
KEY = ModelKey("echo", "org/echo", None, "float32", "cpu")


class EchoParameters(Parameters):
    """Tune the echo."""

    times: int = Field(1, ge=1, le=9, description="How often.")


class Counting:
    """Load a pipe that counts what it is asked."""

    def __init__(self, revision: str = "a" * 40) -> None:
        self.asked: list[str] = []
        self.revision = revision

    def estimate_bytes(self, key: ModelKey) -> int:
        return 1

    def load(self, key: ModelKey, progress: Any) -> Loaded:
        return Loaded(self.asked.append, 1, self.revision, (), None, "float32", "cpu")

    def release(self, loaded: Loaded) -> None:
        """Nothing is held."""


def run(pipe: Any, inputs: Any, parameters: EchoParameters) -> list[Text]:
    for text in inputs:
        pipe(text.text)
    return [Text(text=text.text * parameters.times) for text in inputs]


def task_of(**changes: Any) -> Task:
    declared = {
        "id": "echo",
        "modality": "text",
        "title": "Echo",
        "summary": "Says it again.",
        "icon": "",
        "input": Text,
        "parameters": EchoParameters,
        "output": Text,
        "examples": (Example("A", "a"),),
        "load": lambda _: None,
        "run": run,
    }
    return Task(**{**declared, **changes})


def ask(engine: Engine, task: Task, text: str, **parameters: int) -> Any:
    return engine.submit(task, KEY, Text(text=text), task.checked_parameters(parameters)).result()


@pytest.mark.parametrize(
    ("known_bytes", "changes", "runs"),
    [(1_000_000, {}, 3), (0, {}, 5), (1_000_000, {"deterministic": False}, 5)],
)
def test_the_same_question_runs_once(known_bytes: int, changes: dict[str, Any], runs: int) -> None:
    loader = Counting()
    engine = Engine(loader=loader, budget_bytes=10_000_000, known_bytes=known_bytes)
    task = task_of(**changes)
    answers = [ask(engine, task, "a"), ask(engine, task, "b"), ask(engine, task, "a"), ask(engine, task, "a", times=2)]
    answers.append(ask(engine, task, "a"))
    engine.close()
    assert [answer.output.text for answer in answers] == ["a", "b", "a", "aa", "a"]
    assert len(loader.asked) == runs
    assert sum(answer.batch_size == 0 for answer in answers) == 5 - runs
    assert all(answer.revision == loader.revision for answer in answers)


def test_another_revision_is_asked_again() -> None:
    loader = Counting()
    engine = Engine(loader=loader, budget_bytes=10_000_000, known_bytes=1_000_000)
    task = task_of()
    ask(engine, task, "a")
    engine.unload(KEY)
    loader.revision = "b" * 40
    assert ask(engine, task, "a").batch_size == 1  # what is not loaded has no revision yet
    assert ask(engine, task, "a").batch_size == 0
    engine.close()
    assert loader.asked == ["a", "a"]


def test_what_failed_is_not_kept() -> None:
    def fail(_pipe: Any, inputs: Any, _parameters: Any) -> list[Text]:
        raise ValueError("no")

    engine = Engine(loader=Counting(), budget_bytes=10_000_000, known_bytes=1_000_000)
    task = task_of(run=fail)
    for _ in range(2):
        with pytest.raises(Exception, match=r"."):
            ask(engine, task, "a")
    engine.close()


def test_the_oldest_make_room_and_the_largest_are_not_kept() -> None:
    known = KnownAnswers(900)
    questions = [(KEY, str(number), "{}") for number in range(4)]
    for question in questions[:3]:
        known.keep(question, BY, Known(Text(text="x" * 100), None))
    assert known.find(questions[0], BY) is not None  # used, so it stays
    known.keep(questions[3], BY, Known(Text(text="x" * 100), None))
    assert [known.find(question, BY) is not None for question in questions] == [True, False, True, True]
    known.keep(questions[1], BY, Known(Text(text="x" * 2_000), None))
    assert known.find(questions[1], BY) is None


def test_large_inputs_are_not_looked_up() -> None:
    side = int((MAX_INPUT_BYTES / 3) ** 0.5) + 1
    picture = Image.from_array(np.zeros((side, side, 3), np.uint8))
    assert KnownAnswers(1_000).question(task_of(input=Image), KEY, picture, EchoParameters()) is None
