"""How each model does: the formulas against published values, the query against a count by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.feedback.records import new_id
from core.feedback.stats import Share, latency, model_statistics, total_right, wilson_interval
from core.feedback.store import FeedbackStore
from tests.feedback.samples import at, make_judgement, make_run


@settings(deadline=None)  # the first call imports half of scipy
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(share: tuple[int, int]) -> None:
    successes, n = share
    expected = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    low, high = wilson_interval(successes, n)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= successes / n <= high <= 1


def test_nothing_is_known_of_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert Share(successes=0, n=0).value is None


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3), (0, -1)])
def test_what_is_no_share_is_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson_interval(successes, n)


def test_latency_is_median_and_95th_percentile() -> None:
    found = latency([float(ms) for ms in range(101)])
    assert (found.n, found.median_ms, found.p95_ms) == (101, 50.0, 95.0)
    assert latency([7.0]).p95_ms == 7.0


def test_a_store_without_runs_has_no_statistics(store: FeedbackStore) -> None:
    assert model_statistics(store.database) == []
    assert total_right([]) == Share(successes=0, n=0)


def test_counting_by_task_and_model(store: FeedbackStore) -> None:
    small = [make_run(model_id="small", run_ms=float(ms), queue_ms=1.0, created_at=at(ms)) for ms in (10, 20, 90)]
    large = make_run(model_id="large")
    other = make_run(model_id="small", task_id="another-task", created_at=at(-5))
    wrong = make_judgement(small[0], rating=0.0)
    store.add(*small, large, other, wrong)
    store.add(
        make_judgement(small[0], rating=1.0, replaces=wrong.judgement_id, created_at=at(2)),
        make_judgement(small[0], judge="b", rating=0.5, scale="stars", created_at=at(3)),
        make_judgement(small[1], rating=None, correction={}, correction_type="Labels", created_at=at(4)),
    )
    undone = make_judgement(small[2])
    store.add(undone, undone.undo(judgement_id=new_id(), created_at=at(9)))
    found = {(model.task_id, model.model_id): model for model in model_statistics(store.database)}
    assert list(found) == [
        ("another-task", "small"),
        ("text-classification", "large"),
        ("text-classification", "small"),
    ]
    model = found["text-classification", "small"]
    assert (model.runs, model.judged, model.corrected) == (3, 2, 1)
    assert model.right == Share(successes=1, n=2)
    assert (model.run.n, model.run.median_ms, model.run.p95_ms) == (3, 20.0, 83.0)
    assert model.queue.median_ms == 1.0
    assert (model.last_run_at, model.last_judged_at) == (at(90), at(4))
    unjudged = found["text-classification", "large"]
    assert (unjudged.judged, unjudged.right.n, unjudged.last_judged_at) == (0, 0, None)
    assert total_right(list(found.values())) == Share(successes=1, n=2)


def test_a_period_is_when_it_was_run(store: FeedbackStore) -> None:
    early, late = make_run(created_at=at(0)), make_run(created_at=at(10))
    store.add(early, late, make_judgement(early), make_judgement(late, rating=0.0))
    (first,) = model_statistics(store.database, until=at(10))
    (last,) = model_statistics(store.database, since=at(10))
    assert (first.runs, first.right.successes) == (last.runs, 1) == (1, 1)
    assert last.right.successes == 0


def test_times_are_those_of_the_last_runs(store: FeedbackStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feedback.stats.LATENCY_WINDOW", 2)
    store.add(*(make_run(model_id=model, run_ms=ms) for model in "ab" for ms in (900.0, 10.0, 20.0)))
    for model in model_statistics(store.database):
        assert (model.runs, model.run.n, model.run.median_ms) == (3, 2, 15.0)
