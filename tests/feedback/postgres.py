"""A real PostgreSQL for the tests: the one that PODIUM_TEST_POSTGRES_URL names, or one started for the session."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

USER = "postgres"


class NoPostgres(Exception):
    """There is no PostgreSQL on this machine; says why."""


@contextmanager
def running_server() -> Iterator[str]:
    """Yield the URL of a server in which schemas may be made.

    Raises: NoPostgres.
    """
    given = os.environ.get("PODIUM_TEST_POSTGRES_URL")
    if given:
        yield str(make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
        return
    programs = _programs()
    # In /tmp itself: pytest's own folders are closed to other users, and a socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="podium-pg-", dir="/tmp"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, USER, USER)
        _run(programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
        _run(programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://{USER}@/postgres?host={folder}"
        finally:
            _run(programs / "pg_ctl", "-D", folder / "data", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@contextmanager
def empty_schema(server: str) -> Iterator[str]:
    """Yield the URL of a schema of its own in a server, and drop it afterwards: as a database, but made in no time."""
    name = f"podium_{uuid.uuid4().hex}"
    statements(server, f"CREATE SCHEMA {name}")
    try:
        own = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
        yield own.render_as_string(hide_password=False)
    finally:
        statements(server, f"DROP SCHEMA {name} CASCADE")


def statements(url: str, *wanted: str) -> None:
    """Run statements, each on its own, outside of any transaction."""
    db = create_engine(url, isolation_level="AUTOCOMMIT")
    with db.connect() as connection:
        for statement in wanted:
            connection.execute(text(statement))
    db.dispose()


def _programs() -> Path:
    found = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found is None and not installed:
        raise NoPostgres("PostgreSQL is not installed (no initdb); set PODIUM_TEST_POSTGRES_URL or install it")
    return Path(found).parent if found else installed[-1].parent


def _run(*command: str | Path) -> None:
    """Run a program of PostgreSQL, which refuses to be root."""
    user = {"user": USER, "group": USER, "extra_groups": []} if os.getuid() == 0 else {}
    done = subprocess.run(  # its server inherits no pipe of ours, or this would wait for it
        [str(part) for part in command], cwd="/tmp", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user
    )
    if done.returncode != 0:
        raise NoPostgres(f"{Path(command[0]).name} ended with {done.returncode}")
