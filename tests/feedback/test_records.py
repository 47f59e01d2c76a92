"""What may stand in a record."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.errors import BadInput, TooLarge
from core.feedback.records import MAX_COMMENT_CHARS, MAX_TAG_CHARS, MAX_TAGS, is_id, new_id, stars_rating, thumbs_rating
from tests.feedback.samples import make_consent, make_input, make_judgement, make_run

RUN = make_run()


def test_ids_have_the_form_of_ids_and_differ() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(is_id(identifier) for identifier in ids)


@pytest.mark.parametrize("text", ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n", "\0" * 32, "é" * 32])
def test_nothing_else_is_an_id(text: str) -> None:
    assert not is_id(text)
    for make in (
        lambda: make_run(run_id=text),
        lambda: make_judgement(RUN, judgement_id=text),
        lambda: make_judgement(RUN, run_id=text),
        lambda: make_consent(RUN, consent_id=text),
        lambda: make_input(RUN).__class__(run_id=text, media_type="a/b", data=b""),
    ):
        with pytest.raises(BadInput, match="not an id"):
            make()


def test_ratings_lie_between_nought_and_one() -> None:
    assert [stars_rating(stars) for stars in range(1, 6)] == [0, 0.25, 0.5, 0.75, 1]
    assert [thumbs_rating(right=right) for right in (False, True)] == [0, 1]
    for stars in (0, 6):
        with pytest.raises(BadInput, match="1 to 5"):
            stars_rating(stars)


@pytest.mark.parametrize("rating", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_rating_out_of_range_is_refused(rating: float) -> None:
    with pytest.raises(BadInput, match="0 to 1"):
        make_judgement(RUN, rating=rating)


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({"comment": "x" * (MAX_COMMENT_CHARS + 1)}, str(MAX_COMMENT_CHARS)),
        ({"tags": tuple(map(str, range(MAX_TAGS + 1)))}, str(MAX_TAGS)),
        ({"tags": ("x" * (MAX_TAG_CHARS + 1),)}, str(MAX_TAG_CHARS)),
        ({"tags": ("",)}, str(MAX_TAG_CHARS)),
    ],
)
def test_too_much_is_refused_with_the_limit(given: dict[str, object], limit: str) -> None:
    with pytest.raises(TooLarge, match=limit):
        make_judgement(RUN, **given)


def test_the_limits_themselves_are_allowed() -> None:
    tags = tuple(f"{index:x<{MAX_TAG_CHARS}}" for index in range(MAX_TAGS))
    assert make_judgement(RUN, comment="x" * MAX_COMMENT_CHARS, tags=tags).tags == tags


def test_a_judgement_says_something_and_a_withdrawal_nothing() -> None:
    with pytest.raises(BadInput, match="says nothing"):
        make_judgement(RUN, rating=None)
    said = make_judgement(RUN, comment="no", tags=("a",), correction={}, correction_type="Labels")
    undone = said.undo(judgement_id=new_id(), created_at=said.created_at)
    assert (undone.replaces, undone.withdrawn, undone.judge) == (said.judgement_id, True, said.judge)
    assert (undone.rating, undone.scale, undone.correction, undone.comment, undone.tags) == (None, None, None, "", ())
    with pytest.raises(ValueError, match="what it replaces"):
        make_judgement(RUN, rating=None, withdrawn=True)


def test_a_scale_goes_with_its_rating() -> None:
    assert make_judgement(RUN, rating=None, scale="thumbs", comment="hm").scale is None
    with pytest.raises(ValueError, match="scale"):
        make_judgement(RUN, scale=None)


@pytest.mark.parametrize("given", [{"correction": {}}, {"correction_type": "Labels"}])
def test_a_correction_has_its_type(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="type"):
        make_judgement(RUN, **given)


def test_times_are_aware_and_become_utc() -> None:
    there = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert make_run(created_at=there).created_at.isoformat() == "2026-03-01T12:00:00+00:00"
    for make in (make_run, lambda **given: make_judgement(RUN, **given), lambda **given: make_consent(RUN, **given)):
        with pytest.raises(ValueError, match="time zone"):
            make(created_at=datetime(2026, 3, 1))
    assert make_run(created_at=datetime(2026, 3, 1, tzinfo=UTC)).created_at.tzinfo is UTC


def test_what_no_database_keeps_is_left_out() -> None:
    judgement = make_judgement(RUN, comment="a\0b\ud83dc\U0001f600", tags=("x\0", "x"))
    assert (judgement.comment, judgement.tags) == ("abc\U0001f600", ("x",))


def test_records_cost_no_database_library() -> None:
    program = "import sys, core.feedback.records, core.feedback.filters; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_ids_differ_whoever_asks_for_them_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: new_id(), range(4000)))
    assert len(set(ids)) == 4000
    assert all(is_id(one) and uuid.UUID(one).version == 4 for one in ids)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_that_forks_off_draws_ids_of_its_own() -> None:
    new_id()  # others are ready now
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.write(writes, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reads, 32).decode() not in {new_id() for _ in range(300)}
    os.close(reads)
    os.close(writes)
