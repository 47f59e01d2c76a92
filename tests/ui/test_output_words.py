"""Words and numbers of the views: escaped, rounded, cut and copied."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.ui.outputs import clipboard_text, downloads_of
from core.ui.outputs.markup import MAX_TABLE_ROWS, element, escaped, percent, styles, table
from core.ui.outputs.text import goes_on
from core.ui.outputs.transcript import clock
from core.values import Box, Boxes, Detection, Labels, Transcript


@pytest.mark.parametrize(
    ("prompt", "answer", "expected"),
    [
        ("Once upon", " a time", True),
        ("Once upo", "n a time", True),
        ("KING:\n", "What news?", True),
        ("What is the capital of Peru?", "Lima.", False),
        ("", "Hello", True),
        ("Well,", "", True),
        ("Stop.", "\nGo.", True),
    ],
)
def test_a_text_goes_on_where_the_prompt_stops_or_answers_it(prompt: str, answer: str, expected: bool) -> None:
    assert goes_on(prompt, answer) is expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "00:00.0"), (0.04, "00:00.0"), (59.96, "01:00.0"), (62.5, "01:02.5"), (3600, "60:00.0"), (-1, "00:00.0")],
)
def test_times_are_minutes_seconds_and_tenths(seconds: float, expected: str) -> None:
    assert clock(seconds) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "0.0 %"), (1, "100.0 %"), (0.9999, "> 99.9 %"), (0.0001, "< 0.1 %"), (0.5, "50.0 %"), (0.9994, "99.9 %")],
)
def test_nearly_all_is_not_all(share: float, expected: str) -> None:
    assert percent(share).replace("\N{NO-BREAK SPACE}", " ") == expected


@given(some.text())
def test_markup_shows_exactly_the_text(text: str) -> None:
    shown = element("p", text, title=text)
    assert "\n" not in shown  # st.html would dedent it
    assert shown.count("<") == 2
    assert html.unescape(escaped(text)) == html.unescape(html.escape(text.replace("\r", "")))


def test_a_style_sheet_cannot_be_ended_from_within() -> None:
    with pytest.raises(ValueError, match="<"):
        styles("</style><img src=x>")


def test_a_long_table_is_cut_and_says_so() -> None:
    shown = table(("Word",), [(str(at),) for at in range(MAX_TABLE_ROWS + 5)], caption="Words")
    assert shown.count("<td>") == MAX_TABLE_ROWS
    assert "And 5 more" in shown


def test_texts_can_be_taken_along_as_texts() -> None:
    text, form = downloads_of(Transcript(text="Grüße"))
    assert (text.name, text.media_type, text.word) == ("podium-transcript.txt", "text/plain", "Text")
    assert text.data == "Grüße".encode()
    assert (form.name, form.word) == ("podium-transcript.json", "JSON")
    assert [download.word for download in downloads_of(Labels(labels=()))] == ["JSON"]


def test_the_clipboard_holds_a_table_that_a_sheet_takes() -> None:
    found = Detection(label="a\tdog\n", score=0.5, box=Box(xmin=1, ymin=2, xmax=3, ymax=4))
    (line,) = clipboard_text(Boxes(width=9, height=9, detections=(found,))).splitlines()
    assert line.split("\t") == ["a dog", "50.0 %", "1", "2", "3", "4"]
