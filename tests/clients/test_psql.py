"""psql, as its users see it: scripts and what PostgreSQL 18 answered to them (*.out).

A new answer is recorded with `psql -X -q -h ... -d an_empty_database -f script.sql >script.out 2>&1`.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ..fix_server import Server

FOLDER = Path(__file__).parent / "psql"
LISTS = {
    "\\l": "template1",
    "\\dn": "public",
    "\\du": "Superuser",
    "\\dS pg_class": "relname",
    "\\df pg_catalog.abs": "double precision",
    "\\dx": "List of installed extensions",
    "\\dC": "in assignment",
    "\\do +": "integer",
    "\\da sum": "bigint",
    "\\dL": "List of languages",
    "\\dp": "Access privileges",
    "\\ddp": "Default access privileges",
    "\\db": "pg_default",
}


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE psql")
        yield "psql"
        connection.execute("DROP DATABASE psql WITH (FORCE)")


def comparable(text: str) -> list[str]:
    """Without lines of PostgreSQL's source code."""
    return [line for line in text.splitlines() if not line.startswith("LOCATION:")]


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.sql")))
def test_script(name: str, server: Server, database: str, oracle_bin: Path) -> None:
    command = [str(oracle_bin / "psql"), "-X", "-q", "-d", database, "-f", f"{name}.sql"]
    environment = {**server.environment, "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    expected = (FOLDER / f"{name}.out").read_text()
    assert comparable(done.stdout) == comparable(expected)


def test_cancel(server: Server, oracle_bin: Path) -> None:
    """Ctrl-C ends the statement."""
    process = subprocess.Popen(
        [str(oracle_bin / "psql"), "-X", "-c", "SELECT count(*) FROM generate_series(1, 1000000000)"],
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.7)
    os.kill(process.pid, signal.SIGINT)
    assert "canceling statement due to user request" in process.communicate(timeout=20)[1]


def test_lists(server: Server, oracle_bin: Path) -> None:
    """Commands whose answers name what other tests make: they work, and list what there always is."""
    for command, word in LISTS.items():
        done = subprocess.run(
            [str(oracle_bin / "psql"), "-X", "-c", command],
            env=server.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert not done.stderr, f"{command}: {done.stderr}"
        assert word in done.stdout, command
