"""pg_dump of a database, restored, is the same database; of what is built in nothing is dumped."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ..fix_server import Server

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id serial PRIMARY KEY, a text DEFAULT 'x' NOT NULL CHECK (a <> ''), m mood);
CREATE TABLE child (t int REFERENCES t ON DELETE CASCADE, UNIQUE (t));
CREATE INDEX by_name ON t (lower(a)) WHERE id > 0;
CREATE VIEW v AS SELECT * FROM t;
COMMENT ON TABLE t IS 'a table';
GRANT SELECT ON t TO PUBLIC;
INSERT INTO t (a, m) VALUES ('1', 'ok'), ('2', NULL);
INSERT INTO child VALUES (1);
"""


@pytest.fixture
def databases(server: Server) -> Iterator[tuple[str, str]]:
    names = ("dumped", "restored")
    with psycopg.connect(server.url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
        yield names
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(server: Server, *command: str | Path, text: str | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        env=server.environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def test_dump_and_restore(server: Server, databases: tuple[str, str], oracle_bin: Path) -> None:
    source, target = databases
    run(server, oracle_bin / "psql", "-q", "-d", source, text=SCHEMA)
    dump = run(server, oracle_bin / "pg_dump", "-d", source)
    assert "CREATE INDEX by_name" in dump and "gavel" not in dump
    run(
        server, oracle_bin / "psql", "-q", "-d", target, "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", text=dump
    )
    again = run(server, oracle_bin / "pg_dump", "-d", target)
    key = re.compile(r"(restrict) \w+")
    assert key.sub(r"\1", again) == key.sub(r"\1", dump)


def test_names_have_subscripts(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        told = connection.execute(
            "SELECT n[0], n[2], n[3] = '', n[63] IS NULL, n[64] IS NULL, n[-1] IS NULL"
            " FROM (SELECT name 'abc') s(n)"
        ).fetchone()
        assert told == ("a", "c", True, False, True, True)
        with pytest.raises(psycopg.errors.FeatureNotSupported) as raised:
            connection.execute("SELECT (name 'abc')[0:1]")
        assert raised.value.diag.message_primary == "slices of fixed-length arrays not implemented"
