"""Judging: what is kept of what people say, and what an undo takes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, StoreUnavailable, TooLarge
from core.feedback.store import FeedbackStore
from core.job import Run
from core.judging import Judging
from core.showcase import Showcase
from core.values import Label, Labels, Text
from tests.fake_engine import showcase_of
from tests.test_showcase import positive

RIGHT = Labels(labels=(Label(label="negative", score=1.0),))


@pytest.fixture
def showcase(tmp_path: Path) -> Iterator[Showcase]:
    made = showcase_of(tmp_path, positive)
    yield made
    made.close()


@pytest.fixture
def run(showcase: Showcase) -> Run:
    return showcase.run("text-classification", Text(text="Judge me."), {}, client="c", source="page")


def test_a_judgement_is_kept_with_the_input(showcase: Showcase, run: Run) -> None:
    judging = Judging(showcase)
    made = judging.judge(run, judge="me", rating=0.0, correction=RIGHT, tags=[" odd ", "odd"], comment=" no ")
    assert judging.current(run, "me") == made
    assert made.correction == RIGHT.to_json()
    assert made.tags == ("odd",)
    assert made.comment == "no"
    assert showcase.find_run(run.record.run_id).inputs == run.inputs


def test_a_second_judgement_replaces_the_first_and_both_rows_stay(showcase: Showcase, run: Run) -> None:
    judging = Judging(showcase)
    first = judging.judge(run, judge="me", rating=1.0)
    second = judging.judge(run, judge="me", rating=0.0)
    assert second.replaces == first.judgement_id
    assert [row.rating for row in showcase.store.history(run.record.run_id)] == [1.0, 0.0]
    assert showcase.store.count_judgements() == 1


def test_an_undo_takes_the_judgement_the_leave_and_the_input_back(showcase: Showcase, run: Run) -> None:
    judging = Judging(showcase)
    judging.undo(run, judging.judge(run, judge="me", rating=1.0, share=True))
    assert judging.current(run, "me") is None
    assert not judging.may_share(run)
    assert showcase.store.find_input(run.record.run_id) is None


def test_two_judges_do_not_replace_each_other(showcase: Showcase, run: Run) -> None:
    judging = Judging(showcase)
    judging.judge(run, judge="one", rating=1.0)
    judging.judge(run, judge="two", rating=0.0)
    assert showcase.store.count_judgements() == 2


def test_nothing_is_kept_of_the_input_if_so_set(tmp_path: Path) -> None:
    showcase = showcase_of(tmp_path, positive, keep_inputs="never")
    run = showcase.run("text-classification", Text(text="Mine."), {}, client="c", source="page")
    Judging(showcase).judge(run, judge="me", rating=1.0, share=True)
    assert showcase.store.find_input(run.record.run_id) is None
    assert not showcase.store.has_consent(run.record.run_id, "share")
    showcase.close()


@pytest.mark.parametrize(
    ("judgement", "error"),
    [
        ({"rating": 0.0, "correction": Text(text="x")}, BadInput),
        ({"rating": 0.0, "comment": "x" * 2001}, TooLarge),
        ({"rating": 0.0, "tags": [str(number) for number in range(100)]}, TooLarge),
        ({"rating": None}, BadInput),
        ({"rating": 7.0}, BadInput),
    ],
)
def test_what_cannot_be_kept_is_refused_whole(
    judgement: dict[str, Any], error: type[Exception], showcase: Showcase, run: Run
) -> None:
    with pytest.raises(error):
        Judging(showcase).judge(run, judge="me", **judgement)
    assert showcase.store.count_judgements() == 0
    assert showcase.store.find_input(run.record.run_id) is None


def test_a_judgement_is_acknowledged_only_if_it_is_kept(showcase: Showcase, run: Run) -> None:
    judging = Judging(showcase)
    judging._store = FeedbackStore("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable):
        judging.judge(run, judge="me", rating=1.0)
