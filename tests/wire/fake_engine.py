"""A tiny engine behind the door engine.api, to test the server room by itself.

It knows: SELECT <int>, SELECT $1, SERIES <n> (rows), ROWS <n> (large output, with breaths and
backpressure), BEGIN, COMMIT, FAIL, CRASH, FATAL, SLEEP (until cancelled), BREATHE <n>, NOTICE,
NOTIFY, COPY IN, COPY OUT, SET ENCODING <name>.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from gaveldb.engine.api import ColumnDescription, Output, Step
from gaveldb.engine.errors import Notice, SqlError
from gaveldb.engine.sqlstates import (
    DIVISION_BY_ZERO,
    INVALID_AUTHORIZATION_SPECIFICATION,
    QUERY_CANCELED,
    SYNTAX_ERROR,
)

COLUMNS = (ColumnDescription("n", 0, 0, 23, 4, -1),)
ONE_ROW = b"D\0\0\0\x0b\0\x01\0\0\0\x011"


class FakePrepared:
    """A statement: its words."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plan = None
        self.words = text.upper().rstrip(";").split()
        self.parameter_types: Sequence[int] = (23,) if "$1" in text else ()
        rows = self.words[:1] in (["SELECT"], ["SERIES"], ["ROWS"])
        self.columns: Sequence[ColumnDescription] | None = COLUMNS if rows else None


class FakePortal:
    """A bound statement and how far it has run."""

    def __init__(self, prepared: FakePrepared, values: Sequence[bytes | None], binary: bool) -> None:
        self.prepared = prepared
        self.columns = prepared.columns
        self.values = values
        self.formats: Sequence[int] = (int(binary),)
        self.next = 0


def row(value: bytes | None) -> bytes:
    """A DataRow with one field."""
    field = b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4, "big") + value
    body = b"\0\x01" + field
    return b"D" + (len(body) + 4).to_bytes(4, "big") + body


class FakeSession:
    """One session of the fake engine."""

    def __init__(self, output: Output, pid: int) -> None:
        self.pid = pid
        self.output = output
        self.status = b"I"
        self.closed = False
        self.cancelled = False
        self.failures: list[Exception] = []
        self.copied = b""
        self._portals: dict[str, FakePortal] = {}
        self._prepared: dict[str, FakePrepared] = {}
        self._sleeping: asyncio.Future[None] | None = None

    def simple_query(self, text: str, output: Output) -> Step:
        if not text.strip():
            output.empty_query()
            return None
        return self._run(FakePortal(FakePrepared(text), (), False), 0, output, describe=True)

    def prepare(self, text: str, parameter_types: Sequence[int]) -> FakePrepared:
        if text.upper().startswith("BAD"):
            raise self._failed(SqlError(SYNTAX_ERROR, 'syntax error at or near "bad"', position=0))
        return FakePrepared(text)

    def refresh(self, prepared: Any) -> None:
        pass

    def bind(
        self,
        prepared: Any,
        name: str,
        formats: Sequence[int],
        values: Sequence[bytes | None],
        result_formats: Sequence[int],
    ) -> FakePortal:
        portal = self._portals[name] = FakePortal(prepared, values, tuple(result_formats) == (1,))
        return portal

    def portal(self, name: str) -> FakePortal | None:
        return self._portals.get(name)

    def close_portal(self, name: str) -> None:
        self._portals.pop(name, None)

    def execute(self, portal: Any, row_limit: int, output: Output) -> Step:
        return self._run(portal, row_limit, output)

    def express(self, prepared: Any) -> None:
        return None

    def express_query(self, text: str, literals: Any) -> None:
        return None

    def sync(self, output: Output) -> Step:
        return None

    def fail(self, error: Exception) -> None:
        self.failures.append(error)

    def cancel(self) -> None:
        self.cancelled = True
        if self._sleeping is not None and not self._sleeping.done():
            self._sleeping.set_exception(SqlError(QUERY_CANCELED, "canceling statement due to user request"))

    def prepared(self, name: str) -> FakePrepared | None:
        return self._prepared.get(name)

    def store_prepared(self, name: str, prepared: Any) -> None:
        self._prepared[name] = prepared

    def close_prepared(self, name: str) -> None:
        self._prepared.pop(name, None)

    def parameters(self) -> Mapping[str, str]:
        return {"server_version": "18.4", "client_encoding": "UTF8", "DateStyle": "ISO, MDY",
                "standard_conforming_strings": "on", "TimeZone": "UTC"}  # fmt: skip

    def close(self) -> None:
        self.closed = True

    def _failed(self, error: SqlError) -> SqlError:
        if self.status == b"T":
            self.status = b"E"
        return error

    def _run(self, portal: FakePortal, limit: int, output: Output, describe: bool = False) -> Step:
        words = portal.prepared.words
        match words[0]:
            case "SELECT":
                if describe:
                    output.row_description(COLUMNS, (0,))
                value = portal.values[0] if portal.values else words[1].encode()
                if portal.formats == (1,) and not portal.values:
                    value = int(words[1]).to_bytes(4, "big")
                output.rows(ONE_ROW if value == b"1" else row(value))
                output.command_complete("SELECT 1")
            case "SERIES":
                if describe:
                    output.row_description(COLUMNS, (0,))
                self._series(portal, limit, output)
            case "BEGIN":
                self.status = b"T"
                output.command_complete("BEGIN")
            case "COMMIT":
                output.command_complete("ROLLBACK" if self.status == b"E" else "COMMIT")
                self.status = b"I"
            case "FAIL":
                position = portal.prepared.text.encode().find(b"fail")
                raise self._failed(SqlError(DIVISION_BY_ZERO, "division by zero", position=position))
            case "CRASH":
                raise KeyError("oops")
            case "FATAL":
                raise SqlError(DIVISION_BY_ZERO, "the end", severity="FATAL")
            case "NOTICE":
                output.notice(Notice("hi"))
                output.command_complete("DO")
            case "NOTIFY":
                output.notification(self.pid, "a", "x")
                output.command_complete("NOTIFY")
            case "SET":
                output.parameter_status("client_encoding", words[2])
                output.command_complete("SET")
            case "SLEEP":
                return self._sleep(output)
            case "BREATHE":
                return self._breathe(int(words[1]), output)
            case "ROWS":
                if describe:
                    output.row_description(COLUMNS, (0,))
                return self._rows(int(words[1]), output)
            case "COPY":
                return self._copy_in(output) if words[1] == "IN" else self._copy_out(output)
            case other:
                raise self._failed(SqlError(SYNTAX_ERROR, f'syntax error at or near "{other}"', position=0))
        return None

    def _series(self, portal: FakePortal, limit: int, output: Output) -> None:
        size = int(portal.prepared.words[1])
        end = min(size, portal.next + limit) if limit else size
        count = end - portal.next
        while portal.next < end:
            portal.next += 1
            output.rows(row(str(portal.next).encode()))
        if limit and count == limit:
            output.portal_suspended()
        else:
            output.command_complete(f"SELECT {count}")

    async def _sleep(self, output: Output) -> None:
        self._sleeping = asyncio.get_running_loop().create_future()
        await self._sleeping
        output.command_complete("SLEEP")

    async def _breathe(self, count: int, output: Output) -> None:
        for _ in range(count):
            await asyncio.sleep(0)
        output.command_complete(f"BREATHE {count}")

    async def _rows(self, count: int, output: Output) -> None:
        block = row(b"x" * 1000) * 10
        for _ in range(count // 10):
            if self.cancelled:
                raise SqlError(QUERY_CANCELED, "canceling statement due to user request")
            output.rows(block)
            waiter = output.drained()
            if waiter is not None:
                await waiter
        output.command_complete(f"SELECT {count}")

    async def _copy_in(self, output: Output) -> None:
        output.copy_in_response(False, (0,))
        self.copied = b""
        while (data := await output.copy_data_in()) is not None:
            self.copied += data
            if b"bad" in data:
                raise SqlError(SYNTAX_ERROR, "bad data")
        output.command_complete("COPY " + str(self.copied.count(b"\n")))

    async def _copy_out(self, output: Output) -> None:
        output.copy_out_response(False, (0, 0))
        output.copy_data_out(b"1\t2\n")
        output.copy_done()
        output.command_complete("COPY 1")


class FakeEngine:
    """The fake engine; `verifiers` are the passwords of roles."""

    def __init__(self, verifiers: Mapping[str, str] | None = None) -> None:
        self.verifiers = dict(verifiers or {})
        self.sessions: list[FakeSession] = []

    def verifier(self, user: str) -> str | None:
        return self.verifiers.get(user)

    def open_session(
        self,
        user: str,
        database: str,
        options: Mapping[str, str],
        output: Output,
        *,
        pid: int,
        peer: str,
    ) -> FakeSession:
        if user == "nobody":
            raise SqlError(INVALID_AUTHORIZATION_SPECIFICATION, f'role "{user}" does not exist')
        session = FakeSession(output, pid)
        self.sessions.append(session)
        return session

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass
