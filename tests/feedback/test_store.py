"""What the store promises, on both databases."""

from __future__ import annotations

import pytest

from core.errors import UnknownName
from core.feedback.filters import JudgementFilter
from core.feedback.records import JudgedRun, new_id
from core.feedback.store import FeedbackStore
from tests.feedback.conftest import opened
from tests.feedback.samples import at, make_consent, make_input, make_judgement, make_run

STRANGE = {"text": "NUL \0, half a pair \ud83d, a whole one \U0001f600, ünï", "nested": [1, None, {"a": True}]}


def test_a_run_comes_back_as_it_was(store: FeedbackStore) -> None:
    run = make_run(output=STRANGE, parameters={"θ": 0.1 + 0.2}, stopped=True, source="api", run_ms=1 / 3)
    store.add_run(run)
    assert store.find_run(run.run_id) == run


def test_a_number_that_json_has_not_becomes_null(store: FeedbackStore) -> None:
    run = make_run(output={"chunks": [{"start_s": float("nan"), "end_s": float("inf"), "text": "a"}]})
    store.add_run(run)
    found = store.find_run(run.run_id)
    assert found is not None
    assert found.output == {"chunks": [{"start_s": None, "end_s": None, "text": "a"}]}


@pytest.mark.parametrize("run_id", ["0" * 32, "", "\0", "../../etc/passwd", "' OR 1=1 --", "A" * 32, "ü" * 100_000])
def test_what_is_not_there_is_none(store: FeedbackStore, run_id: str) -> None:
    assert store.find_run(run_id) is None
    assert store.find_input(run_id) is None
    assert store.current_judgement(run_id, "j") is None
    assert store.consents(run_id) == []
    assert store.history(run_id) == []
    assert store.problem is None


def test_a_judgement_comes_back_as_it_was(store: FeedbackStore) -> None:
    run = make_run()
    judgement = make_judgement(
        run,
        rating=0.75,
        scale="stars",
        correction=STRANGE,
        correction_type="Labels",
        tags=("zeta", "alpha", "with, comma"),
        comment="=not a formula here\n'; DROP TABLE runs; --",
    )
    store.add(run, judgement)
    assert store.current_judgement(run.run_id, judgement.judge) == judgement


def test_sending_again_changes_nothing(store: FeedbackStore) -> None:
    run = make_run()
    judgement, consent = make_judgement(run, tags=("a", "b")), make_consent(run)
    for _ in range(2):
        store.add_run(run)
        store.add_judgement(judgement)
        store.add_consent(consent)
        assert store.keep_input(make_input(run))
    store.add_run(make_run(run_id=run.run_id, model_id="another"))
    assert store.find_run(run.run_id) == run
    assert store.history(run.run_id) == [judgement]
    assert store.consents(run.run_id) == [consent]
    assert (store.count_runs(), store.count_judgements()) == (1, 1)


def test_an_edit_is_a_new_row_and_the_last_one_counts(store: FeedbackStore) -> None:
    run = make_run()
    first = make_judgement(run)
    edited = make_judgement(run, rating=0.0, replaces=first.judgement_id, created_at=at(-60))  # a clock that jumped
    store.add(run, first, edited)
    assert store.current_judgement(run.run_id, first.judge) == edited
    assert [judged.judgement for judged in store.list_judgements()] == [edited]
    assert store.history(run.run_id) == [first, edited]


def test_an_undo_returns_to_nothing_and_can_be_followed_by_another(store: FeedbackStore) -> None:
    run = make_run()
    first = make_judgement(run)
    edited = make_judgement(run, rating=0.0, replaces=first.judgement_id)
    store.add(run, first, edited)
    store.add_judgement(edited.undo(judgement_id=new_id(), created_at=at(2)))
    assert store.current_judgement(run.run_id, first.judge) is None
    assert store.list_judgements() == []
    anew = make_judgement(run, rating=0.5, scale="stars")
    store.add_judgement(anew)
    assert store.current_judgement(run.run_id, first.judge) == anew


def test_two_clicks_in_two_tabs_leave_one_judgement_and_one_undo_takes_it_back(store: FeedbackStore) -> None:
    run = make_run()
    clicks = [make_judgement(run, rating=rating) for rating in (1.0, 0.0)]
    store.add(run, *clicks)
    assert store.current_judgement(run.run_id, clicks[0].judge) == clicks[1]
    store.add_judgement(clicks[1].undo(judgement_id=new_id(), created_at=at(2)))
    assert store.count_judgements() == 0


def test_each_judge_has_a_say_of_their_own(store: FeedbackStore) -> None:
    run = make_run()
    said = [make_judgement(run, judge=judge, rating=float(judge == "a")) for judge in "abc"]
    store.add(run, *said)
    assert [store.current_judgement(run.run_id, judge) for judge in "abc"] == said


@pytest.mark.parametrize("foreign", ["judge", "run", "nothing"])
def test_nobody_replaces_what_is_not_their_own(store: FeedbackStore, foreign: str) -> None:
    run, other = make_run(), make_run()
    target = make_judgement(run)
    store.add(run, other, target)
    attempt = {
        "judge": make_judgement(run, judge="somebody else", replaces=target.judgement_id),
        "run": make_judgement(other, replaces=target.judgement_id),
        "nothing": make_judgement(run, replaces=new_id()),
    }[foreign]
    with pytest.raises(UnknownName, match="not yours"):
        store.add_judgement(attempt)
    assert store.current_judgement(run.run_id, target.judge) == target
    assert store.problem is None


def test_what_was_never_kept_cannot_be_judged_and_nothing_is_half_written(store: FeedbackStore) -> None:
    kept, lost = make_run(), make_run()
    for record in (make_judgement(lost), make_consent(lost), make_input(lost)):
        with pytest.raises(UnknownName, match="not kept"):
            store.add(kept, make_judgement(kept), record)
    assert (store.count_runs(), store.count_judgements()) == (0, 0)


def test_everything_is_there_after_a_restart(url: str) -> None:
    run = make_run()
    with opened(url) as store:
        store.add(run, make_judgement(run), make_consent(run), make_input(run))
    with opened(url) as store:
        (judged,) = store.list_judgements()
        assert judged == JudgedRun(run=run, judgement=judged.judgement, may_keep=True, may_share=False, has_input=True)
        assert store.find_input(run.run_id) == make_input(run)


def filled(store: FeedbackStore) -> dict[str, str]:
    """Keep four judgements and return their names by their ids."""
    film, shot = make_run(), make_run(task_id="image-classification", model_id="starters/shots")
    said = {
        "praise": make_judgement(film, judge="a", comment="100% GRÜN _ok_", tags=("x", "y"), created_at=at(1)),
        "stars": make_judgement(film, judge="b", rating=0.5, scale="stars", tags=("X",), created_at=at(2)),
        "fixed": make_judgement(
            shot, judge="a", rating=0.0, correction={"labels": []}, correction_type="Labels", created_at=at(3)
        ),
        "words": make_judgement(shot, judge="b", rating=None, scale=None, comment="100 x", created_at=at(4)),
    }
    store.add(film, shot, *said.values())
    store.add(make_consent(shot, scope="share"), make_consent(film, scope="share"))
    store.add(make_consent(film, scope="share", granted=False))
    return {judgement.judgement_id: name for name, judgement in said.items()}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["words", "fixed", "stars", "praise"]),
        ({"task_id": "image-classification"}, ["words", "fixed"]),
        ({"model_id": "starters/sentiment"}, ["stars", "praise"]),
        ({"revision": "a" * 40, "judge": "a"}, ["fixed", "praise"]),
        ({"since": at(2), "until": at(4)}, ["fixed", "stars"]),
        ({"rating_min": 0.5}, ["stars", "praise"]),
        ({"rating_max": 0.5}, ["fixed", "stars"]),
        ({"has_correction": True}, ["fixed"]),
        ({"has_correction": False}, ["words", "stars", "praise"]),
        ({"tag": "x"}, ["praise"]),
        ({"text": "grün"}, ["praise"]),
        ({"text": "0%"}, ["praise"]),
        ({"text": "_OK_\0"}, ["praise"]),
        ({"text": "100"}, ["words", "praise"]),
        ({"shareable_only": True}, ["words", "fixed"]),
        ({"task_id": "'; --"}, []),
    ],
)
def test_a_filter_lists_counts_and_iterates_the_same(
    store: FeedbackStore, wanted: dict[str, object], found: list[str]
) -> None:
    names = filled(store)
    meant = JudgementFilter(**wanted)
    assert [names[judged.judgement.judgement_id] for judged in store.list_judgements(meant)] == found
    assert [names[judged.judgement.judgement_id] for judged in store.iterate_judgements(meant)] == found[::-1]
    assert store.count_judgements(meant) == len(found)


def test_pages_follow_each_other(store: FeedbackStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feedback.store._PAGE", 2)
    names = filled(store)
    pages = [store.list_judgements(limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [[names[judged.judgement.judgement_id] for judged in page] for page in pages] == [
        ["words", "fixed", "stars"],
        ["praise"],
        [],
    ]
    assert len(list(store.iterate_judgements())) == 4
