"""Several answers one below the other, pictures and sounds as answers, and pictures among other inputs."""

from __future__ import annotations

import base64
import json

import pytest
from streamlit.testing.v1 import AppTest

from core.protocol import written
from core.ui.outputs import VIEWS, clipboard_text, downloads_of
from core.values import Boxes, Labels, Mixed, Several, Table, Text, Transcript, Value, Words
from tests.ui.test_outputs import HOSTILE, PICTURE, SHOWN, SOUND, Reader, answers


def shown(output: Value, inputs: Value | None) -> AppTest:
    def page(output: object, inputs: object) -> None:
        from core.ui.outputs import show_output

        show_output(output, inputs=inputs, key="answer")

    at = AppTest.from_function(page, args=(output, inputs)).run()
    assert not at.exception
    return at


def test_parts_stand_one_below_the_other_with_their_titles() -> None:
    several = Several(parts=(Words(text="in words"), PICTURE, SOUND, SOUND), titles=("First", "", HOSTILE, ""))
    at = shown(several, None)
    read = [Reader(html.proto.body) for html in at.get("html")]
    assert [one.text for one in read[:2]] == ["First", "in words"]
    assert read[2].alts == ["The answer: a picture of 40 by 30 pixels"]
    assert SHOWN in [one.text for one in read[3:]]
    assert len(at.get("audio")) == 2


def test_each_part_is_taken_along() -> None:
    several = Several(parts=(Words(text="a word"), PICTURE, SOUND), titles=("Said", "", ""))
    assert clipboard_text(several) == "Said\na word\n\nA picture of 40 by 30 pixels\n\nA sound of 0.1 s at 16,000 Hz"
    form = json.loads(downloads_of(several)[-1].data)
    assert Several.from_json(form["output"]) == several
    sent = written(several)
    assert [part["type"] for part in sent] == ["Words", "Image", "Audio"]
    assert base64.b64decode(sent[1]["answer"]).startswith(b"\x89PNG")
    assert sent[0] == {"title": "Said", "type": "Words", "answer": {"text": "a word"}}


def test_words_and_tables_are_files_too() -> None:
    sheet = Table(columns=("name", "n"), rows=(("Grüße", "1"), ("=1+1", "-2.5")))
    text, csv, whole = downloads_of(Several(parts=(Words(text="a word"), sheet)))
    assert (text.name, text.data, text.word) == ("1-podium-words.txt", b"a word", "Text")
    assert (csv.name, csv.word) == ("2-podium-table.csv", "CSV")
    assert csv.data.decode("utf-8-sig") == "name,n\r\nGrüße,1\r\n'=1+1,-2.5\r\n"
    assert whole.name == "podium-several.json"


def test_a_picture_among_several_inputs_is_found_by_its_size() -> None:
    boxes = next(output for output, _ in answers("dog") if isinstance(output, Boxes))
    assert "was not kept" not in VIEWS[Boxes](boxes, Mixed(image=PICTURE))
    assert "was not kept" in VIEWS[Boxes](boxes.model_copy(update={"width": 41}), Mixed(image=PICTURE))


def test_a_sound_among_several_inputs_is_played() -> None:
    assert len(shown(Transcript(text="a"), Mixed(text="b", audio=SOUND)).get("audio")) == 1
    assert len(shown(Transcript(text="a"), Text(text="b")).get("audio")) == 0


@pytest.mark.parametrize("output", [Words(text=" "), Table(columns=("a",), rows=()), Labels(labels=())])
def test_an_empty_part_says_so(output: Value) -> None:
    (html,) = shown(Several(parts=(output,)), None).get("html")
    assert Reader(html.proto.body).text.endswith(".")
