"""What was acknowledged is there: after a kill, from many threads, and from many processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.feedback.store import FeedbackStore
from tests.feedback.conftest import opened
from tests.feedback.samples import make_judgement, make_run

ROOT = Path(__file__).resolve().parents[2]
KILLS = 3
ACKNOWLEDGED_BEFORE_KILL = 60
WRITERS = 16
WRITES_EACH = 12


def start_writer(url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.feedback.writer", url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_what_was_acknowledged_survives_a_kill(url: str) -> None:
    """Three processes write at once, each the first to make the tables, and are killed in the middle."""
    writers = [start_writer(url) for _ in range(KILLS)]
    acknowledged: list[list[str]] = []
    for writer in writers:
        with writer:
            said = [writer.stdout.readline() for _ in range(ACKNOWLEDGED_BEFORE_KILL)]
            writer.kill()
            said += writer.stdout.readlines()
        assert writer.returncode == -9
        acknowledged += [line.split() for line in said if line.endswith("\n")]
    assert len(acknowledged) >= KILLS * ACKNOWLEDGED_BEFORE_KILL
    with opened(url) as store:
        kept = {judged.judgement.judgement_id: judged for judged in store.iterate_judgements()}
        for judgement_id, run_id in acknowledged:
            assert kept[judgement_id].run.run_id == run_id
            assert kept[judgement_id].judgement.tags == ("one", "two")
        assert store.count_runs() == len(kept)  # whatever was under way is there in full, or not at all


def test_many_threads_wait_for_each_other_and_lose_nothing(store: FeedbackStore) -> None:
    start = threading.Barrier(WRITERS)
    failures: list[Exception] = []

    def write(judge: str) -> None:
        start.wait(30)
        try:
            for _ in range(WRITES_EACH):
                run = make_run()
                store.add_run(run)
                store.add_judgement(make_judgement(run, judge=judge))
        except Exception as err:
            failures.append(err)

    threads = [threading.Thread(target=write, args=(f"judge {index}",)) for index in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert store.count_judgements() == store.count_runs() == WRITERS * WRITES_EACH


@pytest.mark.parametrize("network", [False, True])
def test_a_commit_is_on_the_disk_when_it_returns(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, network: bool
) -> None:
    monkeypatch.setattr("core.feedback.database.is_network_disk", lambda path: network)
    with opened(sqlite_url) as store:
        store.check()
        with store.database.write() as connection:
            pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert found == ["delete" if network else "wal", 2, 1, 1, 5000]


def test_a_database_that_moves_to_a_network_disk_leaves_its_write_ahead_log(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    with opened(sqlite_url) as store:
        store.add_run(run)
    monkeypatch.setattr("core.feedback.database.is_network_disk", lambda path: True)
    with opened(sqlite_url) as store:
        store.add_run(make_run())
        folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
        assert sorted(path.name for path in folder.iterdir()) == ["podium.db"]
        assert store.find_run(run.run_id) == run


def test_nobody_else_on_the_machine_reads_the_file(sqlite_url: str) -> None:
    with opened(sqlite_url) as store:
        store.check()
        folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_database_in_memory_works_from_several_threads() -> None:
    with opened("sqlite://") as store:
        threads = [threading.Thread(target=store.add_run, args=(make_run(),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert store.count_runs() == 8
