"""Every annotation: what it takes, what it gives, which parameter it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.demo import demo, wish_of
from core.demos import Demo
from core.demos.declaration import DemoPipe
from core.errors import BadParameters
from core.values import (
    Audio,
    Chat,
    Image,
    Label,
    Labels,
    Message,
    Several,
    Summary,
    Table,
    Text,
    Value,
    Video,
    Words,
    fields_of,
)

PICTURE = Image.from_array(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
SOUND = Audio.from_array(np.array([0.0, 0.5, -0.5], np.float32), 8000)
SHEET = Table(columns=("name", "year"), rows=(("a", "1999"), ("b", "2001")))

Only = Callable[[str], Demo]


def answer(made: Demo, inputs: Value, **parameters: Any) -> Any:
    """Call a demo as the engine does."""
    pipe = DemoPipe(made.task.load(None), None)  # type: ignore[arg-type]  # it asks nothing
    (given,) = made.task.run(pipe, [inputs], made.task.checked_parameters(parameters))
    assert isinstance(given, made.task.output)
    return given


@pytest.mark.parametrize(
    ("annotation", "inputs", "seen", "modality"),
    [
        ("Text", Text(text="hi"), "Text hi", "text"),
        ("str", Text(text="hi"), "str hi", "text"),
        ("Image", PICTURE, "Image 4", "image"),
        ("PIL.Image.Image", PICTURE, "Image (4, 2)", "image"),
        ("np.ndarray", PICTURE, "ndarray (2, 4, 3)", "image"),
        ("NDArray[np.uint8]", PICTURE, "ndarray (2, 4, 3)", "image"),
        ("Audio", SOUND, "Audio 8000", "audio"),
        ("tuple[int, np.ndarray]", SOUND, "tuple (8000, 3)", "audio"),
        ("Video", Video.from_array(np.zeros((2, 2, 2, 3), np.uint8), 1.0), "Video 2", "video"),
        ("Table", SHEET, "Table 2", "text"),
        ("pd.DataFrame", SHEET, "DataFrame 4000", "text"),
        ("Chat", Chat(messages=(Message(role="user", content="hi"),)), "Chat 1", "text"),
    ],
)
def test_an_input_is_handed_over_as_its_annotation_says(
    annotation: str, inputs: Value, seen: str, modality: str, only: Only
) -> None:
    made = only(
        f"""
SEEN = {{
    Text: lambda x: x.text, str: str, Image: lambda x: x.width, PIL.Image.Image: lambda x: x.size,
    np.ndarray: lambda x: x.shape, Audio: lambda x: x.sampling_rate, tuple: lambda x: (x[0], len(x[1])),
    Video: lambda x: x.frame_count, Table: lambda x: len(x.rows), pd.DataFrame: lambda x: x["year"].sum(),
    Chat: lambda x: len(x.messages),
}}

@demo
def look(thing: {annotation}) -> str:
    return f"{{type(thing).__name__}} {{SEEN[type(thing)](thing)}}"
"""
    )
    assert made.task.modality == modality
    assert made.task.input is type(inputs)
    assert answer(made, inputs) == Words(text=seen)


@pytest.mark.parametrize(
    ("annotation", "expression", "output"),
    [
        ("str", "'a'", Words(text="a")),
        ("Text", "Text(text='a')", Words(text="a")),
        ("int", "1999", Words(text="1999")),
        ("float", "0.1 + 0.2", Words(text="0.3")),
        ("bool", "True", Words(text="yes")),
        ("dict[str, float]", "{'b': 0.2, 'a': 0.8}", Labels(labels=(Label(label="a", score=0.8), Label(label="b", score=0.2)))),
        ("dict", "{}", Labels(labels=())),
        ("Labels", "Labels(labels=())", Labels(labels=())),
        ("Table", "Table(columns=('a',), rows=())", Table(columns=("a",), rows=())),
        ("pd.DataFrame", "pd.DataFrame({'a': [1, 2], 'b': ['x', None]})", Table(columns=("a", "b"), rows=(("1", "x"), ("2", "")))),
        ("PIL.Image.Image", "PIL.Image.new('L', (2, 1), 7)", Image(width=2, height=1, pixels=b"\7" * 6)),
        ("np.ndarray", "np.full((1, 2, 3), 7, np.uint8)", Image(width=2, height=1, pixels=b"\7" * 6)),
        ("NDArray[np.uint8]", "np.full((1, 2), 7, np.uint8)", Image(width=2, height=1, pixels=b"\7" * 6)),
        ("tuple[int, np.ndarray]", "(8000, np.array([0.0, 2.0]))", Audio.from_array(np.array([0, 1], np.float32), 8000)),
        ("tuple[int, str]", "(3, 'a')", Several(parts=(Words(text="3"), Words(text="a")))),
        ("tuple[Annotated[str, 'One'], Labels]", "('a', Labels(labels=()))", Several(parts=(Words(text="a"), Labels(labels=())), titles=("One", ""))),
        ("tuple[Annotated[str, Field(title='One')]]", "('a',)", Several(parts=(Words(text="a"),), titles=("One",))),
        ("Summary", "Summary(text='a')", Summary(text="a")),
    ],
)  # fmt: skip
def test_an_answer_is_taken_as_its_annotation_says(annotation: str, expression: str, output: Value, only: Only) -> None:
    made = only(f"@demo\ndef say(text: str) -> {annotation}:\n    return {expression}\n")
    assert made.task.output is type(output)
    assert answer(made, Text(text="")) == output


@pytest.mark.parametrize(
    ("annotation", "expression", "words"),
    [
        ("str", "5", "a str was declared, and a int came"),
        ("Labels", "{}", "a Labels was declared"),
        ("dict", "{'a': 5}", "less than or equal to 1"),
        ("np.ndarray", "np.zeros((2, 2, 3))", "float64"),
        ("np.ndarray", "np.zeros((2, 2, 4), np.uint8)", "height x width x 3"),
        ("tuple[int, np.ndarray]", "(8000, np.zeros(3, np.int16))", "finite floats"),
        ("tuple[int, np.ndarray]", "(8000, np.array([np.nan]))", "finite floats"),
        ("tuple[str, str]", "('a',)", "2 answers were declared"),
        ("pd.DataFrame", "[]", "a table was declared"),
    ],
)
def test_an_answer_that_is_not_what_was_declared_is_an_error(
    annotation: str, expression: str, words: str, only: Only
) -> None:
    made = only(f"@demo\ndef say(text: str) -> {annotation}:\n    return {expression}\n")
    with pytest.raises((TypeError, ValueError), match=words):
        answer(made, Text(text=""))


def test_what_has_a_default_is_a_parameter(only: Only) -> None:
    made = only(
        '''
@demo
def tune(text: str, times: Annotated[int, Field(ge=1, le=9)] = 2, share: float = 0.5, loud: bool = True,
         mood: Literal["calm", "angry"] = "calm", ending: str = "!", words: tuple[str, ...] = ("a", "b"),
         short: Annotated[str, Field(max_length=3, description="Few.")] = "abc") -> str:
    """Say what was tuned.

    Args:
        times: How often,
            and no more.
        short: Not this one.

    Returns: nothing of note: at all.
    """
    return repr((times, share, loud, mood, ending, words, short))
'''
    )
    fields = made.task.parameters.model_fields
    assert list(fields) == ["times", "share", "loud", "mood", "ending", "words", "short"]
    assert fields["times"].description == "How often, and no more."
    assert fields["short"].description == "Few."
    assert fields["mood"].description is None
    assert made.task.summary == "Say what was tuned."
    told = answer(made, Text(text=""), times=3, mood="angry", words=["c"])
    assert told.text == "(3, 0.5, True, 'angry', '!', ('c',), 'abc')"
    for wrong in ({"times": 10}, {"mood": "glad"}, {"share": float("nan")}, {"ending": "x" * 2001}, {"short": "long"}):
        with pytest.raises(BadParameters):
            made.task.checked_parameters(wrong)


def test_several_inputs_are_an_object_of_their_names(only: Only) -> None:
    made = only(
        '''
@demo(examples=[("a", ["b", "c"])])
def join(first: Annotated[Text, Field(title="The first", json_schema_extra={"rows": 2})], others: list[str],
         last: Text | None = None, sign: str = "+") -> str:
    """Join texts.

    Args:
        others: One a line.
    """
    return sign.join([first.text, *others, last.text if last else "-"])
'''
    )
    first, others, last = fields_of(made.task.input)
    assert (first.title, first.rows, others.many, others.placeholder) == ("The first", 2, True, "One a line.")
    assert last.optional
    inputs = made.task.input(first=Text(text="a"), others=(Text(text="b"), Text(text="c")))
    assert answer(made, inputs).text == "a+b+c+-"
    assert dict(made.task.examples[0].inputs) == {"first": "a", "others": ("b", "c")}


def test_a_batch_takes_and_returns_lists(only: Only) -> None:
    made = only(
        """
@demo(batch=True)
def measure(texts: list[str], extra: int = 0) -> list[int]:
    return [len(text) + extra + 10 * len(texts) for text in texts]
"""
    )
    assert made.task.batches
    pipe = DemoPipe(made.task.load(None), None)  # type: ignore[arg-type]
    given = made.task.run(pipe, [Text(text="a"), Text(text="abc")], made.task.checked_parameters({"extra": 1}))
    assert given == [Words(text="22"), Words(text="24")]


@pytest.mark.parametrize("kind", ["Iterator", "Iterable", "Generator"])
def test_what_yields_streams(kind: str, only: Only) -> None:
    more = ", None, None" if kind == "Generator" else ""
    made = only(
        f"@demo\ndef grow(text: str) -> {kind}[str{more}]:\n"
        "    for at in range(len(text)):\n        yield text[: at + 1]\n"
    )
    assert answer(made, Text(text="abc")).text == "abc"
    seen: list[str] = []
    pipe = DemoPipe(made.task.load(None), None)  # type: ignore[arg-type]
    last = made.task.stream(
        pipe, Text(text="abc"), made.task.parameters(), lambda bit: seen.append(bit.text), lambda: len(seen) == 2
    )
    assert seen == ["a", "ab"]
    assert last.text == "ab"


def test_the_function_stays_what_it_was() -> None:
    @demo(title="Twice")
    def twice(text: str) -> str:
        return text * 2

    assert twice("a") == "aa"
    assert wish_of(twice).title == "Twice"
    assert wish_of(len) is None
    with pytest.raises(TypeError, match="before a function"):
        demo(title="no")(int)


def test_a_page_and_an_icon_may_be_chosen(only: Only) -> None:
    made = only('@demo(modality="audio", icon=":material/mic:", summary="S.")\ndef my_tone(name: str) -> str: ...\n')
    assert (made.task.id, made.task.title) == ("demo-my-tone", "My tone")
    assert (made.task.modality, made.task.icon, made.task.summary) == ("audio", ":material/mic:", "S.")
    assert (made.card.task_id, made.card.model_id, made.card.is_function) == ("demo-my-tone", "demos/mine.py", True)
