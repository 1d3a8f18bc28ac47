"""COPY inside of transaction blocks: later statements see its rows as any others, and can take them back."""

from collections.abc import Iterator

import psycopg
import pytest

from ..fix_server import Server

ROWS = 5000
Connection = psycopg.Connection[tuple[object, ...]]
SUMMARY = "select count(*), sum(a), min(b), max(b) from loaded"


@pytest.fixture(params=["", "primary key", "unique", "references parent"])
def connection(server: Server, request: pytest.FixtureRequest) -> Iterator[Connection]:
    with psycopg.connect(server.url) as connection:
        connection.execute("drop table if exists loaded, parent")
        connection.execute("create table parent (a int primary key)")
        connection.execute("insert into parent select generate_series(1, 20000)")
        connection.execute(f"create table loaded (a int {request.param}, b text)")  # type: ignore[call-overload]
        connection.commit()
        yield connection
        connection.rollback()


def load(connection: Connection, first: int = 1) -> None:
    with connection.cursor().copy("copy loaded from stdin") as copy:
        copy.write("".join(f"{number}\trow {number % 10}\n" for number in range(first, first + ROWS)))


def summary(connection: Connection) -> tuple[object, ...] | None:
    return connection.execute(SUMMARY).fetchone()


def expected(*numbers: int) -> tuple[object, ...]:
    rows = [number for first in numbers for number in range(first, first + ROWS)]
    return len(rows), sum(rows), "row 0", "row 9"


def test_two_loads_and_commit(server: Server, connection: Connection) -> None:
    load(connection)
    load(connection, 10_001)
    connection.commit()
    with psycopg.connect(server.url) as other:
        assert summary(other) == expected(1, 10_001)


def test_seen_by_the_block(server: Server, connection: Connection) -> None:
    load(connection)
    assert summary(connection) == expected(1)
    load(connection, 10_001)
    assert summary(connection) == expected(1, 10_001)
    with psycopg.connect(server.url) as other:
        assert summary(other) == (0, None, None, None)
    assert connection.execute("delete from loaded where a > 10000").rowcount == ROWS
    assert connection.execute("update loaded set b = 'row 5' where a = 7").rowcount == 1
    connection.commit()
    with psycopg.connect(server.url) as other:
        assert summary(other) == expected(1)
        assert other.execute("select b from loaded where a = 7").fetchall() == [("row 5",)]


def test_savepoints(server: Server, connection: Connection) -> None:
    load(connection)
    connection.execute("savepoint one")
    connection.execute("delete from loaded where a % 2 = 0")
    load(connection, 10_001)
    assert connection.execute("select count(*) from loaded").fetchone() == (ROWS + ROWS // 2,)
    connection.execute("rollback to one")
    assert summary(connection) == expected(1)
    connection.execute("release one")
    load(connection, 10_001)
    connection.commit()
    with psycopg.connect(server.url) as other:
        assert summary(other) == expected(1, 10_001)


def test_rolled_back(server: Server, connection: Connection) -> None:
    load(connection)
    connection.rollback()
    assert summary(connection) == (0, None, None, None)
    load(connection)
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("select 1 / (count(*) - %s) from loaded", [ROWS])
    connection.rollback()
    assert summary(connection) == (0, None, None, None)


def test_with_truncate_and_small_writes(server: Server, connection: Connection) -> None:
    connection.execute("insert into loaded values (20000, 'row 1')")
    load(connection)
    connection.execute("truncate loaded")
    load(connection, 10_001)
    connection.execute("insert into loaded values (1, 'row 3')")
    connection.commit()
    with psycopg.connect(server.url) as other:
        assert other.execute("select count(*), sum(a) from loaded").fetchone() == (
            ROWS + 1,
            sum(range(10_001, 10_001 + ROWS)) + 1,
        )


def test_prepared(server: Server, connection: Connection) -> None:
    if connection.execute("show max_prepared_transactions").fetchone() == ("0",):
        pytest.skip("needs prepared transactions")
    load(connection)
    connection.execute("prepare transaction 'load'")
    connection.commit()
    connection.autocommit = True
    connection.execute("commit prepared 'load'")
    assert summary(connection) == expected(1)
