"""The limits of the dsql mode: every one of them with its SQLSTATE and text, most made smaller."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from gaveldb.engine.ddl import alter_columns
from gaveldb.engine.dsql.limits import LIMITS, MIB, Limits

from ..server_process import ServerProcess
from ..wire.messages import encode
from ..wire.runner import Client
from .test_dsql import World

SHRUNK = ("rows=5", "transaction_bytes=2kB", "key_columns=2", "indexes=2", "columns=6", "schemas=2",
          "views=1",
          "sequences=1", "tables=3", "statistics=1", "row_bytes=1kB", "key_bytes=100",
          "value_bytes=500", "declared_key_bytes=50", "index_columns=3", "view_bytes=100")  # fmt: skip


# tested in test_connect.py
OF_CONNECTIONS = ("connections", "connection_rate", "connection_burst", "connection_seconds")
NOISE = "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 31) g)"  # 992 bytes, 500 if compressed


@pytest.fixture
def world() -> Iterator[World]:
    made = World(*SHRUNK)
    yield made
    made.close()


@pytest.fixture
def unlimited() -> Iterator[World]:
    """With the limits as they are."""
    made = World()
    yield made
    made.close()


LIMITED = {
    "rows": ("UPDATE t SET a = 'y'", "INSERT INTO t SELECT g FROM generate_series(10, 15) g"),
    "transaction_bytes": tuple(f"INSERT INTO t VALUES ({n}, repeat('x', 800))" for n in (10, 11, 12)),
    "key_columns": ("CREATE TABLE c (a int, b int, d int, PRIMARY KEY (a, b, d))",),
    "indexes": ("CREATE TABLE c (a int PRIMARY KEY, b int UNIQUE, d int UNIQUE)",),
    "columns": ("CREATE TABLE c (a int, b int, d int, e int, f int, g int, h int)",),
    "declared_key_bytes": ("CREATE TABLE c (a varchar(51) PRIMARY KEY)",),
    "index_columns": ("CREATE INDEX ASYNC ON t (id) INCLUDE (a, n, a)",),
    "view_bytes": (f"CREATE VIEW v AS SELECT '{'x' * 100}'",),
    "char_bytes": ("CREATE TABLE c (a char(4097))",),
    "varchar_bytes": ("CREATE TABLE c (a varchar(65536))",),
    "row_bytes": ("INSERT INTO t VALUES (10, repeat('x', 2000))",),
    "value_bytes": (f"INSERT INTO t VALUES (10, {NOISE})",),
}
COUNTED = {
    "schemas": ("CREATE SCHEMA s1", "CREATE SCHEMA s2", "CREATE SCHEMA s3"),
    "views": ("CREATE VIEW v1 AS SELECT 1", "CREATE VIEW v2 AS SELECT 1"),
    "sequences": ("CREATE SEQUENCE q1 CACHE 1", "CREATE SEQUENCE q2 CACHE 1"),
    "tables": ("CREATE TABLE t2 (a int)", "CREATE TABLE t3 (a int)", "CREATE TABLE t4 (a int)"),
    "statistics": ("CREATE STATISTICS x1 ON id, a FROM t", "CREATE STATISTICS x2 ON id, a FROM t"),
    "key_bytes": ("CREATE TABLE k (a text PRIMARY KEY)", "INSERT INTO k VALUES (repeat('x', 200))"),
}


def text_of(name: str, **more: str) -> tuple[str, str]:
    error = Limits(SHRUNK).error(name, 0, **{"type": "text", **more})
    return str(error.sqlstate), error.message


@pytest.mark.parametrize("name", LIMITED)
def test_limits_of_transactions(world: World, name: str) -> None:
    world.run("BEGIN")
    for sql in LIMITED[name][:-1]:
        assert world.run(sql) == []
    answer = world.run(LIMITED[name][-1])
    if answer == []:
        answer = world.run("COMMIT")
    assert answer == text_of(name)
    world.run("ROLLBACK")


@pytest.mark.parametrize("name", COUNTED)
def test_limits_of_objects(world: World, name: str) -> None:
    for sql in COUNTED[name][:-1]:
        assert world.run(sql) == []
    assert world.run(COUNTED[name][-1]) == text_of(name)


def test_age(world: World) -> None:
    world.run("BEGIN")
    world.run("SELECT * FROM t")
    world.sessions[1][0].transaction.transaction_timestamp -= 301 * 1_000_000
    assert world.run("SELECT * FROM t") == ("54000", "transaction age limit of 300s exceeded")
    world.run("ROLLBACK")


def test_every_limit_is_tested() -> None:
    others = (
        "transaction_seconds",
        "message_bytes",
        "storage_bytes",
        "query_memory",
    )  # functions of their own below
    assert {limit.name for limit in LIMITS} == {*LIMITED, *COUNTED, *OF_CONNECTIONS, *others}


@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO u SELECT g FROM generate_series(1, {n}) g", "UPDATE u SET id = -id WHERE id <= {n}",
     "DELETE FROM u WHERE id <= {n}"],
)  # fmt: skip
def test_row_count_exactly(unlimited: World, statement: str, explicit: bool) -> None:
    world = unlimited
    world.run("CREATE TABLE u (id int)")
    if not statement.startswith("INSERT"):
        for low in (1, 3000):
            world.run(f"INSERT INTO u SELECT generate_series({low}, {low} + 2998)")
    before = world.run("SELECT count(*) FROM u")
    for count, answer in ((3001, ("54000", "transaction row limit exceeded")), (3000, [])):
        assert world.run("SELECT count(*) FROM u") == before
        if explicit:
            world.run("BEGIN")
        assert world.run(statement.format(n=count)) == answer
        if explicit:
            world.run("COMMIT")


def test_rows_of_several_statements_count(unlimited: World) -> None:
    unlimited.run("CREATE TABLE u (id int)")
    unlimited.run("BEGIN")
    for _ in range(3):
        assert unlimited.run("INSERT INTO u SELECT generate_series(1, 1000)") == []
    assert unlimited.run("INSERT INTO u VALUES (1)") == ("54000", "transaction row limit exceeded")
    unlimited.run("ROLLBACK")


def test_details(unlimited: World) -> None:
    world = unlimited
    world.run("BEGIN")
    for number in range(10, 21):
        assert world.run(f"INSERT INTO t VALUES ({number}, repeat('x', 1000000))") == []
    assert world.run("COMMIT") == ("54000", "transaction size limit 10mb exceeded")
    assert world.error is not None and world.error.detail == "Current transaction size 10.49mb > 10mb"
    world.run("BEGIN")
    world.run("SELECT * FROM t")
    world.sessions[1][0].transaction.transaction_timestamp -= 301 * 1_000_000
    assert world.run("SELECT * FROM t")[0] == "54000"
    assert world.error is not None and world.error.detail == "Current transaction age 301s exceeds 300s"


@pytest.mark.parametrize(
    ("declared", "value", "name"),
    [
        ("text", NOISE, "text"),
        ("varchar(2000)", NOISE, "varchar"),
        ("bytea", f"convert_to({NOISE}, 'UTF8')", "bytea"),
        ("json", f"to_json({NOISE})", "json"),
        ("jsonb", f"to_jsonb({NOISE})", "jsonb"),
        ("text", "repeat('x', 900)", ""),  # becomes short
        ("numeric(900)", "repeat('7', 900)::numeric", ""),
    ],
)
def test_stored_size_of_a_value(world: World, declared: str, value: str, name: str) -> None:
    world.run(f"CREATE TABLE v (a {declared})")
    assert world.run(f"INSERT INTO v VALUES ({value})") == (text_of("value_bytes", type=name) if name else [])


KEY_TOO_LONG = ("54000", "key size greater than 2000 bytes not supported")
TOO_MANY_COLUMNS = ("54011", "tables can have at most 255 columns")
NO_WIDER_INDEX = ("54011", "cannot use more than 256 columns in an index")


def columns(count: int, stem: str = "c") -> str:
    return ", ".join([f"{stem}{number} int" for number in range(count)])


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("CREATE TABLE c (a varchar(2000) PRIMARY KEY)", []),
        ("CREATE TABLE c (a varchar(2001) PRIMARY KEY)", KEY_TOO_LONG),
        ("CREATE TABLE c (a varchar(3000) UNIQUE, b int)", KEY_TOO_LONG),
        ("CREATE TABLE c (a char(2001), b int, PRIMARY KEY (b, a))", KEY_TOO_LONG),
        ("CREATE TABLE c (a int PRIMARY KEY, b long UNIQUE)", KEY_TOO_LONG),
        ("CREATE TABLE c (a text PRIMARY KEY, b varchar(3000))", []),
        ("CREATE INDEX ASYNC ON k (a)", KEY_TOO_LONG),
        ("CREATE INDEX ASYNC ON k (c, b)", KEY_TOO_LONG),
        ("CREATE INDEX ASYNC ON k (d)", KEY_TOO_LONG),
        (f"CREATE TABLE c ({columns(255)})", []),
        (f"CREATE TABLE c ({columns(256)})", TOO_MANY_COLUMNS),
        ("ALTER TABLE wide ADD COLUMN x int", []),
        ("ALTER TABLE wide ADD COLUMN x int, ADD COLUMN y int", TOO_MANY_COLUMNS),
        ("ALTER TABLE wide ADD COLUMN x int, ADD COLUMN y int, DROP COLUMN c1", []),
        ("ALTER TABLE wide ADD COLUMN IF NOT EXISTS c1 int, ADD COLUMN x int", []),
        (f"CREATE INDEX ASYNC ON wide (c1) INCLUDE ({'c2, ' * 255}c3)", NO_WIDER_INDEX),
        (f"CREATE TABLE c (a int, PRIMARY KEY (a) INCLUDE ({'a, ' * 255}a))", NO_WIDER_INDEX),
        (f"CREATE TABLE c (a int, PRIMARY KEY (a) INCLUDE ({'a, ' * 254}a))", []),
        (f"CREATE VIEW v AS SELECT '{'x' * (511 << 10)}'", []),
        (f"CREATE VIEW v AS SELECT '{'x' * (512 << 10)}'", ("54000", "view definition too large")),
    ],
)
def test_definitions(unlimited: World, sql: str, answer: object) -> None:
    unlimited.run("CREATE DOMAIN long AS varchar(3000)")
    unlimited.run("CREATE TABLE k (a varchar(3000), b char(2001), c int, d long)")
    unlimited.run(f"CREATE TABLE wide ({columns(254)})")
    assert unlimited.run(sql) == answer


def test_wide_index(unlimited: World) -> None:
    unlimited.run(f"CREATE TABLE wide ({columns(254)})")
    assert len(unlimited.run(f"CREATE INDEX ASYNC ON wide (c1) INCLUDE ({'c2, ' * 254}c3)")) == 1


def test_columns_of_a_life(unlimited: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those dropped count, as in PostgreSQL."""
    monkeypatch.setattr(alter_columns, "COLUMNS_MAX", alter_columns.COLUMNS_MAX - 1585)
    unlimited.run(f"CREATE TABLE wide (id int, {columns(12)})")
    dropped = [f"DROP COLUMN c{number}" for number in range(12)]
    assert unlimited.run(f"ALTER TABLE wide {', '.join(dropped)}") == []
    lifetime = ("54011", "tables can have at most 15 columns")
    assert unlimited.run("ALTER TABLE wide ADD COLUMN x int, ADD COLUMN y int, ADD COLUMN z int") == lifetime
    assert unlimited.run("ALTER TABLE wide ADD COLUMN x int, ADD COLUMN y int") == []
    assert unlimited.run("ALTER TABLE wide ADD COLUMN z int") == lifetime


def test_storage_in_memory() -> None:
    world = World("storage_bytes=100kB")
    assert fill(world) > 50
    assert len(world.run("SELECT 1")) == 1
    world.close()


def test_storage_on_disk(tmp_path: Path) -> None:
    world = World("storage_bytes=4MB", data_dir=tmp_path)
    assert fill(world, "100000") > 5
    world.close()


def test_a_job_in_a_full_cluster() -> None:
    """It fails, and whoever waits for it is told."""
    world = World("storage_bytes=300kB")
    assert world.run("INSERT INTO t SELECT g, 'x' FROM generate_series(10, 2000) g") == []
    assert world.run("SET gaveldb.job_delay = 2000") == []
    ((job,),) = world.run("CREATE INDEX ASYNC ON t (n)")
    large = "INSERT INTO t SELECT max(id) + 1, repeat('x', 20000) FROM t"
    answers = [world.run(large, 2) for _ in range(30)]
    assert answers[-1] == ("53100", "Current cluster size exceeds cluster size limit.")
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["f"]]
    assert world.run("SELECT status, details FROM sys.jobs") == [
        ["failed", "Current cluster size exceeds cluster size limit."]
    ]
    world.close()


def fill(world: World, size: str = "1000") -> int:
    """How many rows there was room for."""
    for number in range(10, 1000):
        answer = world.run(f"INSERT INTO t VALUES ({number}, repeat('x', {size}))")
        if answer != []:
            assert answer == ("53100", "Current cluster size exceeds cluster size limit.")
            break
    assert int(world.run("SELECT count(*) FROM t")[0][0]) == number - 7
    assert world.run("CREATE TABLE u (id int)")[0] == "53100"
    return number


MESSAGES = [
    ("Q", b"", b"SFATAL\0VFATAL\0C08P01\0Minvalid message length\0"),
    ("B", b"", b"SFATAL\0VFATAL\0C08P01\0Minvalid message length\0"),
    ("d", encode('Query {"text": "COPY t FROM STDIN"}'), b"C08P01\0Minvalid message length\0"),
]


def test_message_length() -> None:
    with ServerProcess(None, 0, "--dsql") as server:
        for tag, before, answer in MESSAGES:
            client = Client((server.host, server.port))
            client.start()
            if before:
                client.socket.sendall(encode('Query {"text": "CREATE TABLE t (a text)"}'))
                client.until(["ReadyForQuery"])
                client.socket.sendall(before)
                client.until(["CopyInResponse"])
            client.socket.sendall(tag.encode() + (10 * MIB + 1).to_bytes(4, "big"))
            received = b""
            while data := client.socket.recv(65536):
                received += data
            assert answer in received
            client.close()


def test_largest_message() -> None:
    with ServerProcess(None, 0, "--dsql", "--user", "admin") as server:
        url = f"postgresql://admin@127.0.0.1:{server.port}/postgres?sslmode=disable"
        with psycopg.connect(url, autocommit=True) as connection:
            overhead = len(b"select length('')\0") + 4
            text = "x" * (10 * MIB - overhead)
            assert connection.execute(f"select length('{text}')").fetchone() == (len(text),)
            with pytest.raises(psycopg.OperationalError):
                connection.execute(f"select length('{text}x')")


ROWS = "(SELECT g, repeat('x', 20) || g AS a FROM generate_series(1, {n}) g) s"
HOLDING = [
    f"SELECT * FROM {ROWS} ORDER BY a",
    f"SELECT * FROM {ROWS} ORDER BY a LIMIT {{n}} - 1",
    f"SELECT DISTINCT a FROM {ROWS}",
    f"SELECT a, count(*) FROM {ROWS} GROUP BY a",
    f"SELECT g, a, count(*) FROM {ROWS} GROUP BY ROLLUP (g, a)",
    f"SELECT count(DISTINCT a) FROM {ROWS}",
    f"SELECT length(string_agg(a, ',')) FROM {ROWS}",
    f"SELECT length(string_agg(a, ',' ORDER BY g)) FROM {ROWS}",
    f"SELECT array_length(array_agg(a), 1) FROM {ROWS}",
    f"SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM {ROWS}",
    f"SELECT count(*) FROM {ROWS} JOIN {ROWS}2 ON s.a = s2.a",
    f"SELECT count(*) FROM {ROWS} LEFT JOIN {ROWS}2 ON s.a = s2.a AND s.g <> s2.g",
    f"SELECT count(*) FROM {ROWS} FULL JOIN {ROWS}2 ON s.a = s2.a",
    f"SELECT count(*) FROM t LEFT JOIN {ROWS} ON t.a < s.a",
    f"SELECT count(*) FROM t WHERE t.a NOT IN (SELECT a FROM {ROWS})",
    f"SELECT array_length(ARRAY(SELECT a FROM {ROWS}), 1)",
    f"SELECT a FROM {ROWS} INTERSECT SELECT a FROM {ROWS}",
    f"SELECT a FROM {ROWS} EXCEPT ALL SELECT a FROM {ROWS}",
    f"SELECT a FROM {ROWS} UNION SELECT a FROM {ROWS}",
    f"WITH c AS MATERIALIZED (SELECT * FROM {ROWS}) SELECT count(*) FROM c",
    "WITH RECURSIVE c(n, a) AS (SELECT 1, 'x' UNION ALL SELECT n + 1, repeat('x', 20) FROM c WHERE n < {n})"
    " SELECT count(*) FROM c",
    f"SELECT rank() OVER (ORDER BY a) FROM {ROWS}",
]
TOO_MUCH = ("54000", "query requires more than allowed temp space of 64 KB to execute")


@pytest.fixture(scope="module")
def narrow() -> Iterator[World]:
    made = World("query_memory=64kB")
    yield made
    made.close()


@pytest.mark.parametrize("sql", HOLDING)
def test_query_memory(narrow: World, sql: str) -> None:
    assert isinstance(narrow.run(sql.format(n=100)), list)
    assert narrow.run(sql.format(n=5000)) == TOO_MUCH


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * FROM {ROWS}",
        f"SELECT max(a), count(*), sum(g) FROM {ROWS}",
        f"SELECT * FROM {ROWS} ORDER BY a LIMIT 10",
        f"SELECT g % 10, count(*) FROM {ROWS} GROUP BY 1",
        f"SELECT count(DISTINCT g % 7) FROM {ROWS}",
        # each time anew
        "SELECT (SELECT string_agg(repeat('x', 20), '' ORDER BY i) FROM generate_series(1, 50) i"
        " WHERE i <> g) FROM generate_series(1, {n}) g",
        "SELECT count(*) FROM generate_series(1, {n}) g, LATERAL"
        " (SELECT DISTINCT i % 30 FROM generate_series(1, 50) i WHERE i <> g) s",
    ],
)
def test_what_needs_no_query_memory(narrow: World, sql: str) -> None:
    assert isinstance(narrow.run(sql.format(n=5000)), list)


def test_few_large_rows(narrow: World) -> None:
    sql = "SELECT * FROM (SELECT repeat('x', 10000) || g AS a FROM generate_series(1, {n}) g) s ORDER BY a"
    assert len(narrow.run(sql.format(n=5))) == 5
    assert narrow.run(sql.format(n=7)) == TOO_MUCH
