"""gaveldb.last_commit(): what a session may know of its last commit that wrote."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from ..fix_server import Server
from ..server_process import ServerProcess


def connect(url: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(url, autocommit=True, row_factory=namedtuple_row)


def last_commit(connection: "psycopg.Connection[Any]") -> Any:
    return connection.execute("SELECT * FROM gaveldb.last_commit()").fetchone()


@pytest.fixture
def one(server: Server) -> "Iterator[psycopg.Connection[Any]]":
    with connect(server.url) as connection:
        connection.execute("DROP TABLE IF EXISTS committed")
        connection.execute("CREATE TABLE committed (id int PRIMARY KEY, n int)")
        connection.execute("INSERT INTO committed VALUES (1, 0)")
        yield connection


def test_a_session_that_has_not_written_has_none(server: Server) -> None:
    with connect(server.url) as connection:
        assert last_commit(connection).tau is None


def test_it_is_the_last_commit_that_wrote(one: "psycopg.Connection[Any]") -> None:
    first = last_commit(one)
    assert first.journal == 0 and first.group_size == 1 and first.group_bytes > 0
    assert first.durable_ms >= 0 and first.lock_wait_ms == 0
    assert first.committed_at.timestamp() * 1_000_000 == pytest.approx(first.tau, abs=1)
    one.execute("SELECT n FROM committed")
    assert last_commit(one).tau == first.tau
    with pytest.raises(psycopg.errors.UniqueViolation):
        one.execute("INSERT INTO committed VALUES (1, 0)")
    assert last_commit(one).tau == first.tau
    with one.transaction():
        one.execute("UPDATE committed SET n = n + 1")
        assert last_commit(one).tau == first.tau
    assert last_commit(one).tau > first.tau


def test_prepared_statements_in_blocks_count(one: "psycopg.Connection[Any]") -> None:
    taus = []
    for _ in range(3):  # from the second on by the express way
        with one.transaction():
            one.execute("UPDATE committed SET n = n + %s", (1,), prepare=True)
        taus.append(last_commit(one).tau)
    assert taus == sorted(set(taus))


def test_waits_for_locks_are_of_its_transaction(one: "psycopg.Connection[Any]", server: Server) -> None:
    with connect(server.url) as other:
        other.execute("BEGIN")
        other.execute("UPDATE committed SET n = 10")
        thread = threading.Thread(target=one.execute, args=("UPDATE committed SET n = n + 1",))
        thread.start()
        time.sleep(0.2)
        other.execute("COMMIT")
        thread.join()
        assert 50 < last_commit(one).lock_wait_ms < 5000
        assert last_commit(other).lock_wait_ms == 0
    one.execute("UPDATE committed SET n = n + 1")
    assert last_commit(one).lock_wait_ms == 0


def test_the_sync_of_a_journal_on_disk_is_timed(durable_server: ServerProcess) -> None:
    with connect(durable_server.url) as connection:
        connection.execute("CREATE TABLE t (a int)")
        connection.execute("INSERT INTO t VALUES (1)")
        told = last_commit(connection)
        assert told.sync_ms is None or 0 < told.sync_ms <= told.durable_ms + 1
        for _ in range(1100):
            connection.execute("INSERT INTO t VALUES (1)")
        assert last_commit(connection).group_size == 1


def test_the_schema_is_an_extensions_and_dumped_by_nobody(one: "psycopg.Connection[Any]") -> None:
    members = one.execute(
        "SELECT count(*) AS n FROM pg_depend d JOIN pg_extension e ON refobjid = e.oid AND deptype = 'e'"
        " JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass"
        " WHERE extname = 'gaveldb' AND pronamespace = 'gaveldb'::regnamespace"
    ).fetchone()
    functions = one.execute(
        "SELECT count(*) AS n FROM pg_proc WHERE pronamespace = 'gaveldb'::regnamespace"
    ).fetchone()
    assert members == functions and members.n > 0


def test_the_schema_cannot_be_dropped(one: "psycopg.Connection[Any]") -> None:
    with pytest.raises(psycopg.errors.DependentObjectsStillExist) as raised:
        one.execute("DROP SCHEMA gaveldb CASCADE")
    assert "cannot drop schema gaveldb because it is required by the database system" in str(raised.value)
