"""Values: frozen, comparable, with one JSON form each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydantic import ValidationError

from core.values import (
    VALUE_TYPES,
    Answer,
    Answers,
    Audio,
    Box,
    Boxes,
    Caption,
    Chat,
    Chunk,
    Decision,
    Decisions,
    Depth,
    Detection,
    Embeddings,
    Entities,
    Entity,
    Filling,
    Fillings,
    FilmLabels,
    Image,
    Label,
    Labels,
    Mask,
    Masks,
    Match,
    Matches,
    Message,
    Mixed,
    PageAnswer,
    PageAnswers,
    Point,
    Replies,
    Several,
    Similarities,
    Summary,
    Table,
    TableAnswer,
    Text,
    Transcript,
    Translation,
    Value,
    Video,
    Words,
)

PICTURE = Image.from_array(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
SOUND = Audio.from_array(np.linspace(-1, 1, 5, dtype=np.float32), 16_000)
POSITIVE = Label(label="positive", score=0.9)
BOX = Box(xmin=0, ymin=0, xmax=2, ymax=1)

ONE_OF_EACH = [
    Text(text="Grüße 👋 שלום"),
    PICTURE,
    SOUND,
    Video.from_array(np.arange(48, dtype=np.uint8).reshape(2, 2, 4, 3), 1.5),
    Table(columns=("a", "b"), rows=(("1", "2"),)),
    Chat(messages=(Message(role="user", content="Hello"),)),
    Labels(labels=(POSITIVE,)),
    Entities(text="in Rome", entities=(Entity(entity_group="LOC", score=0.5, word="Rome", start=3, end=7),)),
    Answers(answers=(Answer(answer="Rome", score=0.5, start=3, end=7),)),
    TableAnswer(answer="1", coordinates=((0, 0),), cells=("1",), aggregator="SUM"),
    Fillings(gaps=((Filling(token_str="Rome", token=7, score=0.5, sequence="in Rome"),),)),
    Similarities(scores=(0.5, -0.25)),
    Embeddings.from_array(np.array([[1, 2], [3, 4]], np.float32)),
    Summary(text="short"),
    Translation(text="kurz"),
    Decisions(decisions=(Decision(name="go", answer="yes", options=(POSITIVE,)),)),
    Boxes(width=4, height=2, detections=(Detection(label="star", score=1.0, box=BOX),)),
    Masks(width=4, height=2, masks=(Mask(label="sky", area=0.25, mask=b"\x89PNG\x00\xff"),)),
    Depth.from_array(np.array([[0.5, 2.0]], np.float32)),
    Matches(matches=(Match(first=Point(x=0, y=1), second=Point(x=2, y=1), score=0.5),)),
    PageAnswers(width=4, height=2, answers=(PageAnswer(answer="Rome", score=0.5, boxes=(BOX,)),)),
    Caption(text="A dahlia."),
    Replies(labels=(Label(label="orange", score=0.5),)),
    FilmLabels(labels=(Label(label="dancing", score=0.5),), frames=(0, 2)),
    Mixed(text="a", image=PICTURE, audio=SOUND),
    Transcript(text="one two", chunks=(Chunk(text="one", start_s=0.1, end_s=None),)),
    Words(text="by themselves"),
    Several(parts=(Words(text="a"), PICTURE, Labels(labels=(POSITIVE,))), titles=("", "b", "c")),
]


def test_there_is_one_of_each() -> None:
    assert {type(value).__name__ for value in ONE_OF_EACH} == set(VALUE_TYPES)


@pytest.mark.parametrize("value", ONE_OF_EACH, ids=lambda value: type(value).__name__)
def test_the_json_form_reads_back_equal(value: Value) -> None:
    again = VALUE_TYPES[type(value).__name__].from_json(value.to_json())
    assert again == value
    assert again.digest() == value.digest()
    assert hash(again) == hash(value)


def test_a_value_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        ONE_OF_EACH[0].text = "other"  # type: ignore[attr-defined]


def test_digests_tell_values_and_types_apart() -> None:
    digests = {value.digest() for value in ONE_OF_EACH} | {Text(text="a").digest(), Text(text="b").digest()}
    assert len(digests) == len(ONE_OF_EACH) + 2


def test_a_picture_differing_in_one_pixel_has_another_digest() -> None:
    array = np.zeros((700, 700, 3), np.uint8)
    other = array.copy()
    other[350, 350, 1] = 1
    assert Image.from_array(array).digest() != Image.from_array(other).digest()


def test_a_pair_of_pictures_differing_in_one_pixel_has_another_digest() -> None:
    other = Image.from_array(PICTURE.array() + np.uint8(1))
    pairs = [Mixed(image=PICTURE), Mixed(image=other), Several(parts=(PICTURE, other)), Several(parts=(other, PICTURE))]
    assert len({pair.digest() for pair in pairs}) == 4


def test_several_answers_are_read_back_as_what_they_were() -> None:
    several = Several(parts=(Summary(text="a"), SOUND))
    assert [type(part) for part in Several.from_json(several.to_json()).parts] == [Summary, Audio]
    for form in ({"type": "Several", "value": several.to_json()}, {"type": "object", "value": {}}, {"type": "Text"}):
        with pytest.raises(ValidationError):
            Several.from_json({"parts": [form]})
    with pytest.raises(ValidationError, match="title for each"):
        Several(parts=(SOUND,), titles=("a", "b"))


def test_arrays_come_back_as_they_went_in_and_read_only() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    back = Image.from_array(array).array()
    assert np.array_equal(back, array)
    assert not back.flags.writeable
    samples = np.linspace(-1, 1, 160, dtype=np.float32)
    sound = Audio.from_array(samples, 16_000)
    assert np.array_equal(sound.array(), samples)
    assert sound.duration_s == pytest.approx(0.01)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_is_between_nought_and_one(score: float) -> None:
    with pytest.raises(ValidationError):
        Label(label="x", score=score)


def test_a_table_has_a_cell_for_every_column() -> None:
    with pytest.raises(ValidationError, match="each column"):
        Table(columns=("a", "b"), rows=(("1",),))


def test_pixels_have_to_fit_the_size() -> None:
    with pytest.raises(ValidationError, match="RGB"):
        Image(width=2, height=2, pixels=b"\0" * 11)


def test_a_changed_copy_has_a_digest_of_its_own() -> None:
    text = Text(text="before")
    first = text.digest()
    changed = text.model_copy(update={"text": "after"})
    assert changed.digest() == Text(text="after").digest() != first
    assert text.digest() == first
    assert text == Text(text="before")


def test_digests_of_two_values_are_found_out_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)
    find_out = Text._digested

    def find_out_with_the_other(value: Text) -> str:
        both.wait()  # breaks if one has to wait for the other's end
        return find_out(value)

    monkeypatch.setattr(Text, "_digested", find_out_with_the_other)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda text: Text(text=text).digest(), ["one", "other"]))
    assert len(set(found)) == 2
