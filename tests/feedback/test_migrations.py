"""The numbered steps: from any version to the newest, once, and never backwards."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from core.errors import StoreUnavailable
from core.feedback.connection import make_engine, read_url
from core.feedback.migrations import MIGRATIONS, is_current, migrate, version_of
from core.feedback.schema import current_consents, current_judgements, metadata, schema_version
from tests.feedback.conftest import opened
from tests.feedback.samples import make_judgement, make_run


@pytest.fixture
def db(url: str, tmp_path) -> Engine:
    (tmp_path / "data").mkdir()
    engine = make_engine(read_url(url), busy_timeout_s=5)
    yield engine
    engine.dispose()


def writing(db: Engine) -> Connection:
    return db.connect().execution_options(begin="BEGIN IMMEDIATE")


def add_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE runs ADD COLUMN mood VARCHAR DEFAULT 'calm'"))


def fail_half_way(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE half_made (x INTEGER)"))
    connection.execute(text("SELECT nonsense FROM nowhere"))


def test_the_steps_make_the_tables_that_the_queries_use(db: Engine) -> None:
    with writing(db) as connection, connection.begin():
        migrate(connection)
        made, declared = inspect(connection), metadata.tables
        assert set(made.get_table_names()) == set(declared)
        assert set(made.get_view_names()) == {"current_judgements", "current_consents"}
        for name, table in [*declared.items(), *((view.name, view) for view in (current_judgements, current_consents))]:
            columns = {column["name"]: column for column in made.get_columns(name)}
            assert list(columns) == [column.name for column in table.columns]
            for column in table.columns:
                there = columns[column.name]["type"].compile(db.dialect)
                assert there == column.type.compile(db.dialect), f"{name}.{column.name}"
                if name in declared:
                    assert columns[column.name]["nullable"] == column.nullable, f"{name}.{column.name}"
        for name, table in declared.items():
            assert {index["name"] for index in made.get_indexes(name) if not index.get("duplicates_constraint")} == {
                index.name for index in table.indexes
            }
            assert {tuple(key["constrained_columns"]) for key in made.get_foreign_keys(name)} == {
                tuple(column.name for column in key.columns) for key in table.foreign_key_constraints
            }
            assert {tuple(key["column_names"]) for key in made.get_unique_constraints(name)} == {
                tuple(key.columns.keys()) for key in table.constraints if type(key).__name__ == "UniqueConstraint"
            }


def test_an_old_database_comes_to_the_newest_version_with_its_rows(url: str, db: Engine) -> None:
    with writing(db) as connection, connection.begin():
        migrate(connection, MIGRATIONS[:1])
        assert version_of(connection) == 1
    run = make_run()
    judgement = make_judgement(run, tags=("kept",))
    with opened(url) as store:
        store.add(run, judgement)
    with writing(db) as connection, connection.begin():
        migrate(connection, [*MIGRATIONS, add_column])
        assert is_current(connection, [*MIGRATIONS, add_column])
        assert connection.scalar(text("SELECT mood FROM runs")) == "calm"
        applied = list(connection.scalars(select(schema_version.c.version).order_by(schema_version.c.version)))
        assert applied == list(range(1, len(MIGRATIONS) + 2))
        assert connection.scalar(select(current_judgements.c.judgement_id)) == judgement.judgement_id


def test_a_step_that_fails_leaves_no_half(db: Engine) -> None:
    with writing(db) as connection, connection.begin():
        migrate(connection)
    with pytest.raises(DBAPIError), writing(db) as connection, connection.begin():
        migrate(connection, [*MIGRATIONS, add_column, fail_half_way])
    with db.connect() as connection:
        assert is_current(connection)
        assert not inspect(connection).has_table("half_made")
        assert "mood" not in [column["name"] for column in inspect(connection).get_columns("runs")]


def test_a_database_from_the_future_is_refused_and_left_alone(url: str, db: Engine) -> None:
    with writing(db) as connection, connection.begin():
        migrate(connection, [*MIGRATIONS, add_column])
    with opened(url) as store, pytest.raises(StoreUnavailable, match=f"version {len(MIGRATIONS) + 1}.*up to"):
        store.count_runs()
    with db.connect() as connection:
        assert version_of(connection) == len(MIGRATIONS) + 1


def test_many_who_start_at_once_make_the_tables_once(url: str) -> None:
    """Each store has connections of its own, as a process has; processes do so in test_durability."""
    start = threading.Barrier(6)
    failures: list[Exception] = []

    def begin() -> None:
        with opened(url) as store:
            start.wait(30)
            try:
                store.add_run(make_run())
            except Exception as err:
                failures.append(err)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with opened(url) as store:
        assert store.count_runs() == 6
