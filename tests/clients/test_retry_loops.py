"""Retry loops of applications, tested as README's section "Testing retry loops" says."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from examples.asyncpg_bank.bank import retried

from ..fix_server import Server
from ..server_process import ServerProcess

Result = TypeVar("Result")


def run_transaction(engine: sa.Engine, work: Callable[[Session], Result], attempts: int = 5) -> Result:
    """What an application has: run `work` in a transaction, again if it lost against another one."""
    for attempt in range(1, attempts + 1):
        try:
            with Session(engine) as session, session.begin():
                return work(session)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") not in ("40001", "40P01") or attempt == attempts:
                raise
    raise AssertionError


@pytest.fixture
def admin(server: Server) -> "Iterator[psycopg.Connection[Any]]":
    """A connection of the test's own, beside those of the application."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS stock")
        connection.execute("CREATE TABLE stock (item text PRIMARY KEY, left_over int)")
        connection.execute("INSERT INTO stock VALUES ('apple', 10), ('pear', 10)")
        yield connection
        connection.execute("SELECT gaveldb.reset_faults()")


@pytest.fixture
def application(server: Server) -> Iterator[sa.Engine]:
    engine = sa.create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


def take(item: str, calls: list[str]) -> Callable[[Session], int]:
    def work(session: Session) -> int:
        calls.append(item)
        statement = sa.text("UPDATE stock SET left_over = left_over - 1 WHERE item = :i RETURNING left_over")
        return int(session.execute(statement, {"i": item}).scalar_one())

    return work


@pytest.mark.parametrize("kind", ["40001", "40P01", "OC000", "OC001"])
def test_sqlalchemy(admin: "psycopg.Connection[Any]", application: sa.Engine, kind: str) -> None:
    admin.execute("SELECT gaveldb.fail_commits(2, kind => %s, scope => 'server')", (kind,))
    calls: list[str] = []
    assert run_transaction(application, take("apple", calls)) == 9
    assert calls == ["apple"] * 3
    admin.execute("SELECT gaveldb.fail_commits(9, scope => 'server')")
    with pytest.raises(sa.exc.OperationalError) as raised:
        run_transaction(application, take("apple", calls))
    assert "could not serialize access due to concurrent update" in str(raised.value)
    assert len(calls) == 8


def test_one_row(admin: "psycopg.Connection[Any]", application: sa.Engine) -> None:
    admin.execute("SELECT gaveldb.fail_key('stock', 'pear')")
    calls: list[str] = []
    for item in ("apple", "pear", "pear"):
        run_transaction(application, take(item, calls))
    assert calls == ["apple", "pear", "pear", "pear"]


@pytest.mark.parametrize("prepare", [False, True])
def test_statements_without_a_transaction_block(server: Server, prepare: bool) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE mine (a int); CREATE TABLE IF NOT EXISTS plain (a int)")
        for _ in range(3):
            connection.execute("SELECT gaveldb.fail_commits()")
            with pytest.raises(psycopg.errors.SerializationFailure) as raised:
                connection.execute("INSERT INTO plain VALUES (%s)", (1,), prepare=prepare)
            assert raised.value.diag.message_detail is not None
            assert "gaveldb.fail_commits()" in raised.value.diag.message_detail
            connection.execute("INSERT INTO plain VALUES (%s)", (1,), prepare=prepare)


async def test_asyncpg(server: Server) -> None:
    async with asyncpg.create_pool(server.url, min_size=1, max_size=2) as pool:
        await pool.execute("DROP TABLE IF EXISTS bank; CREATE TABLE bank (id int PRIMARY KEY, n int)")

        async def work(connection: Any) -> None:
            await connection.execute("INSERT INTO bank VALUES (1, 1)")

        await pool.execute("SELECT gaveldb.fail_commits(3, scope => 'server')")
        assert await retried(pool, "read_committed", work) == 4
        with pytest.raises(asyncpg.DeadlockDetectedError):
            async with pool.acquire() as connection:
                await connection.execute("SELECT gaveldb.fail_commits(kind => '40P01')")
                await connection.execute("UPDATE bank SET n = $1", 2)


def test_a_share_of_all_commits() -> None:
    with ServerProcess(None, 0, "--set", "gaveldb.commit_failure_rate=0.4") as process:
        engine = sa.create_engine(
            process.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool
        )

        def prepare(session: Session) -> None:
            session.execute(sa.text("CREATE TABLE stock (item text PRIMARY KEY, left_over int)"))
            session.execute(sa.text("INSERT INTO stock VALUES ('apple', 100)"))

        run_transaction(engine, prepare, 50)
        calls: list[str] = []
        left = [run_transaction(engine, take("apple", calls), 50) for _ in range(30)]
        assert left == list(range(99, 69, -1))
        assert 35 < len(calls) < 90
        engine.dispose()
