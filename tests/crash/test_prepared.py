"""Prepared transactions outlive the server: their writes, their locks, and their decision."""

from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from ..server_process import ServerProcess


def test_killed_between_prepare_and_commit(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", 0, "--max-prepared-transactions", "4").start()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (id int PRIMARY KEY, n int)")
            connection.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
            for gid, statement in (
                ("stays", "UPDATE t SET n = 1 WHERE id = 1; INSERT INTO t VALUES (3, 3)"),
                ("goes", "DELETE FROM t WHERE id = 2; SELECT * FROM t WHERE id = 1 FOR KEY SHARE"),
                ("done", "INSERT INTO t VALUES (4, 4)"),
            ):
                connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
                connection.execute(statement)
                connection.execute(f"PREPARE TRANSACTION '{gid}'")
            connection.execute("COMMIT PREPARED 'done'")
        server.kill9()
        server.start()
        with psycopg.connect(server.url, autocommit=True) as connection:
            rows = connection.execute("SELECT gid FROM pg_prepared_xacts ORDER BY gid").fetchall()
            assert rows == [("goes",), ("stays",)]
            everything = "SELECT id, n FROM t ORDER BY id"
            assert connection.execute(everything).fetchall() == [(1, 0), (2, 0), (4, 4)]
            connection.execute("SET lock_timeout = '50ms'")
            for blocked in (
                "UPDATE t SET n = 9 WHERE id = 1",
                "UPDATE t SET n = 9 WHERE id = 2",
                "INSERT INTO t VALUES (3, 9)",
                "ALTER TABLE t ADD COLUMN more int",
            ):
                with pytest.raises(errors.LockNotAvailable):
                    connection.execute(blocked)
            connection.execute("COMMIT PREPARED 'stays'")
            connection.execute("ROLLBACK PREPARED 'goes'")
            assert connection.execute(everything).fetchall() == [(1, 1), (2, 0), (3, 3), (4, 4)]
        server.kill9()
        server.start()
        with psycopg.connect(server.url, autocommit=True) as connection:
            assert connection.execute("SELECT count(*) FROM pg_prepared_xacts").fetchall() == [(0,)]
            assert connection.execute(everything).fetchall() == [(1, 1), (2, 0), (3, 3), (4, 4)]
            connection.execute("UPDATE t SET n = 9")
    finally:
        server.kill9()


def test_a_database_of_prepared_transactions_stays(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", 0, "--max-prepared-transactions", "4").start()
    detail = "There is 1 prepared transaction using the database."
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE side")
            with psycopg.connect(server.url, dbname="side", autocommit=True) as other:
                other.execute("CREATE TABLE t (id int PRIMARY KEY)")
                other.execute("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'side'")
            for statement, message in (
                ("DROP DATABASE side", 'database "side" is being accessed by other users'),
                ("DROP DATABASE side WITH (FORCE)", 'database "side" is being used by prepared transactions'),
                (
                    "CREATE DATABASE copy TEMPLATE side",
                    'source database "side" is being accessed by other users',
                ),
                ("ALTER DATABASE side RENAME TO other", 'database "side" is being accessed by other users'),
            ):
                with pytest.raises(errors.ObjectInUse) as caught:
                    connection.execute(statement)
                assert (caught.value.diag.message_primary, caught.value.diag.message_detail) == (
                    message,
                    detail,
                )
        server.kill9()
        server.start()
        with psycopg.connect(server.url, dbname="side", autocommit=True) as other:
            other.execute("COMMIT PREPARED 'side'")
            assert other.execute("SELECT id FROM t").fetchall() == [(1,)]
    finally:
        server.kill9()
