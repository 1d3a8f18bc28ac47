"""Conflicts on purpose (engine/faults.py): every way to COMMIT fails as it should and leaves nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gaveldb.engine.api import open_engine

from .test_server_express import Client, prepare, run

LOST = "could not serialize access due to concurrent update"


class World:
    """An engine, with a table and sessions by number."""

    def __init__(self, **config: Any) -> None:
        self.engine = open_engine({"in_memory": True, "max_prepared_transactions": 5, **config})
        self.clients: dict[int, Client] = {}

    async def __aenter__(self) -> "World":
        await self.engine.open()
        for statement in ("create table t (id int primary key, n int)", "insert into t values (1, 0)"):
            assert await self.ask(statement) == []
        return self

    async def __aexit__(self, *exception: object) -> None:
        for client in self.clients.values():
            client.session.close()
        await self.engine.close()

    def client(self, number: int = 1) -> Client:
        if number not in self.clients:
            self.clients[number] = Client(self.engine, number)
        return self.clients[number]

    async def ask(self, text: str, number: int = 1) -> Any:
        """The rows, or (sqlstate, message, status afterwards)."""
        return told(await self.client(number).query(text))

    async def values(self) -> Any:
        return await self.ask("select n from t order by id", 9)


def told(replies: list[tuple[str, Any]]) -> Any:
    """What replies come down to."""
    status = replies[-1][1]
    for name, content in replies:
        if name == "ErrorResponse":
            return content["C"], content["M"], status
    return [content for name, content in replies if name == "DataRow"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World() as made:
        yield made


async def test_a_block_fails_at_commit_and_leaves_nothing(world: World) -> None:
    for way in ("commit", "end", "commit and chain"):
        await world.ask("select gaveldb.fail_commits()")
        await world.ask("begin")
        await world.ask("set work_mem = '1MB'")
        await world.ask("update t set n = n + 1")
        tau = world.engine.adjudicated_tau()
        assert await world.ask(way) == ("40001", LOST, "I")
        assert world.engine.adjudicated_tau() == tau
        assert await world.ask("show work_mem") == [["4MB"]]
        assert await asyncio.wait_for(world.ask("update t set n = 0", 2), 1) == []  # the lock is free
    assert await world.values() == [["0"]]
    assert world.engine.blocks == 0
    await world.ask("begin")
    await world.ask("update t set n = 5")
    assert await world.ask("commit") == []
    assert await world.values() == [["5"]]


async def test_the_express_commit_fails_the_same_way(world: World) -> None:
    client = world.client()
    for name, text in (("b", "begin"), ("u", "update t set n = n + $1"), ("c", "commit")):
        await client.ask(*prepare(name, text))
    for fails in (False, True, False):
        if fails:
            await world.ask("select gaveldb.fail_commits(kind => '40p01')")
        for step in (run("b"), run("u", "1")):
            await client.ask(*step)
        replies = await client.ask(*run("c"))
        assert told(replies) == (("40P01", "deadlock detected", "I") if fails else [])
        assert ("CommandComplete" in [name for name, _ in replies]) is not fails
    assert await world.values() == [["2"]]
    assert client.session.faults is None  # spent


async def test_statements_outside_of_blocks_are_not_retried(world: World) -> None:
    client = world.client()
    await client.ask(*prepare("u", "update t set n = n + $1"))
    for extended in (False, True, False, True):
        await world.ask("select gaveldb.fail_commits()")
        if extended:
            replies = await client.ask(*run("u", "1"))
        else:
            replies = await client.query("update t set n = n + 1 returning n")
        assert told(replies) == ("40001", LOST, "I")
        # the extended protocol commits at Sync, when the statement has been told complete
        assert ("CommandComplete" in [name for name, _ in replies]) is extended
    assert await world.ask("update t set n = n + 1; update t set n = n + 1") == []
    assert await world.values() == [["2"]]


async def test_only_commits_that_write_count(world: World) -> None:
    await world.ask("create temp table mine (a int)")
    await world.ask("select gaveldb.fail_commits(2, 1, 'OC000')")
    for text in ("select * from t", "begin; select n from t; commit", "insert into mine values (1)"):
        assert not isinstance(await world.ask(text), tuple)
    assert await world.ask("update t set n = 1") == []
    assert (await world.ask("update t set n = 2"))[1].endswith("(OC000)")
    assert await world.ask("select remaining, after from gaveldb.faults()") == [["1", "0"]]
    assert (await world.ask("create table u (a int)"))[0] == "40001"
    assert await world.ask("create table u (a int)") == []


async def test_what_the_transaction_did_elsewhere_is_undone(world: World) -> None:
    await world.ask("create temp table mine (a int); listen heard")
    await world.ask("select gaveldb.fail_commits()")
    await world.ask("begin")
    await world.ask("insert into mine values (1); create table u (a int); notify heard")
    replies = await world.client().query("commit")
    assert told(replies)[0] == "40001"
    assert "NotificationResponse" not in [name for name, _ in replies]
    assert await world.ask("select count(*) from mine") == [["0"]]
    assert await world.ask("create table u (a int)") == []


async def test_serializable_transactions_forget_it_too(world: World) -> None:
    await world.ask("select gaveldb.fail_commits()")
    await world.ask("begin isolation level serializable")
    await world.ask("select * from t; update t set n = n + 1")
    assert (await world.ask("commit"))[0] == "40001"
    await world.ask("begin isolation level serializable", 2)
    await world.ask("select * from t; update t set n = n + 1", 2)
    assert await world.ask("commit", 2) == []


async def test_prepare_transaction_fails_and_commit_prepared_does_not(world: World) -> None:
    for outcome in ("40001", None):
        if outcome:
            await world.ask("select gaveldb.fail_commits()")
        await world.ask("begin")
        await world.ask("update t set n = n + 1")
        answer = await world.ask("prepare transaction 'p'")
        assert answer == ((outcome, LOST, "I") if outcome else [])
        assert await world.ask("select count(*) from pg_prepared_xacts") == [["0" if outcome else "1"]]
    await world.ask("select gaveldb.fail_commits(9)")
    assert await world.ask("commit prepared 'p'") == []
    assert await world.values() == [["1"]]


async def test_all_sessions(world: World) -> None:
    await world.ask("create role app login")
    world.client(2)
    await world.ask("select gaveldb.fail_commits(2, scope => 'server')", 3)
    assert (await world.ask("update t set n = 1"))[0] == "40001"
    assert (await world.ask("update t set n = 1", 4))[0] == "40001"  # opened later
    assert await world.ask("update t set n = 1", 2) == []
    await world.ask("set role app", 2)
    answer = await world.ask("select gaveldb.fail_commits(scope => 'server')", 2)
    assert answer[:2] == ("42501", "must be superuser to make commits of other sessions fail")
    answer = await world.ask("select gaveldb.fail_key('t', 1)", 2)
    assert answer[:2] == ("42501", "must be owner of table t")


KEYS = [
    ("insert into pair values ('c', 2, 0)", ("pair", "'c', 2")),
    ("insert into pair values ('c', 2, 0) on conflict (a, b) do update set n = 1", ("pair", "'c', 2")),
    ("update pair set n = 1 where a = 'a'", ("pair", "'a', '1'")),
    ("update pair set b = 7 where a = 'a'", ("pair", "'a', 1")),
    ("update pair set b = 7 where a = 'a'", ("pair", "'a', 7")),
    ("delete from pair where a = 'a'", ("pair", "variadic array['a', '1']")),
    ("update late set n = 1", ("late", "date '2026-02-03'")),
    ("insert into late values ('2026-02-04')", ("late", "'2026-02-04'")),
]


@pytest.mark.parametrize(("statement", "key"), KEYS)
async def test_a_key(world: World, statement: str, key: tuple[str, str]) -> None:
    await world.ask("create table pair (a text, b int, n int, primary key (a, b))")
    await world.ask("insert into pair values ('a', 1, 0), ('b', 1, 0)")
    await world.ask("create table late (a date primary key deferrable initially deferred, n int)")
    await world.ask("insert into late values ('2026-02-03')")
    await world.ask(f"select gaveldb.fail_key('{key[0]}', {key[1]})")
    assert len(await world.ask("select key from gaveldb.faults() where relation = 'pair'::regclass")) == (
        key[0] == "pair"
    )
    others = "update pair set n = 3 where a = 'b'; insert into late values ('2020-01-01'); update t set n = 1"
    assert await world.ask(others, 2) == []
    assert (await world.ask(statement, 2))[0] == "40001"
    assert not isinstance(await world.ask(statement, 2), tuple)
    assert await world.ask("select * from gaveldb.faults()") == []


@pytest.mark.parametrize(
    ("arguments", "sqlstate", "message"),
    [
        ("'t', 1, 2", "22023", 'the primary key of "t" has 1 columns, not 2'),
        ("'t', 'x'", "22P02", 'invalid input syntax for type integer: "x"'),
        ("'bare', 1", "55000", 'relation "bare" has no primary key'),
        ("'nowhere', 1", "42P01", 'relation "nowhere" does not exist'),
    ],
)
async def test_keys_that_cannot_be(world: World, arguments: str, sqlstate: str, message: str) -> None:
    await world.ask("create table bare (a int)")
    assert (await world.ask(f"select gaveldb.fail_key({arguments})"))[:2] == (sqlstate, message)


async def outcomes(world: World, number: int, count: int = 30) -> str:
    answers = [await world.ask("update t set n = n + 1", number) for _ in range(count)]
    return "".join(["x" if isinstance(answer, tuple) else "." for answer in answers])


async def test_shares_are_reproducible(world: World) -> None:
    await world.ask("set gaveldb.commit_failure_rate = 0.3")
    await world.ask("set gaveldb.fault_seed = 7")
    first = await outcomes(world, 1)
    assert 3 < first.count("x") < 18
    await world.ask("select gaveldb.reset_faults()")
    assert await outcomes(world, 1) == first
    await world.ask("set gaveldb.fault_seed = 8; set gaveldb.commit_failure_rate = 0.3", 2)
    assert await outcomes(world, 2) != first
    await world.ask("set gaveldb.fault_seed = 7; set gaveldb.commit_failure_rate = 0.3", 3)
    assert await outcomes(world, 3) == first
    await world.ask("reset gaveldb.commit_failure_rate")
    assert "x" not in await outcomes(world, 1)
    await world.ask("begin")
    await world.ask("set local gaveldb.commit_failure_rate = 1; update t set n = 0")
    assert (await world.ask("commit"))[0] == "40001"
    assert await world.ask("update t set n = 0") == []


async def test_sessions_that_have_not_set_a_seed_share_a_sequence() -> None:
    told = []
    for spread in (False, True):
        async with World(settings=["gaveldb.commit_failure_rate=0.3"]) as world:
            told.append("".join([await outcomes(world, 2 + spread * n, 1) for n in range(30)]))
    assert told[0] == told[1] and "x" in told[0] and "." in told[0]


async def test_a_stall_holds_the_locks_and_ends(world: World) -> None:
    await world.ask("set gaveldb.commit_stall = '150ms'")
    for express in (False, True):
        client = world.client()
        await world.ask("begin")
        await world.ask("update t set n = n + 1")
        began = time.monotonic()
        if express:
            await client.ask(*prepare("c", "commit"))
            client.feed(*run("c"))
        else:
            client.feed('Query {"text": "commit"}')
        assert (await world.ask("set lock_timeout = '20ms'; update t set n = 0", 2))[0] == "55P03"
        await client.replies()
        assert time.monotonic() - began > 0.14
    assert await world.values() == [["2"]]
    await world.ask("set gaveldb.commit_stall_rate = 0")
    began = time.monotonic()
    await world.ask("update t set n = n + 1")
    assert time.monotonic() - began < 0.1


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("commit", "cancel"),
        ("commit", "timeout"),
        ("prepare transaction 'p'", "cancel"),
        ("prepare transaction 'p'", "timeout"),
        ("update t set n = 2", "cancel"),  # statement_timeout ends before its commit
    ],
)
async def test_a_stall_can_be_cancelled(world: World, text: str, by: str) -> None:
    client = world.client()
    await world.ask("set gaveldb.commit_stall = '20s'")
    if by == "timeout":
        await world.ask("set statement_timeout = '50ms'")
    if not text.startswith("update"):
        await world.ask("begin")
        await world.ask("update t set n = 1")
    client.feed(f'Query {{"text": "{text}"}}')
    await asyncio.sleep(0.1)
    if by == "cancel":
        client.session.cancel()
    reason = "user request" if by == "cancel" else "statement timeout"
    answer = told(await client.replies())
    assert answer == ("57014", f"canceling statement due to {reason}", "I")
    assert await asyncio.wait_for(world.ask("update t set n = 0", 2), 1) == []
    assert await world.ask("select count(*) from pg_prepared_xacts") == [["0"]]


async def test_reset_and_settings(world: World) -> None:
    await world.ask("select gaveldb.fail_commits(3), gaveldb.fail_commits(3, scope => 'server')")
    await world.ask("select gaveldb.fail_key('t', 1)")
    assert len(await world.ask("select * from gaveldb.faults()")) == 3
    await world.ask("select gaveldb.reset_faults()", 2)
    assert await world.ask("select * from gaveldb.faults()") == []
    assert await world.ask("update t set n = 1") == []
    assert (await world.ask("set gaveldb.typo = 1"))[:2] == (
        "42602",
        'invalid configuration parameter name "gaveldb.typo"',
    )
    assert (await world.ask("select gaveldb.fail_commits(kind => 'what')"))[0] == "22023"
    await world.ask("alter role postgres set gaveldb.commit_failure_rate = 1", 1)
    assert (await world.ask("update t set n = 1", 5))[0] == "40001"


async def test_dsql_has_its_own_words() -> None:
    async with World(dsql=True, settings=["gaveldb.fault_seed=1"]) as world:
        for setting, code in (("40001", "OC000"), ("OC000", "OC000"), ("OC001", "OC001")):
            await world.ask(f"set gaveldb.commit_failure_kind = '{setting}'")
            await world.ask("select gaveldb.fail_commits()")
            await world.ask("begin")
            await world.ask("update t set n = n + 1")
            answer = await world.ask("commit")
            assert answer[0] == "40001" and answer[1].endswith(f"({code})") and answer[2] == "I"
        assert await world.ask("update t set n = n + 1") == []
        assert await world.values() == [["1"]]


async def test_a_server_whose_commits_all_fail_starts() -> None:
    engine = open_engine({"in_memory": True, "dsql": True, "settings": ["gaveldb.commit_failure_rate=1"]})
    await engine.open()
    await engine.close()
