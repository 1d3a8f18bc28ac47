"""COPY through drivers: binary round trips of many types, rows one by one, large amounts, failures."""

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path

import asyncpg
import psycopg
import pytest

from ..fix_server import Server

TYPES = "int2 int4 int8 float8 numeric text bytea bool date timestamptz uuid jsonb int4[] interval varchar(5)"
ROW = (
    1, -2, 3, 0.5, Decimal("1.50"), "é\t\\", b"\0\xff", True, dt.date(2020, 2, 29),
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC), uuid.UUID(int=7), '{"a": [1, null]}', [1, None, 3],
    dt.timedelta(days=1, microseconds=5), "abc",
)  # fmt: skip


def table(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    columns = ", ".join(f"c{number} {typname}" for number, typname in enumerate(TYPES.split()))
    connection.execute(f"drop table if exists {name}")  # type: ignore[call-overload]
    connection.execute(f"create table {name} ({columns})")  # type: ignore[call-overload]


async def test_asyncpg_records(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        table(connection, "records")
    connection = await asyncpg.connect(server.url)
    rows = [ROW, (None,) * len(ROW), ROW]
    assert await connection.copy_records_to_table("records", records=rows) == "COPY 3"
    assert [tuple(row) for row in await connection.fetch("select * from records")] == rows
    await connection.close()


@pytest.mark.parametrize("options", ["", "(format csv)", "(format binary)", "(format csv, header match)"])
def test_out_and_in_again(server: Server, options: str) -> None:
    header = options.replace("match", "true")
    with psycopg.connect(server.url, autocommit=True) as connection:
        table(connection, "source")
        table(connection, "target")
        connection.execute(
            "insert into source (c1, c5) select i, repeat('x', i % 50) from generate_series(1, 3000) i"
        )
        connection.execute(
            "insert into source values (1, 2, 3, 'nan', 'infinity', E'\\\\N\\n\"q\"', '\\x00', false, "
            "'-infinity', 'infinity', null, '{}', '{}', '1 mon', '')"
        )
        cursor = connection.cursor()
        with cursor.copy(f"copy source to stdout {header}") as copy:  # type: ignore[arg-type]
            data = b"".join(bytes(piece) for piece in copy)
        with cursor.copy(f"copy target from stdin {options}") as copy:  # type: ignore[arg-type]
            for start in range(0, len(data), 777):
                copy.write(data[start : start + 777])
        assert cursor.rowcount == 3001
        difference = "(table source except all table target) union all (table target except all table source)"
        assert connection.execute(difference).fetchall() == []


def test_rows_arrive_one_by_one(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection, connection.cursor() as cursor:
        with cursor.copy("copy (select i, null from generate_series(1, 3) i) to stdout") as copy:
            assert list(copy.rows()) == [("1", None), ("2", None), ("3", None)]
        with cursor.copy("copy (select i from generate_series(1, 3) i) to stdout (format binary)") as copy:
            copy.set_types(["int4"])
            assert list(copy.rows()) == [(1,), (2,), (3,)]


def test_failed_copy_leaves_nothing(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists failing; create table failing (a int primary key)")
        with pytest.raises(psycopg.errors.UniqueViolation), cursor.copy("copy failing from stdin") as copy:
            copy.write("1\n2\n1\n")
        with (
            pytest.raises(psycopg.errors.BadCopyFileFormat),
            cursor.copy("copy failing from stdin binary") as copy,
        ):
            copy.write(b"nonsense nonsense nonsense")
        with pytest.raises(RuntimeError), cursor.copy("copy failing from stdin") as copy:
            copy.write("1\n")
            raise RuntimeError
        assert cursor.execute("select count(*) from failing").fetchone() == (0,)


def test_server_files(server: Server, tmp_path: Path) -> None:
    name = tmp_path / "data.csv"
    with psycopg.connect(server.url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"copy (select i, 'a,b' from generate_series(1, 3) i) to '{name}' csv")  # type: ignore[call-overload]
        assert name.read_text() == '1,"a,b"\n2,"a,b"\n3,"a,b"\n'
        cursor.execute("drop table if exists files; create table files (a int, b text)")
        cursor.execute(f"copy files from '{name}' csv")  # type: ignore[call-overload]
        assert cursor.execute("select * from files where a = 2").fetchall() == [(2, "a,b")]
