"""Inputs of several parts: read from what a page or a request gives, kept, and read back."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from core.errors import BadInput, ShowcaseError
from core.media import Limits, encode_png
from core.reading import JSON_TYPE, decoded, encoded, kind_words, read_value
from core.settings import Settings
from core.values import Chat, Image, Text, Value, atoms_in, fields_of

LIMITS = Limits.of(Settings())
PICTURE = Image.from_array(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))


class Inquiry(Value):
    """Take a question about pictures."""

    question: Text = Field(title="Question", description="What is it?")
    context: Text | None = Field(None, json_schema_extra={"rows": 6})
    pictures: tuple[Image, ...] = Field(min_length=1, max_length=2)


def test_fields_come_from_the_type() -> None:
    question, context, pictures = fields_of(Inquiry)
    assert (question.name, question.atom, question.title, question.placeholder) == (
        "question",
        Text,
        "Question",
        "What is it?",
    )
    assert (context.title, context.optional, context.rows) == ("Context", True, 6)
    assert (pictures.atom, pictures.many, pictures.least, pictures.most) == (Image, True, 1, 2)
    assert [field.name for field in fields_of(Text)] == [""]


def test_a_field_that_is_no_atom_is_refused() -> None:
    class Number(Value):
        number: int

    with pytest.raises(TypeError, match="one of the atoms"):
        fields_of(Number)


@pytest.mark.parametrize("picture", [encode_png(PICTURE), base64.b64encode(encode_png(PICTURE)).decode()])
def test_several_parts_are_read_together(picture: Any) -> None:
    inputs = read_value(Inquiry, {"question": "what?", "pictures": [picture]}, LIMITS)
    assert inputs == Inquiry(question=Text(text="what?"), pictures=(PICTURE,))
    assert list(atoms_in(inputs)) == [Text(text="what?"), PICTURE]


@pytest.mark.parametrize(
    "inputs",
    [
        Text(text="Grüße"),
        PICTURE,
        Chat.model_validate({"messages": [{"role": "user", "content": "Hello"}]}),
        Inquiry(question=Text(text="what?"), context=Text(text="here"), pictures=(PICTURE, PICTURE)),
        Inquiry(question=Text(text="what?"), pictures=(PICTURE,)),
    ],
    ids=lambda inputs: type(inputs).__name__,
)
def test_what_is_kept_reads_back_equal(inputs: Value) -> None:
    media_type, data = encoded(inputs)
    assert decoded(type(inputs), media_type, data, LIMITS) == inputs
    assert (media_type == JSON_TYPE) == isinstance(inputs, Inquiry | Chat)


PNG = base64.b64encode(encode_png(PICTURE)).decode()


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (Text, 3, "has to be a string"),
        (Image, 3, "has to be a file"),
        (Image, "/etc/hostname", "not base64"),
        (Image, "https://example.org/a.png", "not base64"),
        (Inquiry, "what?", '"question", "context", "pictures"'),
        (Inquiry, {"query": "a"}, "no field 'query'"),
        (Inquiry, {"question": "a"}, "Pictures has to be a list"),
        (Inquiry, {"pictures": [PNG]}, "Question is missing"),
        (Inquiry, {"question": "", "pictures": [PNG]}, "Question is missing"),
        (Inquiry, {"question": " ", "pictures": [PNG]}, "Question: There is no text"),
        (Inquiry, {"question": "a", "pictures": []}, "0 given, and it takes 1 to 2"),
        (Inquiry, {"question": "a", "pictures": [PNG] * 3}, "3 given"),
        (Inquiry, {"question": "a", "pictures": PNG}, "Pictures has to be a list"),
        (Inquiry, {"question": "a", "pictures": ["x"]}, "Pictures: The file is not base64"),
        (Inquiry, {"question": "a" * 20_001, "pictures": [PNG]}, "Question: The text is 20,001 characters"),
        (Chat, [], "no message"),
        (Chat, [{"role": "robot", "content": "a"}], "list of messages"),
        (Chat, {"role": "user"}, "list of messages"),
        (Chat, [{"role": "user", "content": " "}], "no text"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence_that_names_the_field(kind: type[Value], given: Any, says: str) -> None:
    with pytest.raises(ShowcaseError) as refusal:
        read_value(kind, given, LIMITS)
    assert says in str(refusal.value)
    assert refusal.value.hint


def test_a_rule_of_the_input_itself_becomes_a_sentence() -> None:
    from pydantic import model_validator

    class Pair(Value):
        first: Text
        second: Text

        @model_validator(mode="after")
        def _differ(self) -> Pair:
            if self.first == self.second:
                raise ValueError("the two texts have to differ")
            return self

    with pytest.raises(BadInput, match="the two texts have to differ"):
        read_value(Pair, {"first": "a", "second": "a"}, LIMITS)


def test_kinds_are_named_in_words() -> None:
    assert kind_words(Text) == "a text"
    assert kind_words(Inquiry) == "question, context and pictures"
    assert json.loads(encoded(Inquiry(question=Text(text="a"), pictures=(PICTURE,)))[1])["question"] == "a"
