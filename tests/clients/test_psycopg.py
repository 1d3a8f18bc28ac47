"""psycopg 3: binary and text, pipelines, server-side cursors, COPY, notifications, two-way transactions."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.json import Jsonb

from ..fix_server import Server

Connection = psycopg.Connection[Any]


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    with psycopg.connect(server.url, autocommit=True) as opened:
        opened.execute("DROP SCHEMA IF EXISTS pp CASCADE")
        opened.execute("CREATE SCHEMA pp")
        opened.execute("SET search_path TO pp")
        yield opened
        opened.execute("DROP SCHEMA pp CASCADE")


VALUES: list[Any] = [
    True, 1, 2**40, -1.5, Decimal("1.10"), "text", b"\x00\xff", dt.date(2020, 1, 2), dt.time(1, 2, 3),
    dt.datetime(2020, 1, 2, 3, 4, 5), dt.timedelta(days=1, seconds=2),
    [1, 2, None], [[1, 2], [3, 4]],
]  # fmt: skip


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("value", VALUES, ids=[str(n) for n in range(len(VALUES))])
def test_values(connection: Connection, value: Any, binary: bool) -> None:
    assert connection.execute("SELECT %b" if binary else "SELECT %t", (value,), binary=binary).fetchone() == (
        value,
    )


@pytest.mark.parametrize("binary", [False, True])
def test_json_and_infinities(connection: Connection, binary: bool) -> None:
    row = connection.execute(
        "SELECT %s, 'NaN'::numeric, 'infinity'::float8", (Jsonb({"a": [1]}),), binary=binary
    )
    found = row.fetchone()
    assert found is not None
    assert found[0] == {"a": [1]}
    assert found[1].is_nan()
    assert found[2] == float("inf")


def test_pipeline(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (a int PRIMARY KEY)")
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("INSERT INTO t VALUES (%s) RETURNING a", (n,)) for n in range(100)]
        pipeline.sync()
        assert [cursor.fetchone() for cursor in cursors] == [(n,) for n in range(100)]
    with pytest.raises(errors.UniqueViolation), connection.pipeline():
        connection.execute("INSERT INTO t VALUES (200)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT INTO t VALUES (201)")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (100,)


def test_executemany(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (a int, b text)")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO t VALUES (%s, %s) RETURNING a", [(n, "x") for n in range(50)], returning=True
        )
        found = []
        while True:
            found.append(cursor.fetchone())
            if not cursor.nextset():
                break
        assert found == [(n,) for n in range(50)]


def test_server_cursor(connection: Connection) -> None:
    with connection.transaction(), connection.cursor(name="many", scrollable=True) as cursor:
        cursor.execute("SELECT generate_series(1, 1000)")
        assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
        cursor.scroll(96)
        assert cursor.fetchone() == (100,)
        cursor.scroll(-2)
        assert cursor.fetchone() == (99,)
        assert len(cursor.fetchall()) == 901
    with connection.transaction(), connection.cursor(name="held", withhold=True) as cursor:
        cursor.execute("SELECT generate_series(1, 10)")
        assert len(list(cursor)) == 10


def test_rows_and_describe(connection: Connection) -> None:
    cursor = connection.cursor(row_factory=dict_row)
    assert cursor.execute("SELECT 1 AS a, 'x' AS b").fetchone() == {"a": 1, "b": "x"}
    assert cursor.description is not None
    assert [(column.name, column.type_code) for column in cursor.description] == [("a", 23), ("b", 25)]
    named = (
        connection.cursor(row_factory=namedtuple_row)
        .execute("SELECT 1 AS a, 2.50::numeric(5,2) AS n")
        .fetchone()
    )
    assert named.n == Decimal("2.50")
    cursor = connection.execute("SELECT 1.5::numeric(10,3) AS n, 'x'::varchar(7) AS v")
    assert cursor.description is not None
    assert (cursor.description[0].precision, cursor.description[0].scale) == (10, 3)
    assert cursor.description[1].display_size == 7


@pytest.mark.parametrize("binary", [False, True])
def test_copy(connection: Connection, binary: bool) -> None:
    connection.execute("CREATE TABLE t (a int, b text, c date, n numeric)")
    form = sql.SQL("(FORMAT binary)" if binary else "")
    rows = [
        (n, None if n % 5 == 0 else f"line\n{n}", dt.date(2020, 1, 1), Decimal(n) / 4) for n in range(500)
    ]
    with connection.cursor().copy(sql.SQL("COPY t FROM STDIN {}").format(form)) as copy:
        copy.set_types(["int4", "text", "date", "numeric"])
        for row in rows:
            copy.write_row(row)
    with connection.cursor().copy(
        sql.SQL("COPY (SELECT * FROM t ORDER BY a) TO STDOUT {}").format(form)
    ) as copy:
        copy.set_types(["int4", "text", "date", "numeric"])
        assert list(copy.rows()) == rows
    with pytest.raises(ZeroDivisionError), connection.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("1\tx\t2020-01-01\t1\n")
        raise ZeroDivisionError
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (500,)


def test_notifies(connection: Connection, server: Server) -> None:
    connection.execute("LISTEN pp_news")
    with psycopg.connect(server.url, autocommit=True) as other:
        other.execute("NOTIFY pp_news, 'hello'")
    found = next(connection.notifies(timeout=5))
    assert (found.channel, found.payload) == ("pp_news", "hello")


def test_notices(connection: Connection) -> None:
    told: list[str | None] = []
    connection.add_notice_handler(lambda notice: told.append(notice.message_primary))
    connection.execute("DROP TABLE IF EXISTS nothing")
    assert told == ['table "nothing" does not exist, skipping']


def test_transactions(connection: Connection, server: Server) -> None:
    connection.execute("CREATE TABLE t (a int)")
    with connection.transaction():
        connection.execute("INSERT INTO t VALUES (1)")
        with connection.transaction(force_rollback=True):
            connection.execute("INSERT INTO t VALUES (2)")
        with pytest.raises(ZeroDivisionError), connection.transaction():
            connection.execute("INSERT INTO t VALUES (3)")
            raise ZeroDivisionError
    assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
    with psycopg.connect(server.url) as other:
        other.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        other.read_only = True
        with pytest.raises(errors.ReadOnlySqlTransaction):
            other.execute("INSERT INTO pp.t VALUES (9)")
        assert other.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        other.rollback()


def test_cancel(connection: Connection) -> None:
    timer = threading.Timer(0.3, connection.cancel_safe)
    timer.start()
    start = time.perf_counter()
    with pytest.raises(errors.QueryCanceled, match="canceling statement due to user request"):
        connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)")
    assert time.perf_counter() - start < 10
    timer.join()
    assert connection.execute("SELECT 'still here'").fetchone() == ("still here",)


def test_composites_and_enums(connection: Connection) -> None:
    connection.execute("CREATE TYPE pair AS (x int, y text)")
    connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    pair = CompositeInfo.fetch(connection, "pp.pair")
    mood = EnumInfo.fetch(connection, "pp.mood")
    assert pair is not None and mood is not None
    register_composite(pair, connection)
    register_enum(mood, connection)
    assert pair.python_type is not None
    value = pair.python_type(1, "a, (b)")
    assert connection.execute("SELECT %s::pair", (value,)).fetchone() == (value,)
    assert connection.execute("SELECT ROW(5, NULL)::pair").fetchone() == (pair.python_type(5, None),)
    assert connection.execute("SELECT 'ok'::mood").fetchone()[0].name == "ok"  # type: ignore[index]


def test_error_diagnostics(connection: Connection) -> None:
    with pytest.raises(errors.UndefinedColumn) as found:
        connection.execute("SELECT 1,\n  nothing")
    assert found.value.diag.statement_position == "13"
    assert found.value.diag.sqlstate == "42703"
    connection.execute("CREATE TABLE t (a int NOT NULL, CONSTRAINT positive CHECK (a > 0))")
    with pytest.raises(errors.CheckViolation) as broken:
        connection.execute("INSERT INTO t VALUES (-1)")
    diag = broken.value.diag
    assert (diag.schema_name, diag.table_name, diag.constraint_name) == ("pp", "t", "positive")


def test_triggers_of_prepared_statements(server: Server) -> None:
    """A table with triggers has no express way; without them it has one again."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("drop table if exists watched, notes")
        connection.execute("create table watched (id int primary key, n int)")
        connection.execute("create table notes (what text)")
        connection.execute("insert into watched values (1, 0)")
        text = "update watched set n = n + %s where id = %s"
        for _ in range(3):
            connection.execute(text, [1, 1], prepare=True)
        connection.execute(
            "create or replace function note() returns trigger language plpgsql as "
            "$$ begin perform pg_sleep(0.01); insert into notes values (tg_when || new.n); return new; end $$"
        )
        connection.execute("create trigger a before update on watched for each row execute function note()")
        connection.execute("create trigger b after update on watched for each row execute function note()")
        for _ in range(2):
            connection.execute(text, [1, 1], prepare=True)
        connection.execute("drop trigger a on watched")
        connection.execute("alter table watched disable trigger b")
        connection.execute(text, [1, 1], prepare=True)
        rows = connection.execute("select what from notes").fetchall()
        assert rows == [("BEFORE4",), ("AFTER4",), ("BEFORE5",), ("AFTER5",)]
        assert connection.execute("select n from watched").fetchall() == [(6,)]
