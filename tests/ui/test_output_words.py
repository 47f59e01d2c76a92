"""Words and numbers of the views: escaped, rounded, cut and copied."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.tasks.table_question_answering import TableQuestionAnsweringInput
from core.ui.outputs import clipboard_text, downloads_of
from core.ui.outputs.answers import pieces_of, shortened
from core.ui.outputs.fillings import fillings_view
from core.ui.outputs.markup import MAX_TABLE_ROWS, element, escaped, percent, styles, table
from core.ui.outputs.table_answer import table_answer_view, worked_out
from core.ui.outputs.text import goes_on
from core.ui.outputs.transcript import clock
from core.values import Answer, Box, Boxes, Detection, Filling, Fillings, Labels, Table, TableAnswer, Text, Transcript


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


def test_of_a_long_passage_what_stands_near_the_answers_is_shown() -> None:
    passage = f"{'before ' * 200}Rome{' after' * 200}"
    answers = (Answer(answer="Rome", score=0.9, start=1400, end=1404), Answer(answer="", score=0.1, start=0, end=0))
    assert [number for _, number in pieces_of(passage, answers)] == [0, 1, 0]
    assert "".join(text for text, _ in pieces_of(passage, answers)) == passage
    shown = shortened("before " * 200)
    assert len(shown) < 500
    assert set(shown.replace("[\N{HORIZONTAL ELLIPSIS}]", "").split()) == {"before"}
    assert len(shortened("語" * 2000)) < 500


def test_of_answers_that_overlap_the_likelier_one_is_marked() -> None:
    answers = (Answer(answer="b c", score=0.6, start=2, end=5), Answer(answer="a b", score=0.3, start=0, end=3))
    assert list(pieces_of("a b c", answers)) == [("a ", 0), ("b c", 1)]


@pytest.mark.parametrize(
    ("aggregator", "cells", "expected"),
    [
        ("SUM", ("90", "1,118", "12.5 kg"), "1220.5"),
        ("AVERAGE", ("1", "2"), "1.5"),
        ("COUNT", ("Oslo", "Rome"), "2"),
        ("NONE", ("Oslo", "Rome"), "Oslo, Rome"),
        ("", ("Oslo",), "Oslo"),
        ("SUM", ("Oslo", "2"), "Oslo, 2"),
        ("SUM", ("2001-02-03",), "2001-02-03"),
        ("SUM", (), "SUM > "),
    ],
)
def test_cells_are_added_up_where_the_model_says_so_and_they_are_numbers(
    aggregator: str, cells: tuple[str, ...], expected: str
) -> None:
    coordinates = tuple((at, 0) for at in range(len(cells)))
    answer = TableAnswer(answer=f"{aggregator} > ", coordinates=coordinates, cells=cells, aggregator=aggregator)
    assert worked_out(answer) == expected


def test_a_cell_that_is_used_is_marked_and_named() -> None:
    asked = TableQuestionAnsweringInput(
        query=Text(text="?"), table=Table(columns=("city", "people"), rows=(("Oslo", "7"), ("Rome", "7")))
    )
    shown = table_answer_view(TableAnswer(answer="7", coordinates=((1, 1),), cells=("7",)), asked)
    assert shown.count("<mark>7</mark>") == 1
    assert "<small>Row 2, people</small>" in shown


def test_every_gap_of_a_sentence_is_filled_with_its_best_word() -> None:
    def gap(*words: str) -> tuple[Filling, ...]:
        return tuple(Filling(token_str=word, token=1, score=0.5, sequence=f"{word}!") for word in words)

    shown = fillings_view(Fillings(gaps=(gap(" dog", "cat"), gap("##s"))), Text(text="A ___ and two dog[MASK]."))
    assert "A <mark>dog</mark> and two dog<mark>s</mark>." in shown
    assert ">-s<" in shown
    assert ">dog!<" in fillings_view(Fillings(gaps=(gap("dog"),)), None)
