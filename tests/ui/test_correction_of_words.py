"""How answers in words are corrected: by choosing another one, or by typing what would be right."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.ui.correction import show_correction
from core.values import (
    Answer,
    Answers,
    Decision,
    Decisions,
    Filling,
    Fillings,
    Label,
    TableAnswer,
    Value,
)


def corrected(output: Value, *chosen: str | None) -> Any:
    """Return what comes of choosing or typing these in the correction's widgets, in their order."""

    def page(output: object) -> None:
        import streamlit as st

        from core.ui.correction import show_correction

        st.session_state["corrected"] = show_correction(output, labels=(), key="right")

    at = AppTest.from_function(page, args=(output,)).run()
    assert at.session_state["corrected"] is None
    for widget, word in zip([*at.selectbox, *at.text_input], chosen, strict=True):
        if word is not None:
            widget.set_value(word)
    at.run()
    assert not at.exception, at.exception
    return at.session_state["corrected"]


def filling(word: str) -> Filling:
    return Filling(token_str=word, token=7, score=0.5, sequence=f"{word} barks")


ANSWERS = Answers(
    answers=(Answer(answer="Rome", score=0.7, start=3, end=7), Answer(answer="Oslo", score=0.2, start=9, end=13))
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Oslo", Answer(answer="Oslo", score=1.0, start=9, end=13)),
        ("The passage has no answer", Answer(answer="", score=1.0, start=0, end=0)),
    ],
)
def test_an_answer_from_a_passage(word: str, expected: Answer) -> None:
    assert corrected(ANSWERS, word) == Answers(answers=(expected,))


def test_each_gap_by_itself() -> None:
    given = Fillings(gaps=((filling(" dog"), filling(" cat")), (filling("##s"),)))
    right = corrected(given, "cat", None)
    assert [one.token_str for one in right.gaps[0]] == [" cat"]
    assert right.gaps[0][0].score == 1.0
    assert right.gaps[1] == given.gaps[1]


def test_a_word_that_the_model_did_not_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed into the selectbox, which the test runner's own cannot do."""
    monkeypatch.setattr("core.ui.correction.st.selectbox", lambda *_, **__: " Paris ")
    assert show_correction(ANSWERS, labels=(), key="right") == Answers(
        answers=(Answer(answer="Paris", score=1.0, start=0, end=0),)
    )
    right = show_correction(Fillings(gaps=((filling("dog"),),)), labels=(), key="right")
    assert right == Fillings(gaps=((Filling(token_str="Paris", token=-1, score=1.0, sequence=""),),))


def test_an_answer_from_a_table() -> None:
    given = TableAnswer(answer="SUM > 1, 2", coordinates=((0, 0), (1, 0)), cells=("1", "2"), aggregator="SUM")
    assert corrected(given, "4") == TableAnswer(answer="4", coordinates=(), cells=())
    assert corrected(given, "3") is None  # as it was


def test_each_decision_by_itself() -> None:
    options = (Label(label="yes", score=0.9), Label(label="no", score=0.1))
    given = Decisions(decisions=tuple(Decision(name=name, answer="yes", options=options) for name in ("a", "b")))
    right = corrected(given, None, "no")
    assert right.decisions[0] == given.decisions[0]
    assert right.decisions[1] == Decision(name="b", answer="no", options=(Label(label="no", score=1.0),))
