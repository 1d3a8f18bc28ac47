"""What ends DETACH PARTITION CONCURRENTLY between its two transactions leaves the detach pending."""

import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from ..server_process import ServerProcess


def _execute(url: str, statement: str, failed: list[Exception]) -> None:
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
    except psycopg.Error as error:
        failed.append(error)


def test_killed_between_the_transactions(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    reader = psycopg.connect(server.url)
    watch = psycopg.connect(server.url, autocommit=True)
    try:
        watch.execute(
            """
            CREATE TABLE t (a int) PARTITION BY LIST (a);
            CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
            CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
            INSERT INTO t VALUES (1), (2);
            """
        )
        reader.execute("SELECT FROM t")
        failed: list[Exception] = []
        detach = "ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY"
        other = threading.Thread(target=_execute, args=(server.url, detach, failed))
        other.start()
        deadline = time.monotonic() + 10
        waits = "SELECT FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted"
        while watch.execute(waits).fetchone() is None:
            assert time.monotonic() < deadline
        server.kill9()
        other.join()
        assert len(failed) == 1
        server.start()
        with psycopg.connect(server.url, autocommit=True) as connection:
            pending = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhdetachpending"
            assert connection.execute(pending).fetchall() == [("t1",)]
            assert connection.execute("SELECT a FROM t").fetchall() == [(2,)]
            with pytest.raises(errors.ObjectNotInPrerequisiteState, match="already pending detach"):
                connection.execute(detach)
            connection.execute("ALTER TABLE t DETACH PARTITION t1 FINALIZE")
            assert connection.execute(pending).fetchall() == []
            assert connection.execute("SELECT a FROM t1").fetchall() == [(1,)]
            with pytest.raises(errors.CheckViolation, match="t1_a_check"):
                connection.execute("INSERT INTO t1 VALUES (2)")
    finally:
        reader.close()
        watch.close()
        server.kill9()


def test_lock_timeout_leaves_it_pending() -> None:
    with (
        ServerProcess() as server,
        psycopg.connect(server.url) as reader,
        psycopg.connect(server.url, autocommit=True) as connection,
    ):
        connection.execute("CREATE TABLE t (a int) PARTITION BY LIST (a)")
        connection.execute("CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)")
        reader.execute("SELECT FROM t")
        connection.execute("SET lock_timeout = '20ms'")
        with pytest.raises(errors.LockNotAvailable):
            connection.execute("ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY")
        assert reader.execute("SELECT inhdetachpending FROM pg_inherits").fetchall() == [(True,)]
        reader.rollback()
        connection.execute("ALTER TABLE t DETACH PARTITION t1 FINALIZE")
        assert connection.execute("SELECT FROM pg_inherits").fetchall() == []


def test_extended_protocol() -> None:
    """After a query of several statements a command is on its own again; in a pipeline it is not."""
    with ServerProcess() as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            """
            CREATE TABLE t (a int) PARTITION BY LIST (a);
            CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
            CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
            """
        )
        connection.execute("ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY", prepare=True)
        assert connection.execute("SELECT inhrelid::regclass::text FROM pg_inherits").fetchall() == [("t2",)]
        with (
            pytest.raises(errors.ActiveSqlTransaction, match="inside a transaction block"),
            connection.pipeline(),
        ):
            connection.execute("INSERT INTO t VALUES (2)")
            connection.execute("ALTER TABLE t DETACH PARTITION t2 CONCURRENTLY")
        assert connection.execute("SELECT a FROM t").fetchall() == []
