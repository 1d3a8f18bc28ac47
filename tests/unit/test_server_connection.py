"""The server room over the fake engine: suspension, skipping, backpressure, cancel, shutdown, TLS, SCRAM."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from gaveldb.server.auth import scram_verifier
from gaveldb.server.config import Config, ConfigError
from gaveldb.server.listener import Server

from ..wire.fake_engine import FakeEngine
from ..wire.messages import encode
from ..wire.runner import decode

Start = Callable[..., Any]


class Running:
    """A server on a free port, and raw clients of it."""

    def __init__(self, engine: FakeEngine, server: Server) -> None:
        self.engine = engine
        self.server = server
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> "Client":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self._writers.append(writer)
        client = Client(reader, writer)
        client.send("Startup")
        await client.until("ReadyForQuery")
        client.session = self.engine.sessions[-1]
        return client

    async def stop(self) -> None:
        for writer in self._writers:
            writer.close()
        await self.server.stop()


class Client:
    """A raw client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.key = b""
        self.session: Any = None

    def send(self, *lines: str) -> None:
        self.writer.write(b"".join(map(encode, lines)))

    async def message(self) -> tuple[str, Any] | None:
        try:
            head = await self.reader.readexactly(5)
        except asyncio.IncompleteReadError:
            return None
        body = await self.reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)
        if head[:1] == b"K":
            self.key = body
        return decode(chr(head[0]), body)

    async def until(self, last: str) -> list[tuple[str, Any] | None]:
        found: list[tuple[str, Any] | None] = []
        while True:
            message = await asyncio.wait_for(self.message(), 10)
            found.append(message)
            if message is None or message[0] == last:
                return found


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    running: list[Running] = []

    async def begin(verifiers: dict[str, str] | None = None, **config: Any) -> Running:
        engine = FakeEngine(verifiers)
        server = Server(engine, Config(port=0, **config))
        await server.start()
        running.append(Running(engine, server))
        return running[-1]

    yield begin
    for one in running:
        await one.stop()


def names(messages: list[tuple[str, Any] | None]) -> str:
    short = {
        "ParseComplete": "1",
        "BindComplete": "2",
        "DataRow": "D",
        "CommandComplete": "C",
        "ErrorResponse": "E",
        "ReadyForQuery": "Z",
        "PortalSuspended": "s",
        "RowDescription": "T",
    }
    return "".join(short.get(m[0], m[0]) if m else "EOF" for m in messages)


def parse(text: str) -> str:
    return f'Parse {{"text": "{text}"}}'


async def test_pipeline_goes_on_after_a_suspension(start: Start) -> None:
    client = await (await start()).connect()
    client.send(parse("breathe 3"), "Bind", "Execute", parse("select 1"), "Bind", "Execute", "Sync")
    assert names(await client.until("ReadyForQuery")) == "12C12DCZ"


async def test_every_way_to_cut_the_bytes(start: Start) -> None:
    client = await (await start()).connect()
    lines = (parse("series 3"), "Bind", 'Execute {"limit": 2}', "Execute", "Sync")
    data = b"".join(map(encode, lines))
    for cut in range(1, len(data)):
        client.writer.write(data[:cut])
        await client.writer.drain()
        await asyncio.sleep(0.0005)
        client.writer.write(data[cut:])
        assert names(await client.until("ReadyForQuery")) == "12DDsDCZ", cut


async def test_thousands_of_messages_do_not_starve_others(start: Start) -> None:
    running = await start()
    busy, other = await running.connect(), await running.connect()
    batch = b"".join(map(encode, (parse("select 1"), "Bind", "Execute", "Sync")))
    busy.writer.write(batch * 20000)
    await asyncio.sleep(0.02)
    started = asyncio.get_running_loop().time()
    other.send('Query {"text": "select 1"}')
    await other.until("ReadyForQuery")
    assert asyncio.get_running_loop().time() - started < 0.5
    for _ in range(20000):
        assert names(await busy.until("ReadyForQuery")) == "12DCZ"


async def test_a_slow_reader_does_not_grow_memory(start: Start) -> None:
    running = await start()
    client = await running.connect()
    client.writer.transport.pause_reading()
    client.send('Query {"text": "rows 20000"}')
    await asyncio.sleep(0.3)
    (connection,) = running.server.connections.values()
    assert connection.output.paused
    assert connection.transport.get_write_buffer_size() < 2_000_000
    client.writer.transport.resume_reading()
    assert len(await client.until("ReadyForQuery")) == 20_003


async def test_a_slow_reader_that_pipelines_is_not_executed_ahead(start: Start) -> None:
    running = await start()
    client = await running.connect()
    client.writer.transport.pause_reading()
    client.writer.write(encode(f'Query {{"text": "select {"x" * 20000}"}}') * 700)
    await asyncio.sleep(0.3)
    (connection,) = running.server.connections.values()
    assert connection.transport.get_write_buffer_size() + len(connection.output.buffer) < 2_000_000
    client.writer.transport.resume_reading()
    for _ in range(700):
        assert names(await client.until("ReadyForQuery")) == "TDCZ"


async def test_internal_error_keeps_the_connection(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    client = await (await start()).connect()
    client.send('Query {"text": "crash"}')
    error, _ready = await client.until("ReadyForQuery")
    assert error and error[1]["C"] == "XX000"
    assert "Traceback" in caplog.text
    assert client.session.failures
    client.send('Query {"text": "select 1"}')
    assert names(await client.until("ReadyForQuery")) == "TDCZ"
    client.send('Query {"text": "fatal"}')
    assert (await client.until("the end"))[-1] is None


async def test_other_client_encodings(start: Start) -> None:
    client = await (await start()).connect()
    client.send('Query {"text": "set encoding latin1"}', 'Message {"tag": "Q", "hex": "73656c65637420e900"}')
    assert names(await client.until("ReadyForQuery")) == "CParameterStatusZ"
    (_, row, *_) = await client.until("ReadyForQuery")
    assert row == ("DataRow", ["\u00c9"])
    client.send('Message {"tag": "Q", "hex": "e900"}')
    head = await client.reader.readexactly(5)
    assert b'near "\xc9"' in await client.reader.readexactly(int.from_bytes(head[1:], "big") - 4)


async def test_own_errors_fail_the_transaction(start: Start) -> None:
    client = await (await start()).connect()
    client.send('Execute {"portal": "p"}', "Sync")
    assert names(await client.until("ReadyForQuery")) == "EZ"
    assert len(client.session.failures) == 1


async def test_copy_in(start: Start) -> None:
    client = await (await start()).connect()
    client.send('Query {"text": "copy in"}', 'CopyData {"text": "a\\n"}', 'CopyData {"text": "b"}')
    await client.until("CopyInResponse")
    client.send('CopyData {"text": "\\n"}', "Flush", "Sync", "CopyDone")
    assert names(await client.until("ReadyForQuery")) == "CZ"
    assert client.session.copied == b"a\nb\n"
    client.send('Query {"text": "copy in"}', 'CopyFail {"text": "why"}')
    found = await client.until("ReadyForQuery")
    assert ("ErrorResponse", {"S": "ERROR", "C": "57014", "M": "COPY from stdin failed: why"}) in found
    client.send(
        'Query {"text": "copy in"}', 'CopyData {"text": "bad"}', "CopyDone", 'Query {"text": "select 1"}'
    )
    assert names(await client.until("ReadyForQuery")) == "CopyInResponseEZ"
    assert names(await client.until("ReadyForQuery")) == "TDCZ"
    client.send('Query {"text": "copy in"}', 'Query {"text": "select 1"}')
    assert names(await client.until("the end")) == "CopyInResponseEEEOF"


async def test_copy_in_of_a_message_larger_than_the_backlog(start: Start) -> None:
    client = await (await start()).connect()
    client.send('Query {"text": "copy in"}')
    await client.until("CopyInResponse")
    for size in (5_000_000, 10, 3_000_000):
        client.send(f'CopyData {{"text": "{"x" * size}"}}')
    client.send("CopyDone")
    assert names(await client.until("ReadyForQuery")) == "CZ"
    assert len(client.session.copied) == 8_000_010


async def test_a_session_ends_though_its_client_reads_nothing(start: Start) -> None:
    running = await start(shutdown_timeout=0.1)
    client = await running.connect()
    client.writer.transport.pause_reading()
    client.writer.write(encode(f'Query {{"text": "select {"x" * 20000}"}}') * 300)
    await asyncio.sleep(0.2)
    (connection,) = running.server.connections.values()
    assert connection.output.paused
    assert connection.shut_down()
    assert client.session.closed and not running.server.connections


async def test_copy_in_ends_with_the_client(start: Start) -> None:
    running = await start()
    client = await running.connect()
    client.send('Query {"text": "copy in"}', 'CopyData {"text": "a"}')
    await client.until("CopyInResponse")
    client.writer.close()
    await until(lambda: client.session.closed)
    assert not running.server.connections


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_cancel(start: Start) -> None:
    running = await start()
    client = await running.connect()
    client.send('Query {"text": "sleep"}')
    await asyncio.sleep(0.05)
    for key in (b"\0" * 4, client.key[4:]):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port)
        writer.write(struct.pack("!ii", 16, 80877102) + client.key[:4] + key)
        assert await reader.read() == b""
        writer.close()
        assert client.session.cancelled == (key != b"\0" * 4)
    error, _ = await client.until("ReadyForQuery")
    assert error and error[1]["C"] == "57014"


async def test_what_was_sent_is_executed_after_the_client_has_gone(start: Start) -> None:
    client = await (await start()).connect()
    client.send(
        'Query {"text": "breathe 5"}', 'Query {"text": "begin"}', 'Query {"text": "breathe 5"}', "Terminate"
    )
    client.writer.close()
    await until(lambda: client.session.closed)
    assert client.session.status == b"T"


async def test_half_close_still_gets_answers(start: Start) -> None:
    client = await (await start()).connect()
    client.send('Query {"text": "breathe 5"}', 'Query {"text": "select 1"}')
    client.writer.write_eof()
    assert names(await client.until("the end")) == "CZTDCZEOF"
    await until(lambda: client.session.closed)


async def test_shutdown(start: Start) -> None:
    running = await start(shutdown_timeout=0.2)
    idle, busy, stuck = [await running.connect() for _ in range(3)]
    busy.send('Query {"text": "breathe 20"}')
    stuck.send('Query {"text": "sleep"}')
    await asyncio.sleep(0.001)
    await running.server.stop()
    for client, before in ((idle, ""), (busy, "CZ"), (stuck, "")):
        found = await client.until("the end")
        assert names(found).startswith(before)
        assert any(m and m[0] == "ErrorResponse" and m[1]["C"] == "57P01" for m in found)
        assert client.session.closed


async def test_too_many_connections(start: Start) -> None:
    running = await start(max_connections=1)
    await running.connect()
    with pytest.raises(asyncpg.TooManyConnectionsError, match="sorry, too many clients already"):
        await asyncpg.connect(running.server.url(), ssl=False)


async def test_authentication_timeout(start: Start) -> None:
    running = await start(authentication_timeout=0.1, password="secret")
    reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port)
    assert await reader.read() == b""
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port)
    writer.write(encode("Startup"))
    assert b"canceling authentication due to timeout" in await reader.read()
    writer.close()
    assert not running.server.greetings


@pytest.mark.parametrize("binding", ["disable", "require"])
@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
async def test_tls_and_scram(start: Start, tmp_path: Path, binding: str, negotiation: str) -> None:
    running = await start(
        {"joe": scram_verifier("sesam")}, password="secret", tls_self_signed=True, data_dir=tmp_path
    )
    options: dict[str, Any] = {
        "host": "localhost",
        "hostaddr": "127.0.0.1",
        "port": running.server.port,
        "dbname": "postgres",
        "sslmode": "verify-full",
        "sslrootcert": str(tmp_path / "tls" / "server.crt"),
        "sslnegotiation": negotiation,
        "channel_binding": binding,
    }
    for user, password in (("postgres", "secret"), ("joe", "sesam")):
        connection = await psycopg.AsyncConnection.connect(user=user, password=password, **options)
        assert connection.pgconn.ssl_in_use
        assert await (await connection.execute("select 7")).fetchone() == (7,)
        rows = await (await connection.execute("series 100000")).fetchall()
        assert rows == [(number,) for number in range(1, 100_001)]
        await connection.close()
    for user, password in (("postgres", "sesam"), ("joe", "secret"), ("ghost", "secret")):
        with pytest.raises(
            psycopg.OperationalError, match=f'password authentication failed for user "{user}"'
        ):
            await psycopg.AsyncConnection.connect(user=user, password=password, **options)


async def test_direct_tls_needs_alpn(start: Start, tmp_path: Path) -> None:
    running = await start(tls_self_signed=True, data_dir=tmp_path)
    context = ssl.create_default_context(cafile=tmp_path / "tls" / "server.crt")
    url = running.server.url().replace("127.0.0.1", "localhost")
    with pytest.raises((asyncpg.PostgresConnectionError, ConnectionError, ssl.SSLError)):
        await asyncpg.connect(url, ssl=context, direct_tls=True)
    context.set_alpn_protocols(["postgresql"])
    connection = await asyncpg.connect(url, ssl=context, direct_tls=True)
    assert await connection.fetchval("select 5") == 5
    await connection.close()


async def test_tokens(start: Start) -> None:
    running = await start(token_check=lambda user, token: (user, token) == ("postgres", "token"))
    url = running.server.url()
    connection = await asyncpg.connect(url, password="token", ssl=False)
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url, password="other", ssl=False)


def test_config_is_safe() -> None:
    with pytest.raises(ConfigError, match="without a password"):
        Config(hosts=("127.0.0.1", "0.0.0.0"))
    Config(hosts=("0.0.0.0",), password="secret")
    Config(hosts=("::1", "localhost", "127.0.0.2"))
