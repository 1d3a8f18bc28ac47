"""Executing statements: answers that depend on the execution engine, not on a single function."""

# ruff: noqa: E501

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from .sql_session import SqlSession


@pytest.fixture(scope="module")
def sql() -> Iterator[SqlSession]:
    session = SqlSession()
    yield session
    session.close()


def failed(answer: Any) -> tuple[str, str]:
    """SQLSTATE and message of an error."""
    return answer["error"][0], answer["error"][1]


DOMAIN = "value for domain information_schema.{} violates check constraint"


@pytest.mark.parametrize(
    ("query", "domain"),
    [
        ("select (-1)::int::information_schema.cardinal_number", "cardinal_number"),
        ("select '-1'::information_schema.cardinal_number", "cardinal_number"),
        ("select x::text::information_schema.yes_or_no from (values ('YES'), ('MAYBE')) v(x)", "yes_or_no"),
    ],
)
def test_domain_checks(sql: SqlSession, query: str, domain: str) -> None:
    state, message = failed(sql.run(query))
    assert state == "23514"
    assert message.startswith(DOMAIN.format(domain))


def test_domain_values(sql: SqlSession) -> None:
    assert sql.run("select '5'::information_schema.cardinal_number, 'NO'::information_schema.yes_or_no") == [
        ["5", "NO"]
    ]
    assert sql.run("select null::information_schema.cardinal_number") == [[None]]


# --- statements that wait or take long ------------------------------------------------------------


def run_with(sql: SqlSession, query: str, seconds: float, action: Any) -> tuple[Any, int]:
    """A query's answer, while `action` is called once after some time; and how often the loop turned."""
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    async def start() -> Any:
        return asyncio.ensure_future(watch())

    watcher = sql.loop.run_until_complete(start())
    sql.loop.call_later(seconds, action)
    answer = sql.run(query)
    watcher.cancel()
    return answer, turns


def test_sleep(sql: SqlSession) -> None:
    started = time.monotonic()
    answer, turns = run_with(sql, "select g, pg_sleep(0.05) from generate_series(1, 2) g", 9, lambda: None)
    assert answer == [["1", ""], ["2", ""]]
    assert 0.1 <= time.monotonic() - started < 0.5
    assert turns > 20


def test_sleep_is_cancelled(sql: SqlSession) -> None:
    started = time.monotonic()
    answer, _ = run_with(sql, "select pg_sleep(20)", 0.05, sql.session.cancel)
    assert failed(answer) == ("57014", "canceling statement due to user request")
    answer, _ = run_with(sql, "select (select pg_sleep(20))", 0.05, sql.session.cancel)
    assert failed(answer) == ("57014", "canceling statement due to user request")
    assert time.monotonic() - started < 2
    assert sql.run("select 1") == [["1"]]


def test_sleep_runs_into_the_timeout(sql: SqlSession) -> None:
    sql.run("set statement_timeout = 50")
    answer = sql.run("select pg_sleep(20)")
    sql.run("reset statement_timeout")
    assert failed(answer) == ("57014", "canceling statement due to statement timeout")


def test_subqueries_breathe(sql: SqlSession) -> None:
    query = "select (select count(*) from generate_series(1, 3000000)) + 1, exists (select from {0} where g > 500000)"
    answer, turns = run_with(sql, query.format("generate_series(1, 1000000) g"), 9, lambda: None)
    assert answer == [["3000001", "t"]]
    assert turns > 10


# --- memory ---------------------------------------------------------------------------------------

SPILLING = (  # with answers of PostgreSQL
    (
        "select sum(a), sum(b), max(m), sum(d) from (select g % 50000, avg(g) a, sum(g::numeric) b, max(g::text) m,"
        " count(distinct g) d from generate_series(1, 200000) g group by 1) x",
        [["5000025000.000000000000", "20000100000", "99999", "200000"]],
    ),
    (
        "select count(*) from (select g % 300, array_agg(g) from generate_series(1, 900) g group by 1) x",
        [["300"]],
    ),
    (
        "select md5(string_agg(g::text, ',')) from (select g from generate_series(1, 60000) g"
        " order by (g * 7919::bigint) % 100003) x",
        [["c48120bcadb526b06114cd97183091cf"]],
    ),
    (
        "select md5(string_agg(g::text, ',')) from (select g from generate_series(1, 60000) g"
        " order by (g * 7919::bigint) % 100003 desc) x",
        [["1ec717efefe6ba4ef7e1a18b8ed5c8a1"]],
    ),
)


@pytest.mark.parametrize(("query", "rows"), SPILLING)
def test_spilling(sql: SqlSession, monkeypatch: pytest.MonkeyPatch, query: str, rows: Any) -> None:
    from gaveldb.engine.run import spill

    written = []
    monkeypatch.setattr(spill, "FACTOR", 1)
    original = spill.SpillFile.write
    monkeypatch.setattr(
        spill.SpillFile, "write", lambda self, block: written.append(1) or original(self, block)
    )
    sql.run("set work_mem = '64kB'")
    assert sql.run(query) == rows
    assert bool(written) == ("300" not in query)
    sql.run("reset work_mem")
    assert sql.run(query) == rows


def test_groups_of_sorted_input(sql: SqlSession) -> None:
    sql.run("set enable_hashagg = off")
    query = (
        "select g % 3, count(*), array_agg(g) filter (where g < 6) from generate_series(1, 50) g group by 1"
    )
    assert sql.run(query) == [["0", "16", "{3}"], ["1", "17", "{1,4}"], ["2", "17", "{2,5}"]]
    sql.run("reset enable_hashagg")


def test_too_much_memory_is_an_error(sql: SqlSession, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaveldb.engine import memory

    monkeypatch.setattr(memory, "total_memory", lambda: 300 << 20)
    query = (
        "select count(*) from (select array_agg(g + random()) over () a from generate_series(1, 3000000) g) x"
    )
    assert failed(sql.run(query)) == ("53200", "out of memory")
    assert sql.run("select 1") == [["1"]]


# --- window frames that move ----------------------------------------------------------------------

W_ROWS = "partition by g % 7 order by g rows between 5 preceding and 3 following"
MOVING = (  # with PostgreSQL's answers
    (
        "select md5(string_agg(concat_ws(',', g, s, c, a, n, na, m, f), ';' order by g)) from (select g, sum(g) over w s,"
        " count(nullif(g % 3, 0)) over w c, avg(g) over w a, sum(g::numeric(10,2)) over w n, avg(g * 1.50) over w na,"
        f" max(g) over w m, sum(g::float8) over w f from generate_series(1, 2000) g window w as ({W_ROWS})) x",
        [["f7c674107ab83d476a0a9e093aa5e640"]],
    ),
    (
        "select md5(string_agg(concat_ws(',', g, s, c, a, n), ';' order by g)) from (select g, sum(g) over w s,"
        " count(*) over w c, avg(g::bigint) over w a, sum(case when g % 2 = 0 then 1.5 else 1.25 end) over w n"
        " from generate_series(1, 1000) g"
        " window w as (order by g / 3 range between 2 preceding and 1 preceding)) x",
        [["83fce822f3e87233aee8d5d2f29a6f95"]],
    ),
    (
        "select g, sum(g) over (order by g rows between 2 following and 1 following),"
        " sum(nullif(g, 2)) over (order by g rows between current row and 1 following) from generate_series(1, 3) g",
        [["1", None, "1"], ["2", None, "3"], ["3", None, "3"]],
    ),
    (
        "select sum(s) from (select sum(g) over (order by g rows between 1000 preceding and current row) s"
        " from generate_series(1, 100000) g) x",
        [["4955166716500"]],
    ),
)


@pytest.mark.parametrize(("query", "rows"), MOVING)
def test_moving_frames(sql: SqlSession, query: str, rows: Any) -> None:
    assert sql.run(query) == rows
