"""Many clients on few rows: invariants that hold at every level, and no error but those of the level."""

import asyncio
import random
from collections.abc import Iterator

import asyncpg
import pytest

from ..server_process import ServerProcess

CLIENTS = 8
SECONDS = 2.0
EXPECTED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
CONSTRAINTS = (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError)
SETUP = """
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO account SELECT g, 100 FROM generate_series(1, 6) g;
CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO counter VALUES (1, 0);
CREATE TABLE parent (id int PRIMARY KEY, n int DEFAULT 0);
CREATE TABLE child (id serial PRIMARY KEY, parent int NOT NULL REFERENCES parent ON DELETE CASCADE);
CREATE TABLE job (id int PRIMARY KEY, takers int DEFAULT 0);
INSERT INTO job SELECT generate_series(1, 400);
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ServerProcess() as server:
        yield server.url


class Client:
    """One client's transactions, until the time is up."""

    def __init__(self, connection: asyncpg.Connection, isolation: str, seed: int) -> None:
        self.connection = connection
        self.isolation = isolation
        self.random = random.Random(seed)
        self.counted = 0
        self.taken: list[int] = []
        self.done = 0

    async def transfer(self) -> None:
        giver, taker = self.random.sample(range(1, 7), 2)
        amount = self.random.randrange(1, 9)
        text = "UPDATE account SET balance = balance + $1 WHERE id = $2"
        await self.connection.execute(text, -amount, giver)
        await self.connection.execute(text, amount, taker)

    async def upsert(self) -> None:
        await self.connection.execute(
            "INSERT INTO counter VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = counter.n + 1"
        )

    async def family(self) -> None:
        key = self.random.randrange(5)
        what = self.random.randrange(3)
        if what == 0:
            await self.connection.execute("INSERT INTO parent VALUES ($1) ON CONFLICT DO NOTHING", key)
        elif what == 1:
            await self.connection.execute("INSERT INTO child (parent) VALUES ($1)", key)
        else:
            await self.connection.execute("DELETE FROM parent WHERE id = $1", key)

    async def take(self) -> int | None:
        found: int | None = await self.connection.fetchval(
            "SELECT id FROM job WHERE takers = 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
        if found is not None:
            await self.connection.execute("UPDATE job SET takers = takers + 1 WHERE id = $1", found)
        return found

    async def run(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            what = self.random.choice([self.transfer, self.upsert, self.family, self.take])
            try:
                async with self.connection.transaction(isolation=self.isolation):
                    result = await what()
            except (*EXPECTED, *CONSTRAINTS) as error:
                if self.isolation == "read_committed":
                    assert not isinstance(error, asyncpg.SerializationError), error
                continue
            self.done += 1
            if what == self.upsert:
                self.counted += 1
            elif isinstance(result, int):
                self.taken.append(result)


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read", "serializable"])
async def test_invariants(url: str, isolation: str) -> None:
    admin = await asyncpg.connect(url)
    await admin.execute("DROP SCHEMA IF EXISTS stress CASCADE; CREATE SCHEMA stress")
    path = "SET search_path TO stress; SET deadlock_timeout = '20ms'"
    await admin.execute(path)
    await admin.execute(SETUP)
    clients = []
    for number in range(CLIENTS):
        connection = await asyncpg.connect(url)
        await connection.execute(path)
        clients.append(Client(connection, isolation, number))
    until = asyncio.get_running_loop().time() + SECONDS
    await asyncio.gather(*(client.run(until) for client in clients))
    assert sum(client.done for client in clients) > CLIENTS
    assert await admin.fetchval("SELECT sum(balance) FROM account") == 600
    assert await admin.fetchval("SELECT n FROM counter") == sum(client.counted for client in clients)
    orphans = "SELECT count(*) FROM child WHERE parent NOT IN (SELECT id FROM parent)"
    assert await admin.fetchval(orphans) == 0
    taken = sorted(job for client in clients for job in client.taken)
    assert taken == sorted(set(taken)), "a job was taken twice"
    assert await admin.fetchval("SELECT count(*) FROM job WHERE takers = 1") == len(taken)
    assert await admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0
    for client in clients:
        await client.connection.close()
    await admin.close()
