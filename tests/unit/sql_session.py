"""Runs SQL in one in-memory engine and gives rows as texts, for tests that compare with recorded answers."""

import asyncio
from typing import Any

from gaveldb.engine.api import open_engine
from gaveldb.engine.errors import SqlError


class Collector:
    """A results sink that keeps the bytes of the last statement's rows."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def row_description(self, columns: Any, formats: Any) -> None:
        self.parts.clear()

    def rows(self, message: bytes) -> None:
        self.parts.append(bytes(message))

    def command_complete(self, tag: str) -> None: ...

    def empty_query(self) -> None: ...

    def portal_suspended(self) -> None: ...

    def notice(self, notice: Any) -> None: ...

    def parameter_status(self, name: str, value: str) -> None: ...

    def drained(self) -> None:
        return None

    def mark(self) -> int:
        return len(self.parts)

    def rewind(self, mark: int) -> bool:
        del self.parts[mark:]
        return True


def decode_rows(data: bytes) -> list[list[str | None]]:
    """The text fields of a run of DataRow messages."""
    rows = []
    here = 0
    while here < len(data):
        end = here + 1 + int.from_bytes(data[here + 1 : here + 5], "big")
        count = int.from_bytes(data[here + 5 : here + 7], "big")
        place = here + 7
        row: list[str | None] = []
        for _ in range(count):
            size = int.from_bytes(data[place : place + 4], "big", signed=True)
            place += 4
            if size < 0:
                row.append(None)
            else:
                row.append(data[place : place + size].decode())
                place += size
        rows.append(row)
        here = end
    return rows


class SqlSession:
    """One session of an in-memory engine with a loop of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.engine = open_engine({"in_memory": True})
        self.loop.run_until_complete(self.engine.open())
        self.sink = Collector()
        self.session: Any = self.engine.open_session("postgres", "postgres", {}, self.sink, pid=1, peer="")

    def close(self) -> None:
        self.loop.run_until_complete(self.engine.close())
        self.loop.close()

    def run(self, sql: str) -> Any:
        """The last statement's rows, or {"error": [sqlstate, message, detail, hint]}."""
        self.sink.parts.clear()

        async def query() -> None:
            pending = self.session.simple_query(sql, self.sink)
            if pending is not None:
                await pending

        try:
            self.loop.run_until_complete(query())
        except SqlError as error:
            return {"error": [str(error.sqlstate), error.message, error.detail, error.hint]}
        return decode_rows(b"".join(self.sink.parts))
