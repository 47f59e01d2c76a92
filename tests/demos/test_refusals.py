"""What an author is told: annotations that make no sense, and examples that are not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.demos import Demo
from tests.demos.conftest import Find

Only = Callable[[str], Demo]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("def f(text) -> str: ...", "'text' has no annotation"),
        ("def f(text: str): ...", "its answer has no annotation"),
        ("def f() -> str: ...", "takes nothing from a visitor"),
        ("def f(times: int = 2) -> str: ...", "takes nothing from a visitor"),
        ("def f(text: str, times: int) -> str: ...", "'times' is neither an input nor has it a default"),
        ("def f(text: str, thing: object = None) -> str: ...", "'thing' has a default"),
        ("def f(text: str, *rest: str) -> str: ...", "'rest' has no name of its own"),
        ("def f(text: str, model: int = 1) -> str: ...", "'model' is a name that the page needs"),
        ("def f(copy: str, digest: int = 1) -> str: ...", "'copy' is a name that the page needs"),
        ("def f(text: Text = Text(text='a')) -> str: ...", "'text' is an input; give it no default"),
        ("def f(text: Text | None) -> str: ...", "as it may be left out"),
        ("def f(text: str, n: Annotated[int, Field(ge=3)] = 2) -> str: ...", "the default of 'n' is not allowed"),
        ("def f(text: str) -> object: ...", "cannot be shown"),
        ("def f(text: str) -> Video: ...", "no view"),
        ("def f(text: str) -> tuple[str, ...]: ...", "cannot be shown"),
        ("def f(text: str) -> tuple[str, tuple[str, str]]: ...", "a tuple itself"),
        ("async def f(text: str) -> str: ...", "async"),
        ("def f(text: Nowhere) -> str: ...", "Nowhere"),
    ],
)
def test_annotations_that_make_no_sense_are_told(function: str, words: str, find: Find) -> None:
    demos = find(f"@demo\n{function}\n\n@demo\ndef sound(text: str) -> str: ...\n")
    assert [made.task.id for made in demos.found] == ["demo-sound"]
    (broken,) = demos.broken
    assert (broken.file, broken.function) == ("mine.py", "f")
    assert words in broken.reason


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("def f(text: str) -> list[str]: ...", "annotate it list"),
        ("def f(text: list[str]) -> str: ...", r"returns list\[...\]"),
        ("def f(text: list[str]) -> list[str]:\n    yield []", "does not yield"),
    ],
)
def test_a_batch_that_takes_no_lists_is_told(function: str, words: str, find: Find) -> None:
    (broken,) = find(f"@demo(batch=True)\n{function}\n").broken
    assert words.replace("\\", "") in broken.reason


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('["nowhere.png"]', "nowhere.png is neither"),
        ("[5]", "give its path"),
        ('[{"picture": "mine.py", "nope": 1}]', "names 'nope'"),
        ('[{"n": 1}]', "nothing for 'picture'"),
    ],
)
def test_examples_that_are_not_there_are_told(given: str, words: str, find: Find) -> None:
    (broken,) = find(f"@demo(examples={given})\ndef f(picture: Image, n: int = 2) -> str: ...\n").broken
    assert words in broken.reason


def test_examples_have_titles_files_and_parameters(only: Only) -> None:
    made = only(
        """
SHAPES = "models/starters/shapes-detection/examples/shapes-apart.png"

@demo(examples=["mine.py", {"picture": SHAPES, "n": 3}, Example("Mine", SHAPES, {"n": 4})])
def f(picture: Image, n: int = 2) -> str: ...
"""
    )
    assert [example.title for example in made.task.examples] == ["Mine", "Shapes apart", "Mine"]
    assert [dict(example.parameters) for example in made.task.examples] == [{}, {"n": 3}, {"n": 4}]
    assert all(example.inputs.is_file() for example in made.task.examples)
    long = only('@demo(examples=["A rather long text that would not fit on a button."])\ndef f(a: str) -> str: ...\n')
    assert long.task.examples[0].title == "A rather long text that would …"
