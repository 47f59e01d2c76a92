"""Consent: an input is kept, shared and taken back as its visitor says."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from core.feedback.filters import JudgementFilter
from core.feedback.schema import deletion_log
from core.feedback.store import FeedbackStore
from core.feedback.writes import add_records
from tests.feedback.conftest import opened
from tests.feedback.samples import NOON, at, make_consent, make_input, make_judgement, make_run

CANARY = b"canary-5d1c" * 50_000  # over many pages, so that some are never used again


def test_the_last_word_counts_whatever_the_clocks_say(store: FeedbackStore) -> None:
    run = make_run()
    words = [
        make_consent(run, granted=granted, scope=scope, created_at=at(-index))
        for index, (scope, granted) in enumerate([("share", True), ("keep_input", True), ("share", False)])
    ]
    store.add(run, *words)
    assert store.consents(run.run_id) == words
    assert store.has_consent(run.run_id, "keep_input")
    assert not store.has_consent(run.run_id, "share")


def test_taking_back_deletes_the_input_and_logs_it(url: str) -> None:
    run, other = make_run(), make_run()
    with opened(url, now=lambda: NOON) as store:
        store.add(run, other, make_consent(run), make_consent(other), make_input(run), make_input(other))
        back = make_consent(run, granted=False)
        store.add_consent(back)
        assert store.find_input(run.run_id) is None
        assert store.find_input(other.run_id) == make_input(other)
        with store.database.read() as connection:
            logged = connection.execute(select(deletion_log)).mappings().one()
        assert (logged["run_id"], logged["consent_id"], logged["deleted_at"]) == (run.run_id, back.consent_id, NOON)


def test_a_late_thread_does_not_bring_back_what_was_taken_back(store: FeedbackStore) -> None:
    run = make_run()
    store.add(run, make_consent(run), make_consent(run, granted=False))
    assert not store.keep_input(make_input(run))
    store.add_consent(make_consent(run))
    assert store.keep_input(make_input(run))


def test_taking_back_again_does_not_delete_what_was_allowed_since(store: FeedbackStore) -> None:
    run = make_run()
    back = make_consent(run, granted=False)
    store.add(run, back, make_consent(run), make_input(run))
    store.add_consent(back)
    assert store.find_input(run.run_id) is not None


def test_without_a_word_the_callers_setting_decides(store: FeedbackStore) -> None:
    run = make_run()
    store.add_run(run)
    assert store.keep_input(make_input(run))


@pytest.mark.parametrize("asked", [True, False])
def test_what_the_owner_deletes_takes_a_new_leave(store: FeedbackStore, asked: bool) -> None:
    run = make_run()
    store.add(run, *([make_consent(run)] if asked else []), make_input(run))
    assert store.delete_input(run.run_id)
    assert not store.delete_input(run.run_id)
    assert not store.keep_input(make_input(run))
    store.add_consent(make_consent(run))
    assert store.keep_input(make_input(run))


def test_not_sharing_keeps_the_input(store: FeedbackStore) -> None:
    run = make_run()
    store.add(run, make_judgement(run), make_consent(run), make_input(run), make_consent(run, scope="share"))
    assert store.count_judgements(JudgementFilter(shareable_only=True)) == 1
    store.add_consent(make_consent(run, scope="share", granted=False))
    assert store.count_judgements(JudgementFilter(shareable_only=True)) == 0
    assert store.find_input(run.run_id) is not None


def test_deleted_bytes_stand_in_no_file(sqlite_url: str, tmp_path: Path) -> None:
    run = make_run()
    with opened(sqlite_url) as store:
        store.add(run, make_consent(run), make_input(run, CANARY))
        assert any(CANARY[:11] in path.read_bytes() for path in (tmp_path / "data").iterdir())
        store.add_consent(make_consent(run, granted=False))
        assert not any(CANARY[:11] in path.read_bytes() for path in (tmp_path / "data").iterdir())


def test_taking_back_waits_for_an_input_that_is_just_being_kept(store: FeedbackStore) -> None:
    run = make_run()
    store.add(run, make_consent(run))
    taking_back = threading.Thread(target=store.add_consent, args=(make_consent(run, granted=False),))
    with store.database.write() as connection:
        add_records(connection, [make_input(run)], NOON)
        taking_back.start()
        taking_back.join(0.5)  # did it not wait, it would find nothing to delete and be done by now
        assert taking_back.is_alive()
    taking_back.join(30)
    assert not store.has_consent(run.run_id, "keep_input")
    assert store.find_input(run.run_id) is None
