"""Refusals and conflicts of the dsql mode, as they were recorded from the service."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gaveldb.engine.api import open_engine
from gaveldb.engine.dsql import rules
from gaveldb.engine.errors import SqlError

from ..unit.sql_session import Collector, decode_rows


class World:
    """One engine in dsql mode, and sessions by number."""

    def __init__(self, *limits: str, data_dir: Path | None = None) -> None:
        self.error: SqlError | None = None  # of the last statement
        self.loop = asyncio.new_event_loop()
        place = {"in_memory": True} if data_dir is None else {"data_dir": data_dir}
        self.engine = open_engine({**place, "dsql": True, "dsql_limits": limits})
        self.loop.run_until_complete(self.engine.open())
        self.sessions: dict[int, tuple[Any, Collector]] = {}
        self.run("CREATE TABLE t (id int PRIMARY KEY, a text, n numeric)")
        for number in range(1, 4):
            self.run(f"INSERT INTO t VALUES ({number}, 'x', 1)")

    def close(self) -> None:
        self.loop.run_until_complete(self.engine.close())
        self.loop.close()

    def run(self, sql: str, number: int = 1) -> Any:
        """The rows, or (sqlstate, message)."""
        if number not in self.sessions:
            sink = Collector()
            session = self.engine.open_session("admin", "postgres", {}, sink, pid=number, peer="")
            self.sessions[number] = (session, sink)
        session, sink = self.sessions[number]
        sink.parts.clear()
        self.error = None

        async def query() -> None:
            pending = session.simple_query(sql, sink)
            if pending is not None:
                await asyncio.wait_for(pending, 5)

        try:
            self.loop.run_until_complete(query())
        except SqlError as error:
            self.error = error
            return str(error.sqlstate), error.message
        return decode_rows(b"".join(sink.parts))


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


NOT_SETTABLE = """statement_timeout lock_timeout idle_in_transaction_session_timeout row_security
    standard_conforming_strings default_transaction_read_only""".split()  # noqa: SIM905
NOT_COLUMNS = """money xml inet cidr macaddr macaddr8 point line lseg box path polygon circle tsvector tsquery
    int4range bit pg_lsn""".split()  # noqa: SIM905
CACHE = "an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1"
REFUSED = {
    "TRUNCATE t": "unsupported statement: Truncate",
    "CREATE EXTENSION x": "unsupported statement: CreateExtension",
    "LISTEN c": "unsupported statement: Listen",
    "NOTIFY c": "unsupported statement: Notify",
    "UNLISTEN c": "unsupported statement: Unlisten",
    "ALTER SYSTEM SET work_mem = 1": "unsupported statement: AlterSystem",
    "LOCK TABLE t": "unsupported statement: Lock",
    "DECLARE c CURSOR FOR SELECT 1": "unsupported statement: DeclareCursor",
    "CREATE POLICY p ON t": "unsupported statement: CreatePolicy",
    "CREATE TABLESPACE x LOCATION '/x'": "unsupported statement: CreateTableSpace",
    "CREATE FOREIGN TABLE f (a int) SERVER s": "unsupported statement: CreateForeignTable",
    "CREATE DATABASE d": "unsupported statement: Createdb",
    "CREATE TYPE c AS (a int)": "unsupported statement: CompositeType",
    "CREATE TYPE r AS RANGE (subtype = int)": "unsupported statement: CreateRange",
    "CREATE TABLE c AS SELECT 1": "unsupported statement: CreateTableAs",
    "SELECT 1 INTO c": "unsupported statement: CreateTableAs",
    "CREATE MATERIALIZED VIEW m AS SELECT 1": "unsupported statement: CreateTableAs",
    "MERGE INTO t USING t s ON t.id = s.id WHEN MATCHED THEN DELETE": "unsupported statement type: MERGE",
    "CREATE TYPE e AS ENUM ('a')": "CREATE TYPE not supported",
    "ALTER TYPE e ADD VALUE 'b'": "ALTER TYPE not supported",
    "ALTER TYPE e RENAME TO f": "unsupported object in RENAME statement",
    "DROP TYPE e": "unsupported object in DROP statement",
    "CREATE TEMP TABLE c (a int)": "TEMPORARY or TEMP table not supported for CREATE TABLE",
    "CREATE UNLOGGED TABLE c (a int)": "UNLOGGED table not supported for CREATE TABLE",
    "CREATE TABLE c (a int) WITH (fillfactor = 50)": "WITH clause not supported for CREATE TABLE",
    "CREATE TABLE c (a int) PARTITION BY LIST (a)": "PARTITION BY clause not supported for CREATE TABLE",
    "CREATE TABLE c PARTITION OF t DEFAULT": "PARTITION OF clause not supported for CREATE TABLE",
    "CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()": "CREATE TRIGGER not supported",
    "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'": "PROCEDURE is not supported",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS ''": (
        "CREATE FUNCTION with language plpgsql not supported"
    ),
    "VACUUM t": "unsupported VACUUM statement",
    "SAVEPOINT s": "unsupported transaction statement: SAVEPOINT",
    "RELEASE s": "unsupported transaction statement: RELEASE",
    "ROLLBACK TO s": "unsupported transaction statement: ROLLBACK TO",
    "SELECT * FROM t FOR SHARE": "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
    "SELECT * FROM t FOR NO KEY UPDATE": (
        "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported"
    ),
    "SELECT * FROM t TABLESAMPLE system (1)": "TABLESAMPLE clause not supported",
    "CREATE INDEX ON t (a)": "unsupported mode. please use CREATE INDEX ASYNC.",
    "CREATE INDEX CONCURRENTLY ON t (a)": "CONCURRENTLY not supported for CREATE INDEX",
    "CREATE INDEX ON t USING btree (a)": "USING not supported for CREATE INDEX",
    "ALTER TABLE t ADD COLUMN b int DEFAULT 1": "ALTER TABLE ADD COLUMN with constraint not supported",
    "ALTER TABLE t ADD COLUMN b int NOT NULL": "ALTER TABLE ADD COLUMN with constraint not supported",
    "ALTER TABLE t ALTER a TYPE int": "unsupported ALTER TABLE ALTER COLUMN ... SET DATA TYPE statement",
    "ALTER TABLE t ALTER a SET STATISTICS 5": (
        "unsupported ALTER TABLE ALTER COLUMN ... SET STATISTICS statement"
    ),
    "ALTER TABLE t ADD PRIMARY KEY (a)": "unsupported ALTER TABLE ADD CONSTRAINT statement",
    "ALTER TABLE t ADD UNIQUE (a)": "unsupported ALTER TABLE ADD CONSTRAINT statement",
    "ALTER TABLE t ADD CHECK (id > 0)": "unsupported ALTER TABLE ADD CONSTRAINT statement",
    "ALTER TABLE t VALIDATE CONSTRAINT c": "unsupported ALTER TABLE VALIDATE CONSTRAINT statement",
    "ALTER TABLE t DROP CONSTRAINT t_pkey": "unsupported ALTER TABLE DROP CONSTRAINT statement",
    "ALTER TABLE t DROP COLUMN id": "cannot drop primary key column id",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY": "unsupported ALTER TABLE ENABLE ROW SECURITY statement",
    "CREATE TABLE c (a bigint GENERATED ALWAYS AS IDENTITY)": (
        f"identity column is not supported without {CACHE}"
    ),
    "CREATE TABLE c (a int GENERATED ALWAYS AS IDENTITY (CACHE 1))": (
        "datatype integer not supported, identity column type must be bigint"
    ),
    "CREATE SEQUENCE s": f"CREATE SEQUENCE is not supported without {CACHE}",
    "SELECT pg_advisory_lock(1)": "function pg_advisory_lock not supported",
    "SELECT pg_try_advisory_lock(1)": "function pg_try_advisory_lock not supported",
    "DROP DOMAIN d CASCADE": "DROP DOMAIN with CASCADE unsupported",
    "CREATE TABLE c (a jsonb PRIMARY KEY)": "datatype jsonb is not supported in a key",
    "BEGIN ISOLATION LEVEL SERIALIZABLE": "Unsupported isolation level: SERIALIZABLE",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE": "Unsupported isolation level: SERIALIZABLE",
    "SET TRANSACTION READ ONLY": 'setting configuration parameter "TRANSACTION" not supported',
}
REFUSED |= {
    f"SET {name} = '1'": f'setting configuration parameter "{name}" not supported' for name in NOT_SETTABLE
}
REFUSED |= {
    f"CREATE TABLE c (a {declared})": f"datatype {shown} not supported"
    for declared, shown in [
        *((name, name) for name in NOT_COLUMNS),
        ("bit varying", "bit varying"), ("int[]", "integer[]"), ("text[]", "text[]"),
    ]
}  # fmt: skip


def test_refusals(world: World) -> None:
    wrong = {}
    for sql, message in REFUSED.items():
        answer = world.run(sql)
        if answer != ("0A000", message):
            wrong[sql] = answer
    assert not wrong


def test_serial(world: World) -> None:
    assert world.run("CREATE TABLE c (a serial)") == ("42704", 'type "serial" does not exist')


OC000 = ("40001", rules.CONFLICT)
OC001 = ("40001", rules.SCHEMA_CHANGED)
CONFLICTS = [
    ("UPDATE t SET a = 'y' WHERE id = 1", "UPDATE t SET a = 'z' WHERE id = 1", True),
    ("UPDATE t SET a = 'y' WHERE id = 1", "UPDATE t SET a = 'z' WHERE id = 2", False),
    ("SELECT * FROM t WHERE id = 1 FOR UPDATE", "UPDATE t SET a = 'z' WHERE id = 1", True),
    ("SELECT * FROM t WHERE id = 1 FOR KEY SHARE", "DELETE FROM t WHERE id = 1", True),
    ("SELECT * FROM t WHERE id = 1", "UPDATE t SET a = 'z' WHERE id = 1", False),
    ("INSERT INTO t VALUES (9)", "INSERT INTO t VALUES (9)", True),
]


@pytest.mark.parametrize(("mine", "theirs", "conflict"), CONFLICTS)
def test_second_committer_loses(world: World, mine: str, theirs: str, conflict: bool) -> None:
    for number in (1, 2):
        world.run("BEGIN", number)
    assert isinstance(world.run(mine, 1), list)
    world.run("UPDATE t SET n = 2 WHERE id = 3", 1)
    assert isinstance(world.run(theirs, 2), list)  # it does not wait
    assert world.run("COMMIT", 2) == []
    assert world.run("COMMIT", 1) == (OC000 if conflict else [])


def test_schema_changes_are_told_once(world: World) -> None:
    assert len(world.run("SELECT * FROM t", 2)) == 3
    assert world.run("GRANT SELECT ON t TO admin", 1) == []
    assert world.run("SELECT * FROM t", 2) == OC001
    assert len(world.run("SELECT * FROM t", 2)) == 3
    world.run("BEGIN", 2)
    world.run("UPDATE t SET a = 'z'", 2)
    assert world.run("ALTER TABLE t ADD COLUMN b int", 1) == []
    assert world.run("COMMIT", 2) == OC001
    assert world.run("UPDATE t SET a = 'z'", 2) == []


def test_one_ddl_and_no_mix(world: World) -> None:
    world.run("BEGIN")
    assert world.run("ALTER TABLE t ADD COLUMN b int") == []
    assert world.run("ALTER TABLE t ADD COLUMN c int") == ("0A000", rules.SECOND_DDL)
    assert world.run("SELECT 1")[0] == "25P02"
    world.run("COMMIT")
    world.run("BEGIN")
    assert world.run("INSERT INTO t VALUES (7)") == []
    assert world.run("CREATE TABLE c (a int)") == ("0A000", rules.DDL_AND_DML)
    world.run("ROLLBACK")
    assert world.run("CREATE TABLE c (a int); INSERT INTO c VALUES (1)") == ("0A000", rules.DDL_AND_DML)


def test_visible_settings(world: World) -> None:
    assert world.run("SHOW transaction_isolation") == [["repeatable read"]]
    assert world.run("SHOW server_version") == [["16.15"]]
    assert world.run("SET application_name = 'x'") == []
    assert world.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") == []
    assert world.run("COMMIT") == []


def test_numeric_without_size(world: World) -> None:
    assert world.run("UPDATE t SET n = 1.23456789 WHERE id = 1 RETURNING n") == [["1.234568"]]
