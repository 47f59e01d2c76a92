"""Databases that fail: what is told, how soon, what is left behind, and that they are found again."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Pool, event, make_url

from core.errors import StoreUnavailable
from core.feedback.store import FeedbackStore
from tests.feedback.conftest import Clock, opened
from tests.feedback.postgres import statements
from tests.feedback.samples import make_judgement, make_run

PAUSE_S = 5.0


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


@contextmanager
def full_disk(pages: int) -> Iterator[None]:
    """Let no SQLite database grow over some pages: what SQLite does then is what it does on a full disk."""

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Pool, "checkout", limit)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", limit)


def test_a_full_disk_is_told_writes_nothing_and_is_over_when_there_is_room(sqlite_url: str, clock: Clock) -> None:
    run = make_run()
    with opened(sqlite_url, clock=clock) as store:
        store.add_run(run)
        large = make_run(output={"text": "x" * 1_000_000})
        with full_disk(pages=60), pytest.raises(StoreUnavailable, match="disk of the database is full"):
            store.add(make_judgement(run), large)
        assert store.problem is not None
        assert (store.count_runs(), store.count_judgements()) == (1, 0)  # a full disk can be read
        clock.now_s += PAUSE_S
        store.add(make_judgement(run), large)
        assert (store.count_runs(), store.count_judgements()) == (2, 1)
        assert store.problem is None


def hold(url: str) -> closing:
    if url.startswith("sqlite"):
        held = sqlite3.connect(file_of(url), isolation_level=None)
        held.execute("BEGIN EXCLUSIVE")
        return closing(held)
    import psycopg

    parsed = make_url(url)
    held = psycopg.connect(host=parsed.query["host"], user=parsed.username, options=parsed.query["options"])
    held.execute("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
    return closing(held)


def test_a_locked_database_is_told_and_over_when_it_is_let_go(url: str) -> None:
    with opened(url, busy_timeout_s=0.05, pause_s=0) as store:
        store.add_run(make_run())
        with hold(url), pytest.raises(StoreUnavailable, match="locked"):
            store.add_run(make_run())
        assert store.count_runs() == 1
        store.add_run(make_run())
        assert store.count_runs() == 2


def test_a_read_only_database_can_still_be_read(sqlite_url: str) -> None:
    run = make_run()
    with opened(sqlite_url) as store:
        store.add_run(run)
    with opened(f"sqlite:///file:{file_of(sqlite_url)}?mode=ro&uri=true", pause_s=0) as store:
        assert store.find_run(run.run_id) == run
        for attempt in (store.check, lambda: store.add_judgement(make_judgement(run))):
            with pytest.raises(StoreUnavailable, match="not written"):
                attempt()
        assert store.count_judgements() == 0


def test_a_read_only_role_is_told(postgres_url: str) -> None:
    with opened(postgres_url, pause_s=0) as store:
        store.add_run(make_run())
    read_only = make_url(postgres_url)
    options = f"{read_only.query['options']} -cdefault_transaction_read_only=on"
    url = read_only.set(query={**read_only.query, "options": options}).render_as_string(hide_password=False)
    with opened(url, pause_s=0) as store:
        assert store.count_runs() == 1
        with pytest.raises(StoreUnavailable, match="not written"):
            store.add_run(make_run())


def test_a_file_that_is_no_database_is_told_and_left_alone(sqlite_url: str) -> None:
    file = Path(file_of(sqlite_url))
    file.parent.mkdir()
    file.write_bytes(b"my thesis " * 1000)
    with opened(sqlite_url) as store, pytest.raises(StoreUnavailable, match="damaged or is not a database"):
        store.add_run(make_run())
    assert file.read_bytes() == b"my thesis " * 1000


def test_a_folder_that_cannot_be_made_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")
    with opened(f"sqlite:///{tmp_path}/in-the-way/podium.db") as store:
        with pytest.raises(StoreUnavailable, match="cannot be opened") as caught:
            store.add_run(make_run())
        assert str(tmp_path) not in str(caught.value)


def test_a_server_that_never_answers_is_found_out_and_remembered(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://someone:secret@127.0.0.1:{silent.getsockname()[1]}/feedback"
        with opened(url, clock=clock) as store:
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="does not answer") as caught:
                store.add_run(make_run())
            assert time.monotonic() - began < 4  # 2, on a machine with time to spare
            assert "secret" not in f"{caught.value}{caught.value.__cause__}"
            silent.close()  # whoever tries now is refused at once: what takes no try is remembered
            clock.now_s += PAUSE_S - 0.1
            began = time.perf_counter()
            for _ in range(1000):
                with pytest.raises(StoreUnavailable, match="does not answer"):
                    store.add_run(make_run())
            assert time.perf_counter() - began < 2


def threads_told(store: FeedbackStore, count: int) -> tuple[list[str], float]:
    """Write from several threads at once; return what they were told, and the seconds until the last one was."""
    told: list[str] = []

    def write() -> None:
        try:
            store.add_run(make_run())
        except StoreUnavailable as err:
            told.append(err.message)

    threads = [threading.Thread(target=write) for _ in range(count)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return told, time.monotonic() - began


def test_threads_that_wait_behind_a_silent_server_do_not_each_wait_as_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://someone@127.0.0.1:{silent.getsockname()[1]}/feedback"
        with opened(url) as store:
            told, elapsed_s = threads_told(store, 6)
    assert ["does not answer" in message for message in told] == [True] * 6
    assert elapsed_s < 6  # 2, on a machine with time to spare; 12 one after the other


def test_threads_that_wait_behind_a_lock_do_not_each_wait_as_long(sqlite_url: str) -> None:
    with opened(sqlite_url, busy_timeout_s=0.5) as store:
        store.add_run(make_run())
        with hold(sqlite_url):
            told, elapsed_s = threads_told(store, 8)
    assert ["locked" in message for message in told] == [True] * 8
    assert elapsed_s < 2  # 4 one after the other


def test_a_file_that_is_deleted_is_made_anew_and_loses_nothing_more(sqlite_url: str) -> None:
    with opened(sqlite_url) as store:
        store.add_run(make_run())
        for path in Path(file_of(sqlite_url)).parent.iterdir():
            path.unlink()
        run = make_run()
        store.add_run(run)
    with opened(sqlite_url) as store:
        assert store.find_run(run.run_id) == run


def test_tables_that_are_gone_are_made_anew(postgres_url: str) -> None:
    schema = make_url(postgres_url).query["options"].removeprefix("-csearch_path=")
    with opened(postgres_url, pause_s=0) as store:
        store.add_run(make_run())
        statements(postgres_url, f"DROP SCHEMA {schema} CASCADE", f"CREATE SCHEMA {schema}")
        with pytest.raises(StoreUnavailable):
            store.add_run(make_run())
        store.add_run(make_run())
        assert store.count_runs() == 1


def test_a_server_that_comes_back_is_found_by_itself(postgres_url: str, clock: Clock) -> None:
    run = make_run()
    with opened(postgres_url, clock=clock) as store:
        store.add_run(run)
        schema = make_url(postgres_url).query["options"].removeprefix("-csearch_path=")
        statements(postgres_url, f"ALTER SCHEMA {schema} RENAME TO {schema}_away")
        with pytest.raises(StoreUnavailable):
            store.add_run(make_run())
        statements(postgres_url, f"ALTER SCHEMA {schema}_away RENAME TO {schema}")
        with pytest.raises(StoreUnavailable):
            store.add_run(make_run())
        clock.now_s += PAUSE_S
        store.add_judgement(make_judgement(run))
        assert store.problem is None


def test_connections_that_were_cut_are_replaced_unseen(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.add_run(make_run())
        statements(
            postgres_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'podium'"
        )
        store.add_run(make_run())
        assert store.count_runs() == 2


def test_what_visitors_wrote_stands_in_no_log(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    run = make_run()
    with opened(sqlite_url) as store:
        store.add_run(run)
        with full_disk(pages=1), pytest.raises(StoreUnavailable) as caught:
            store.add(make_run(output={"text": "canary" * 100_000}), make_judgement(run, comment="canary"))
    assert "full" in caplog.text
    assert "canary" not in caplog.text
    assert "canary" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize("url", ["mysql://someone:secret@host/db", "nonsense secret", "postgresql+asyncpg://h/secret"])
def test_a_url_that_cannot_be_used_is_refused_at_once_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="PODIUM_DATABASE_URL") as caught:
        FeedbackStore(url)
    assert "secret" not in str(caught.value)
