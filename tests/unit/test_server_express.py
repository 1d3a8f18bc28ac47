"""The express way (server/express.py) over the real engine: what cannot be seen in recorded scripts."""

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gaveldb.engine.api import open_engine
from gaveldb.server.busypoll import BusyPoll
from gaveldb.server.connection import Connection
from gaveldb.server.express import ENTRIES_MAX
from gaveldb.server.frames import LIMITS
from gaveldb.server.output import ClientOutput

from ..wire.messages import decode, encode


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def write(self, data: Any) -> None:
        self.data += data

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


class _Listener:
    stopping = False
    busy_poll = BusyPoll(0)
    message_limits = LIMITS

    def forget(self, _: object) -> bool:
        return True

    def count_closed(self) -> None:
        pass


class Client:
    """A connection without a socket."""

    def __init__(self, engine: Any, pid: int) -> None:
        self.wire = Wire()
        output = ClientOutput(self.wire)
        self.session = engine.open_session("postgres", "postgres", {}, output, pid=pid, peer="127.0.0.1")
        self.connection = Connection(_Listener(), self.wire, output, self.session, b"")  # type: ignore[arg-type]

    def feed(self, *lines: str | bytes) -> None:
        """One packet."""
        packet = b"".join([encode(line) if isinstance(line, str) else line for line in lines])
        self.connection.data_received(packet)

    async def replies(self) -> list[tuple[str, Any]]:
        """What has come up to ReadyForQuery."""
        for _ in range(2000):
            if self.wire.data[-6:-5] == b"Z":
                break
            await asyncio.sleep(0.001)
        found = []
        while self.wire.data:
            (length,) = struct.unpack_from("!i", self.wire.data, 1)
            body = bytes(self.wire.data[5 : 1 + length])
            found.append(decode(chr(self.wire.data[0]), body))
            del self.wire.data[: 1 + length]
        return found

    async def ask(self, *lines: str | bytes) -> list[tuple[str, Any]]:
        self.feed(*lines)
        return await self.replies()

    async def names(self, *lines: str | bytes) -> list[str]:
        return [name for name, _ in await self.ask(*lines)]

    async def query(self, text: str) -> list[tuple[str, Any]]:
        return await self.ask(f'Query {{"text": "{text}"}}')


@pytest.fixture
async def clients() -> AsyncIterator[list[Client]]:
    engine = open_engine({"in_memory": True})
    await engine.open()
    members = [Client(engine, 1 + index) for index in range(4)]
    await members[0].query(
        "create table t (id int primary key, n int); insert into t values (1, 10), (2, 20)"
    )
    yield members
    for member in members:
        member.session.close()
    await engine.close()


def prepare(name: str, text: str) -> tuple[str, str]:
    return f'Parse {{"name": "{name}", "text": "{text}"}}', "Sync"


def run(name: str, *values: str) -> tuple[str, str, str]:
    listed = ", ".join([f'"{value}"' for value in values])
    return f'Bind {{"statement": "{name}", "values": [{listed}]}}', "Execute", "Sync"


def taken(client: Client, name: str) -> bool:
    """Whether the statement has an express way that is current."""
    express = client.connection.express.get(name.encode())
    return express is not None and express.statement is not None and express.plan is express.prepared.plan


async def test_a_new_plan_has_an_express_way_again(clients: list[Client]) -> None:
    client = clients[0]
    await client.ask(*prepare("get", "select n from t where id = $1"))
    for _ in range(2):
        await client.ask(*run("get", "1"))
    first = client.connection.express[b"get"].statement
    assert taken(client, "get")
    await client.query("create table other (a int)")
    for _ in range(3):
        assert (await client.ask(*run("get", "1")))[1] == ("DataRow", ["10"])
    assert taken(client, "get")
    assert client.connection.express[b"get"].statement is not first
    assert client.connection.express[b"get"].statement.is_current()


@pytest.mark.parametrize("describe", [b"", b"D\0\0\0\x06P\0"])
@pytest.mark.parametrize("body", [b"", b"\0", b"\0\0", b"\0get", b"\0get\0", b"\0get\0\0", b"\0get\0\0\0",
                                  b"\0get\0\0\x7f", b"\0get\0\0\xff\0", b"\0get\0\0\0\0", b"\0get\0\0\0\0\1",
                                  b"\0get\0\0\0\0\1\0\0\0\1", b"\0get\0\0\0\0\1\x7f\xff\xff\xff1\0\0",
                                  b"\0get\0\0\0\0\xff\0\0\0\x011\0\0", b"\0get\0\0\0\1\1\0\0\0\x011\0\0",
                                  b"\0get\0\1\0\0\0\0\1\0\0\0\x011\0\0", b"\0get\0\0\0\0\1\0\0\0\x011\0\1",
                                  b"\0get\0\0\0\0\1\xff\xff\xff\xfe\0\0"])  # fmt: skip
async def test_malformed_binds(clients: list[Client], body: bytes, describe: bytes) -> None:
    """They get an answer, and the session goes on."""
    client = clients[0]
    await client.ask(*prepare("get", "select n from t where id = $1"))
    await client.ask(*run("get", "1"))
    bind = b"B" + struct.pack("!i", len(body) + 4) + body
    names = await client.names(bind + describe + b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04")
    assert names == ["ErrorResponse", "ReadyForQuery"]
    assert await client.names(*run("get", "1")) == [
        "BindComplete",
        "DataRow",
        "CommandComplete",
        "ReadyForQuery",
    ]


async def test_bindings_and_entries_are_bounded(clients: list[Client]) -> None:
    client = clients[0]
    await client.ask(*prepare("sum", "select " + " + ".join([f"${n}::int" for n in range(1, 9)])))
    for number in range(256):
        formats = [number >> shift & 1 for shift in range(8)]
        values = ['"1"' if not code else '"\\\\x00000001"' for code in formats]
        bind = f'Bind {{"statement": "sum", "formats": {formats}, "values": [{", ".join(values)}]}}'
        assert (await client.ask(bind, "Execute", "Sync"))[1] == ("DataRow", ["8"])
    assert len(client.connection.express[b"sum"].bindings) <= 16
    assert len(client.connection.express) <= ENTRIES_MAX


async def test_statements_without_an_express_way_are_remembered(clients: list[Client]) -> None:
    client = clients[0]
    await client.ask(*prepare("all", "select n from t order by n"))
    await client.ask(*prepare("when", "select n from t where id = 1 and now() > $1::timestamptz"))
    for _ in range(2):
        await client.ask(*run("all"))
        assert (await client.ask(*run("when", "2020-01-01")))[1] == ("DataRow", ["10"])
    assert not taken(client, "all")
    assert b"all" in client.connection.express
    assert () in client.connection.express[b"when"].bindings.values()


async def test_another_client_encoding_takes_the_ordinary_way(clients: list[Client]) -> None:
    client = clients[0]
    await client.ask(*prepare("get", "select n from t where id = $1"))
    await client.ask(*run("get", "1"))
    statement = client.connection.express[b"get"].statement
    await client.query("set client_encoding = latin1")
    statement.count = 99
    assert (await client.ask(*run("get", "1")))[1] == ("DataRow", ["10"])
    assert statement.count == 99


async def test_a_lost_commit_is_tried_again_behind_bind_complete(clients: list[Client]) -> None:
    for client in clients:
        await client.ask(*prepare("add", "update t set n = n + $1 where id = $2"))
    for _ in range(5):
        for client in clients:
            client.feed(*run("add", "1", "1"))
        for client in clients:
            assert await client.replies() == [
                ("BindComplete", None),
                ("CommandComplete", "UPDATE 1"),
                ("ReadyForQuery", "I"),
            ]
    assert (await clients[0].query("select n from t where id = 1"))[1] == ("DataRow", ["30"])


async def test_default_modes_that_a_transaction_has_changed(clients: list[Client]) -> None:
    client = clients[0]
    await client.ask(*prepare("set", "update t set n = n where id = $1"))
    await client.ask(*prepare("get", "select n from t where id = $1"))
    for change in (
        "select set_config('default_transaction_read_only', 'on', false)",
        "begin; set default_transaction_read_only = on; commit",
    ):
        await client.ask(*run("get", "1"))
        await client.query(change)
        assert (await client.ask(*run("set", "1")))[-2][1]["C"] == "25006", change
        await client.query("set default_transaction_read_only = off")
        assert (await client.ask(*run("set", "1")))[-2] == ("CommandComplete", "UPDATE 1")


@pytest.mark.parametrize("level", ["serializable", "repeatable read", "read committed"])
async def test_every_isolation_level(clients: list[Client], level: str) -> None:
    client = clients[0]
    await client.query(f"set default_transaction_isolation = '{level}'")
    await client.ask(*prepare("get", "select n from t where id = $1"))
    for _ in range(5):
        assert (await client.query("select n from t where id = 1"))[1] == ("DataRow", ["10"])
        assert (await client.ask(*run("get", "1")))[1] == ("DataRow", ["10"])
        assert (await client.query("update t set n = n + 0 where id = 1"))[0] == (
            "CommandComplete",
            "UPDATE 1",
        )
