"""Random transactions of many clients over a running server that is killed now and then; was the level kept?

Each transaction reads lists and appends to them. Who saw what tells which orders are possible, and
tests/simulation/elle.py says which anomalies that is: G0 and G1a-c at every level, G-single and lost
updates from REPEATABLE READ on, write skew at SERIALIZABLE. What was acknowledged must be there after
all kills, what was refused must not.
"""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import asyncpg

from tests.server_process import ServerProcess
from tests.simulation.elle import check_lists
from tests.simulation.history import COMMITTED, REFUSED, UNKNOWN, Entry, History

LEVELS = ("read committed", "repeatable read", "serializable")
LISTS = 8  # at a time: after AGE transactions come others, so that none grows long
AGE = 400
CLIENTS = 16
GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
LOST = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Run:
    """One level."""

    def __init__(self, level: str, transactions: int, seed: int) -> None:
        self.level = level
        self.transactions = transactions
        self.random = random.Random(f"{level} {seed}")
        self.history = History()
        self.kills = 0
        self.final: dict[int, list[int]] = {}

    async def run(self, server: ServerProcess, kills: int) -> list[str]:
        """What is wrong, after so many transactions with so many kills among them."""
        connection = await self._connect(server)
        await connection.execute("CREATE TABLE list (id int PRIMARY KEY, content text NOT NULL)")
        lists = LISTS * (self.transactions // AGE + 2)
        await connection.execute(f"INSERT INTO list SELECT n, '' FROM generate_series(0, {lists - 1}) n")
        await connection.close()
        for part in range(kills + 1):
            most = self.transactions * (part + 1) // (kills + 1)
            clients = [asyncio.ensure_future(self._client(server, most)) for _ in range(CLIENTS)]
            if part < kills:
                while len(self.history.entries) < most - CLIENTS * 2:
                    await asyncio.sleep(0.005)
                server.kill9()
                self.kills += 1
            await asyncio.gather(*clients)
            if part < kills:
                server.start()
        self.final = await self._final(server)
        return self.judge()

    async def _connect(self, server: ServerProcess) -> Any:
        settings = {"deadlock_timeout": "20"}  # ms: clients take lists in any order
        return await asyncpg.connect(server.url, timeout=20, server_settings=settings)

    async def _client(self, server: ServerProcess, most: int) -> None:
        connection = None
        try:
            connection = await self._connect(server)
            while len(self.history.entries) < most:
                await self._transact(connection)
        except GONE:
            if server.running:
                raise
        finally:
            if connection is not None:
                connection.terminate()

    async def _transact(self, connection: Any) -> None:
        source = self.random
        entry = self.history.begin(self.level, 0, time.monotonic(), 0, self.level == "serializable")
        entry.outcome = UNKNOWN
        first = LISTS * (entry.number // AGE)
        try:
            await connection.execute(f"BEGIN ISOLATION LEVEL {self.level}")
            for _ in range(source.randint(1, 4)):
                await self._act(connection, entry, first + source.randrange(LISTS), source.random() < 0.5)
            await connection.execute("COMMIT")
        except LOST:
            entry.outcome = REFUSED
            await connection.execute("ROLLBACK")
        else:
            entry.outcome = COMMITTED
        entry.ended = time.monotonic()

    async def _act(self, connection: Any, entry: Entry, item: int, append: bool) -> None:
        if append:
            element = entry.number * 10 + len(entry.actions)
            entry.actions.append(("append", item, element))
            entry.writes = True
            await connection.execute(
                "UPDATE list SET content = content || $2 WHERE id = $1", item, f"{element} "
            )
        else:
            content = await connection.fetchval("SELECT content FROM list WHERE id = $1", item)
            entry.actions.append(("read", item, [int(element) for element in content.split()]))

    async def _final(self, server: ServerProcess) -> dict[int, list[int]]:
        connection = await self._connect(server)
        rows = await connection.fetch("SELECT id, content FROM list")
        await connection.close()
        return {row["id"]: [int(element) for element in row["content"].split()] for row in rows}

    def judge(self) -> list[str]:
        """What is wrong with the history, given what is there in the end."""
        final = self.final
        happened = {element // 10 for content in final.values() for element in content}
        wrong = []
        for entry in self.history.entries:
            if entry.outcome == COMMITTED and entry.writes and entry.number not in happened:
                wrong.append(f"transaction {entry.number} was acknowledged and is lost")
            elif entry.outcome == REFUSED and entry.number in happened:
                wrong.append(f"transaction {entry.number} was refused and is there")
        kept = [entry for entry in self.history.entries if entry.outcome != REFUSED]
        return wrong or check_lists(kept, final, happened, snapshots=self.level != "read committed")


def run_level(level: str, data_dir: Path, transactions: int, kills: int, seed: int) -> Run:
    """One level on a new server; raises AssertionError for what is wrong."""
    run = Run(level, transactions, seed)
    with ServerProcess(data_dir) as server:
        wrong = asyncio.run(run.run(server, kills))
    assert not wrong, f"{level}: {wrong[:3]}"
    return run
