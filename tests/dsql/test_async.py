"""Asynchronous DDL of the dsql mode: job rows, builds beside writers, waiting, and what survives."""

import asyncio
import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from gaveldb.engine.api import open_engine
from gaveldb.engine.dsql import builds, jobs
from gaveldb.engine.dsql.asynchronous import async_words
from gaveldb.engine.errors import SqlError

from ..server_process import ServerProcess
from ..unit.sql_session import Collector, SqlSession, decode_rows

INDEX = "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass"


class World:
    """One engine in dsql mode, and sessions by number."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.engine: Any = open_engine({"in_memory": True, "dsql": True})
        self.loop.run_until_complete(self.engine.open())
        self.sessions: dict[int, tuple[Any, Collector]] = {}
        self.run("CREATE TABLE t (id int PRIMARY KEY, a int, b text)")
        self.run("INSERT INTO t SELECT g, g, 'x' FROM generate_series(1, 2500) g")

    def close(self) -> None:
        self.loop.run_until_complete(self.engine.close())
        self.loop.close()

    def session(self, number: int) -> tuple[Any, Collector]:
        if number not in self.sessions:
            sink = Collector()
            session = self.engine.open_session("admin", "postgres", {}, sink, pid=number, peer="")
            self.sessions[number] = (session, sink)
        return self.sessions[number]

    async def query(self, sql: str, number: int = 1) -> Any:
        session, sink = self.session(number)
        sink.parts.clear()
        try:
            await asyncio.wait_for(session.simple_query(sql, sink), 20)
        except SqlError as error:
            return str(error.sqlstate), error.message
        return decode_rows(b"".join(sink.parts))

    def run(self, sql: str, number: int = 1) -> Any:
        """The rows, or (sqlstate, message)."""
        return self.loop.run_until_complete(self.query(sql, number))

    def retry(self, sql: str, number: int = 1) -> Any:
        """As run, again after a conflict with the definitions: finished builds change them, too."""
        answer = self.run(sql, number)
        for _ in range(20):
            if answer[:1] != ("40001",):
                break
            answer = self.run(sql, number)
        return answer


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def job_of(answer: Any) -> str:
    ((name,),) = answer
    assert len(name) == 26
    assert len(base64.b32decode(name.upper() + "======")) == 16
    return str(name)


def test_index(world: World) -> None:
    world.run("SET gaveldb.job_delay = 100")
    job = job_of(world.run("CREATE INDEX ASYNC t_a ON t (a)"))
    assert world.run(INDEX) == [["f"]]
    assert world.run(f"SELECT status, job_type, class_id FROM sys.jobs WHERE job_id = '{job}'")[0][1:] == [
        "INDEX_BUILD",
        "1259",
    ]
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["t"]]
    assert world.run(INDEX) == [["t"]]
    assert world.run(f"SELECT status, details FROM sys.jobs WHERE job_id = '{job}'") == [["completed", None]]
    assert "t_a" in str(world.run("EXPLAIN SELECT * FROM t WHERE a = 77"))
    assert world.run("SELECT id FROM t WHERE a = 77") == [["77"]]
    columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = "
    assert world.run(columns + "'sys.jobs'::regclass") == [
        ["job_id status details job_type class_id object_id object_name start_time update_time"]
    ]


def test_shapes(world: World) -> None:
    for sql in (
        "CREATE UNIQUE INDEX ASYNC IF NOT EXISTS u ON t (a) INCLUDE (b) NULLS NOT DISTINCT WHERE id > 0",
        "create index async on t (a nulls first)",
        "CREATE INDEX /* ASYNC */ ASYNC ON t ((a + 1))",
    ):
        job = job_of(world.retry(sql))
        assert world.run(f"CALL sys.wait_for_job('{job}')") == [["t"]]
    assert world.run("CREATE INDEX ASYNC IF NOT EXISTS u ON t (a)") == []


def test_describe(world: World) -> None:
    session, _ = world.session(1)
    prepared = session.prepare("CREATE INDEX ASYNC ON t (a)", ())
    assert [column.name for column in prepared.columns] == ["job_id"]
    prepared = session.prepare("CALL sys.wait_for_job($1)", (0,))
    assert [column.name for column in prepared.columns] == ["succeeded"]
    assert list(prepared.parameter_types) == [25]


def test_unique_enforced_while_building(world: World) -> None:
    world.run("SET gaveldb.job_delay = 50")
    job = job_of(world.run("CREATE UNIQUE INDEX ASYNC t_a ON t (a)"))
    assert world.retry("INSERT INTO t VALUES (9001, 9001)", 2) == []
    assert world.run("INSERT INTO t VALUES (9002, 9001)", 2)[0] == "23505"
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["t"]]


def test_failed_build_enforces(world: World) -> None:
    world.run("INSERT INTO t VALUES (9001, 1)")
    job = job_of(world.run("CREATE UNIQUE INDEX ASYNC t_a ON t (a)"))
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["f"]]
    assert world.run(f"SELECT status, details FROM sys.jobs WHERE job_id = '{job}'") == [
        ["failed", 'could not create unique index "t_a"']
    ]
    assert world.run(INDEX) == [["f"]]
    assert world.run("INSERT INTO t VALUES (9003, 9003)") == []
    assert world.run("INSERT INTO t VALUES (9004, 9003)")[0] == "23505"
    assert world.run("ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX t_a") == (
        "55000",
        'index "t_a" is not valid',
    )
    assert world.run("DROP INDEX t_a") == []
    assert world.run("INSERT INTO t VALUES (9004, 9003)") == []


def test_entry_of_another_row_stays(world: World) -> None:
    """A row that is not indexed yet leaves, and has the key of one that is."""
    world.run("SET gaveldb.job_delay = 200")
    job = job_of(world.run("CREATE UNIQUE INDEX ASYNC t_a ON t (a)"))
    assert world.retry("INSERT INTO t VALUES (9001, 5)", 2) == []  # the row 5 has no entry yet
    assert world.run("DELETE FROM t WHERE id = 5", 2) == []
    assert world.run("INSERT INTO t VALUES (9002, 5)", 2)[0] == "23505"
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["t"]]
    assert world.run("SELECT id FROM t WHERE a = 5") == [["9001"]]


def test_build_beside_writers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "SLICE", 100)

    async def everything() -> None:
        ((job,),) = await world.query("CREATE UNIQUE INDEX ASYNC t_a ON t (a)")
        for number in range(1, 300):
            await world.query(f"UPDATE t SET a = a + 100000 WHERE id = {number * 7}", 2)
            await world.query(f"DELETE FROM t WHERE id = {number * 7 + 1}", 2)
            await world.query(f"INSERT INTO t VALUES ({number + 5000}, {number + 5000})", 2)
        assert await world.query(f"CALL sys.wait_for_job('{job}')") == [["t"]]

    world.loop.run_until_complete(everything())
    assert "t_a" in str(world.run("EXPLAIN SELECT id FROM t WHERE a = 3"))
    by_rows = world.run("SELECT id, a FROM t")
    assert len(by_rows) > 2000
    for row in by_rows[::37]:
        assert world.run(f"SELECT id, a FROM t WHERE a = {row[1]}") == [row]
    assert world.run("SELECT count(*) FROM t WHERE a >= 0") == [[str(len(by_rows))]]


def test_failure_on_purpose(world: World) -> None:
    world.run("SET gaveldb.job_failure = on")
    job = job_of(world.run("CREATE INDEX ASYNC t_a ON t (a)"))
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["f"]]
    assert world.run(INDEX) == [["f"]]


def test_validate(world: World) -> None:
    world.run("ALTER TABLE t ADD CONSTRAINT good CHECK (a > 0) NOT VALID")
    world.run("ALTER TABLE t ADD CONSTRAINT bad CHECK (id < 100) NOT VALID")
    for name, succeeded in (("good", "t"), ("bad", "f")):
        job = job_of(world.run(f"ALTER TABLE ASYNC t VALIDATE CONSTRAINT {name}"))
        assert world.run(f"CALL sys.wait_for_job('{job}')") == [[succeeded]]
        valid = f"SELECT convalidated FROM pg_constraint WHERE conname = '{name}'"
        assert world.run(valid) == [[succeeded]]
    assert world.run("SELECT details FROM sys.jobs WHERE status = 'failed'") == [
        ['check constraint "bad" of relation "t" is violated by some row']
    ]


def test_wait_refused(world: World) -> None:
    assert world.run("CALL sys.wait_for_job('x')") == ("22P02", "Unable to convert text to UUID")
    assert world.run("SELECT sys.wait_for_job('x'::text)") == (
        "42809",
        "sys.wait_for_job(text) is a procedure",
    )
    assert world.run("CALL sys.wait_for_job((SELECT 'x'))") == (
        "0A000",
        "cannot use subquery in CALL argument",
    )


def test_wait_can_be_cancelled(world: World) -> None:
    world.run("SET gaveldb.job_delay = 60000")
    job = job_of(world.run("CREATE INDEX ASYNC t_a ON t (a)"))
    world.loop.call_later(0.1, lambda: world.sessions[1][0].cancel())
    assert world.run(f"CALL sys.wait_for_job('{job}')")[0] == "57014"
    assert world.run("SELECT 1") == [["1"]]


def test_jobs_are_not_written(world: World) -> None:
    for sql in (
        "DELETE FROM sys.jobs",
        "UPDATE sys.jobs SET status = 'x'",
        "INSERT INTO sys.jobs VALUES ('x')",
    ):
        assert world.run(sql) == ("42501", "permission denied for table jobs")
    assert world.run("INSERT INTO t SELECT 9001, count(*), 'y' FROM sys.jobs") == []


def test_rolled_back_ddl_has_no_job(world: World) -> None:
    world.run("BEGIN")
    job_of(world.run("CREATE INDEX ASYNC t_a ON t (a)"))
    world.run("ROLLBACK")
    assert world.run("SELECT count(*) FROM sys.jobs") == [["0"]]


def test_validate_foreign_key(world: World) -> None:
    world.run("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id) NOT VALID")
    assert world.run("INSERT INTO t VALUES (9001, 12345)")[0] == "23503"
    job = job_of(world.retry("ALTER TABLE ASYNC t VALIDATE CONSTRAINT f"))
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["t"]]


def test_dropped_while_building(world: World) -> None:
    world.run("SET gaveldb.job_delay = 100")
    job = job_of(world.run("CREATE INDEX ASYNC t_a ON t (a)"))
    assert world.run("DROP INDEX t_a") == []
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["f"]]


def test_finished_jobs_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "KEPT_SECONDS", 0.05)
    job = job_of(world.run("CREATE INDEX ASYNC t_a ON t (a)"))
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["t"]]
    world.loop.run_until_complete(asyncio.sleep(0.2))
    assert world.run("SELECT count(*) FROM sys.jobs") == [["0"]]
    assert world.run(f"CALL sys.wait_for_job('{job}')")[0] == "42704"


def test_elsewhere_there_is_no_sys() -> None:
    session = SqlSession()
    try:
        assert session.run("SELECT count(*) FROM pg_namespace WHERE nspname = 'sys'") == [["0"]]
        assert session.run("SELECT amname FROM pg_am WHERE oid = 403") == [["btree"]]
        assert session.run("CREATE INDEX ASYNC ON t (a)")["error"][0] == "42P01"  # an index named async
    finally:
        session.close()


WORDS = {
    "CREATE INDEX ASYNC ON t (a)": [13],
    "SELECT 'CREATE INDEX ASYNC'": [],
    "ALTER TABLE async VALIDATE CONSTRAINT c": [],
    "ALTER TABLE async t VALIDATE CONSTRAINT c": [12],
    'CREATE INDEX "async" ON t (a)': [],
    "SELECT async FROM t; CREATE UNIQUE INDEX -- ASYNC\n async ON t (a)": [51],
}


def test_async_is_found_among_tokens() -> None:
    assert {text: async_words(text) for text in WORDS} == WORDS


def test_positions_are_of_the_text(world: World) -> None:
    with pytest.raises(SqlError) as caught:
        world.session(1)[0].prepare("CREATE INDEX ASYNC s.i ON t (a)", ())
    assert (caught.value.message, caught.value.position) == ('syntax error at or near "."', 20)


def test_catalogs(world: World) -> None:
    assert world.run("SELECT count(*) FROM pg_namespace WHERE nspname = 'sys'") == [["1"]]
    assert world.run("SELECT amname FROM pg_am WHERE oid = 403") == [["btree_index"]]
    assert world.run("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 't_pkey'") == [
        ["PRIMARY KEY (id) INCLUDE (a, b)"]
    ]
    assert world.run("SELECT indexdef FROM pg_indexes WHERE indexname = 't_pkey'") == [
        ["CREATE UNIQUE INDEX t_pkey ON public.t USING btree_index (id) INCLUDE (a, b)"]
    ]


def test_killed_between_slices(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", 0, "--dsql", "--dsql-limit", "rows=50000").start()
    try:
        with psycopg.connect(server.url, autocommit=True, user="admin") as connection:
            connection.execute("CREATE TABLE t (id int PRIMARY KEY, a int)")
            connection.execute("INSERT INTO t SELECT g, g FROM generate_series(1, 40000) g")
            row = connection.execute("CREATE UNIQUE INDEX ASYNC t_a ON t (a)").fetchone()
            assert row is not None
            time.sleep(0.05)
        server.kill9()
        server.start()
        with psycopg.connect(server.url, autocommit=True, user="admin") as connection:
            assert connection.execute("CALL sys.wait_for_job(%s)", row).fetchone() == (True,)
            for number in range(1, 40001, 997):
                found = connection.execute("SELECT id FROM t WHERE a = %s", (number,)).fetchone()
                assert found == (number,)
    finally:
        server.kill9()


def test_killed_while_building(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", 0, "--dsql").start()
    try:
        with psycopg.connect(server.url, autocommit=True, user="admin") as connection:
            connection.execute("CREATE TABLE t (id int PRIMARY KEY, a int)")
            connection.execute("INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g")
            connection.execute("SET gaveldb.job_delay = 60000")
            row = connection.execute("CREATE UNIQUE INDEX ASYNC t_a ON t (a)").fetchone()
            assert row is not None
        server.kill9()
        server.start()
        with psycopg.connect(server.url, autocommit=True, user="admin") as connection:
            assert connection.execute("CALL sys.wait_for_job(%s)", row).fetchone() == (True,)
            assert connection.execute("SELECT id FROM t WHERE a = 500").fetchone() == (500,)
            assert connection.execute(INDEX).fetchone() == (True,)
    finally:
        server.kill9()
