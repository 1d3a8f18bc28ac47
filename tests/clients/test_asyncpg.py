"""asyncpg: introspection, binary codecs of all types, cursors, COPY, notifications, errors."""

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any

import asyncpg
import pytest

from ..fix_server import Server

DAY = dt.date(2024, 2, 29)
MOMENT = dt.datetime(2024, 2, 29, 12, 34, 56, 789012)
ZONED = MOMENT.replace(tzinfo=dt.UTC)
VALUES: list[tuple[str, Any]] = [
    ("bool", True),
    ("int2", -32768),
    ("int4", 2147483647),
    ("int8", -(2**63)),
    ("float4", 1.5),
    ("float8", 1e300),
    ("numeric", Decimal("-12345678901234567890.123450")),
    ("numeric", Decimal("0.0001")),
    ("text", "Grüße 😀"),
    ("varchar(10)", "abc"),
    ("char(5)", "ab   "),
    ("name", "a name"),
    ("bytea", bytes(range(256))),
    ("date", DAY),
    ("time", dt.time(23, 59, 59, 999999)),
    ("timetz", dt.time(1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=-5)))),
    ("timestamp", MOMENT),
    ("timestamptz", ZONED),
    ("interval", dt.timedelta(days=3, seconds=5, microseconds=7)),
    ("uuid", uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
    ("json", '{"a": 1}'),
    ("jsonb", '{"a": [1, null]}'),
    ("jsonpath", '$."a"'),
    ("bit(5)", asyncpg.BitString("10101")),
    ("varbit", asyncpg.BitString("101")),
    ("oid", 4294967295),
    ("int4[]", [1, None, 3]),
    ("int4[]", [[1, 2], [3, 4]]),
    ("text[]", ["a", None, 'q"\\,{}', ""]),
    ("numeric[]", [Decimal("1.50")]),
    ("timestamptz[]", [ZONED, None]),
    ("uuid[]", []),
]
LATER: list[tuple[str, Any]] = [
    ("inet", ip_address("192.168.1.5")),
    ("cidr", ip_network("10.0.0.0/8")),
    ("int4range", asyncpg.Range(1, 5)),
    ("numrange", asyncpg.Range(Decimal("1.5"), None, lower_inc=False)),
    ("int4multirange", [asyncpg.Range(1, 3), asyncpg.Range(5, 8)]),
    ("point", asyncpg.Point(1, 2)),
    ("box", asyncpg.Box((3, 4), (1, 2))),
    ("money", "$1.00"),
]


@pytest.fixture
async def connection(server: Server) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(server.url)
    await opened.execute("DROP SCHEMA IF EXISTS apg CASCADE; CREATE SCHEMA apg; SET search_path TO apg")
    yield opened
    await opened.execute("DROP SCHEMA apg CASCADE")
    await opened.close()


@pytest.mark.parametrize(("name", "value"), VALUES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(VALUES)])
async def test_binary_codec(connection: Any, name: str, value: Any) -> None:
    assert await connection.fetchval(f"SELECT $1::{name}", value) == value
    await connection.execute(f"CREATE TABLE v (a {name})")
    await connection.execute("INSERT INTO v VALUES ($1), (NULL)", value)
    assert [row["a"] for row in await connection.fetch("SELECT a FROM v")] == [value, None]
    await connection.copy_records_to_table("v", schema_name="apg", records=[(value,), (None,)])
    assert await connection.fetchval("SELECT count(*) FROM v WHERE a IS NOT NULL") == 2


@pytest.mark.parametrize(("name", "value"), LATER, ids=[name for name, _ in LATER])
async def test_binary_codec_of_rarer_types(connection: Any, name: str, value: Any) -> None:
    try:
        found = await connection.fetchval(f"SELECT $1::{name}", value)
    except asyncpg.FeatureNotSupportedError as error:
        pytest.xfail(str(error))
    assert found == value


async def test_introspection(connection: Any) -> None:
    """Types that asyncpg has to ask the catalogs about."""
    await connection.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (x int, y text, m mood[]);"
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
        "CREATE TABLE t (m mood, ms mood[], p pair, ps pair[], d positive, ds positive[])"
    )
    row = ("ok", ["sad", "ok"], (1, "a", ["ok"]), [(2, None, None)], 5, [1, 2])
    await connection.execute("INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6)", *row)
    found = await connection.fetchrow("SELECT * FROM t")
    assert tuple(found) == row
    assert found["p"]["y"] == "a"
    assert await connection.fetchval("SELECT ROW(1, 'x', NULL)") == (1, "x", None)
    assert (await connection.fetchval("SELECT t FROM t"))["d"] == 5
    with pytest.raises(
        asyncpg.CheckViolationError, match=r"value for domain (apg\.)?positive violates check"
    ):
        await connection.execute("INSERT INTO t (d) VALUES ($1)", -1)
    with pytest.raises(
        asyncpg.InvalidTextRepresentationError, match=r"invalid input value for enum (apg\.)?mood"
    ):
        await connection.execute("INSERT INTO t (m) VALUES ($1)", "none")


async def test_type_codec(connection: Any) -> None:
    import json

    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    assert await connection.fetchval("SELECT $1::jsonb || '{\"b\": 2}'", {"a": [1]}) == {"a": [1], "b": 2}
    await connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    await connection.set_type_codec("mood", encoder=str.lower, decoder=str.upper, schema="apg", format="text")
    assert await connection.fetchval("SELECT $1::mood", "OK") == "OK"


async def test_prepared(connection: Any) -> None:
    statement = await connection.prepare("SELECT $1::int AS a, $2::text AS b, now() AS c")
    assert [kind.name for kind in statement.get_parameters()] == ["int4", "text"]
    assert [(a.name, a.type.name) for a in statement.get_attributes()] == [
        ("a", "int4"), ("b", "text"), ("c", "timestamptz"),
    ]  # fmt: skip
    assert (await statement.fetchrow(1, "x"))["b"] == "x"
    assert await statement.fetchval(5, None) == 5
    await connection.execute("CREATE TABLE t (a int)")
    changing = await connection.prepare("SELECT * FROM t")
    assert await changing.fetch() == []
    await connection.execute("ALTER TABLE t ADD b text DEFAULT 'x'; INSERT INTO t VALUES (1)")
    with pytest.raises(asyncpg.InvalidCachedStatementError, match="cached statement plan is invalid"):
        await changing.fetch()
    assert tuple(await connection.fetchrow("SELECT * FROM t")) == (1, "x")


async def test_cursor(connection: Any) -> None:
    async with connection.transaction():
        numbers = [row[0] async for row in connection.cursor("SELECT generate_series(1, 120)", prefetch=50)]
        assert numbers == list(range(1, 121))
        cursor = await connection.cursor("SELECT generate_series(1, $1::int)", 10)
        assert [row[0] for row in await cursor.fetch(3)] == [1, 2, 3]
        assert await cursor.forward(4) == 4
        assert (await cursor.fetchrow())[0] == 8
        assert [row[0] for row in await cursor.fetch(5)] == [9, 10]
        assert await cursor.fetchrow() is None


async def test_executemany_is_atomic(connection: Any) -> None:
    await connection.execute("CREATE TABLE t (a int PRIMARY KEY)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.executemany("INSERT INTO t VALUES ($1)", [(1,), (2,), (1,)])
    assert await connection.fetchval("SELECT count(*) FROM t") == 0
    await connection.executemany("INSERT INTO t VALUES ($1)", [(n,) for n in range(1000)])
    assert await connection.fetchval("SELECT count(*) FROM t") == 1000
    rows = await connection.fetchmany(
        "INSERT INTO t VALUES ($1) RETURNING a", [(n,) for n in range(2000, 2010)]
    )
    assert [row["a"] for row in rows] == list(range(2000, 2010))


async def test_copy(connection: Any) -> None:
    import io

    await connection.execute("CREATE TABLE t (a int, b text, c timestamptz)")
    records = [(n, f"x\t{n}" if n % 3 else None, ZONED) for n in range(5000)]
    assert await connection.copy_records_to_table("t", schema_name="apg", records=records) == "COPY 5000"
    out = io.BytesIO()
    assert await connection.copy_from_table("t", schema_name="apg", output=out, format="csv") == "COPY 5000"
    await connection.execute("TRUNCATE t")
    out.seek(0)
    assert await connection.copy_to_table("t", schema_name="apg", source=out, format="csv") == "COPY 5000"
    assert await connection.fetchval("SELECT count(*) FROM t WHERE b IS NULL") == 1667
    out = io.BytesIO()
    await connection.copy_from_query("SELECT a FROM t WHERE a < $1 ORDER BY a", 3, output=out)
    assert out.getvalue() == b"0\n1\n2\n"
    with pytest.raises(asyncpg.BadCopyFileFormatError):
        await connection.copy_to_table("t", schema_name="apg", source=io.BytesIO(b"1\n"))
    assert await connection.fetchval("SELECT 1") == 1


async def test_notifications(connection: Any, server: Server) -> None:
    queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    await connection.add_listener(
        "news", lambda _c, _p, channel, payload: queue.put_nowait((channel, payload))
    )
    other = await asyncpg.connect(server.url)
    async with other.transaction():
        await other.execute("NOTIFY news, 'first'")
        await other.execute("SELECT pg_notify('news', 'second')")
        await asyncio.sleep(0.05)
        assert queue.empty()
    assert await asyncio.wait_for(queue.get(), 5) == ("news", "first")
    assert await asyncio.wait_for(queue.get(), 5) == ("news", "second")
    await other.close()


async def test_errors_and_savepoints(connection: Any) -> None:
    await connection.execute("CREATE TABLE t (a int CONSTRAINT one UNIQUE)")
    async with connection.transaction():
        await connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(asyncpg.UniqueViolationError) as found:
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES (1)")
        assert (found.value.constraint_name, found.value.table_name) == ("one", "t")
        assert found.value.detail == "Key (a)=(1) already exists."
        await connection.execute("INSERT INTO t VALUES (2)")
    assert await connection.fetchval("SELECT count(*) FROM t") == 2


async def test_timeout_cancels(connection: Any) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await connection.fetch("SELECT count(*) FROM generate_series(1, 1000000000)", timeout=0.3)
    assert await connection.fetchval("SELECT 1") == 1


async def test_pool(server: Server) -> None:
    async with asyncpg.create_pool(server.url, min_size=2, max_size=5) as pool:

        async def work(number: int) -> int:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SET LOCAL work_mem = '1MB'")
                return int(await connection.fetchval("SELECT $1::int", number))

        assert await asyncio.gather(*[work(number) for number in range(100)]) == list(range(100))
