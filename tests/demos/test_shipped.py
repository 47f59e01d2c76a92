"""What the demos that ship answer, with the real starters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.runtime import Runtime
from core.values import Several


def ask(runtime: Runtime, task_id: str, **parameters: Any) -> Several:
    """Run a demo on its first example."""
    showcase = runtime.showcase
    task = showcase.task(task_id)
    given = task.examples[0].inputs
    inputs = showcase.read_input(task, given.read_bytes() if isinstance(given, Path) else given)
    output = showcase.run(task_id, inputs, parameters, client="c", source="page").output
    assert isinstance(output, Several)
    return output


def test_each_sentence_is_judged_by_itself(session_runtime: Runtime) -> None:
    moods, table = ask(session_runtime, "demo-sentence-by-sentence").parts
    assert [mark.entity_group for mark in moods.entities] == [*["positive"] * 2, *["negative"] * 2, "positive"]
    assert all(moods.text[mark.start : mark.end] == mark.word for mark in moods.entities)
    assert "lovely" in table.rows[1][3]
    _, bare = ask(session_runtime, "demo-sentence-by-sentence", describing_words=False).parts
    assert {row[3] for row in bare.rows} == {""}


def test_shapes_are_counted_once_and_in_order(session_runtime: Runtime) -> None:
    words, boxes = ask(session_runtime, "demo-count-the-shapes").parts
    assert words.text == "I see two crosses, one heart and one star. Left to right: heart, star, cross and cross."
    assert [one.label for one in boxes.detections] == ["heart", "star", "cross", "cross"]
    words, _ = ask(session_runtime, "demo-count-the-shapes", order="largest first").parts
    assert words.text.endswith("Largest first: star, cross, cross and heart.")
    words, none = ask(session_runtime, "demo-count-the-shapes", threshold=1.0).parts
    assert (words.text, none.detections) == ("There is nothing here that I am sure of.", ())


def test_two_models_agree_on_what_was_said(session_runtime: Runtime) -> None:
    words, table = ask(session_runtime, "demo-digits-heard-twice").parts
    assert words.text == "314: both models agree on 3 of 3 digits. They add up to 8."
    assert [row[1] for row in table.rows] == ["three", "one", "four"]
