"""Clients that write, and remember what was acknowledged and what was on its way when the server died.

Each step of a client is one transaction and has a number that is never used again; the rows it writes
carry the client's number and the step's.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

ACCOUNTS = 20
BALANCE = 1000
PARTS = 5
SCHEMA = f"""
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE transfer (client int, step int, source int, target int, amount int,
    PRIMARY KEY (client, step));
CREATE TABLE event (id bigserial, client int, step int, note text);
CREATE INDEX ON event (client, step);
CREATE TABLE part (client int, step int, piece int, PRIMARY KEY (client, step, piece));
CREATE TABLE gauge (client int PRIMARY KEY, step int NOT NULL);
CREATE SEQUENCE ticket;
INSERT INTO account SELECT n, {BALANCE} FROM generate_series(1, {ACCOUNTS}) n;
INSERT INTO gauge SELECT n, 0 FROM generate_series(0, 20) n;
"""
# What a client sees when the server dies under it.
GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
LOST = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)

Connection = Any


class Client:
    """One connection; `step` is the last one begun."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.random = random.Random(seed * 1000 + number)
        self.step = 0
        self.acknowledged: set[int] = set()
        self.in_flight: int | None = None
        self.unknown: set[int] = set()  # begun and never answered: there or not, but never in part
        self.tickets: list[int] = []
        self.event_ids: list[int] = []
        self.tables: dict[str, bool] = {}  # name -> exists, for acknowledged DDL

    async def run(self, port: int, work: "Work") -> None:
        """Work until the server is gone; anything else that goes wrong is raised."""
        try:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=port, user="postgres", database="postgres", timeout=10
            )
            while True:
                self.step += 1
                self.in_flight = self.step
                try:
                    await work(self, connection)
                except LOST:
                    continue
                self.acknowledged.add(self.step)
                self.in_flight = None
        except GONE:
            pass
        if self.in_flight is not None:
            self.unknown.add(self.in_flight)
            self.in_flight = None


Work = Callable[[Client, Connection], Awaitable[None]]


async def transfer(client: Client, connection: Connection) -> None:
    """Two rows change and one is written; the sum of all balances stays."""
    source, target = client.random.sample(range(1, ACCOUNTS + 1), 2)
    amount = client.random.randint(1, 50)
    async with connection.transaction():
        await connection.execute("UPDATE account SET balance = balance - $1 WHERE id = $2", amount, source)
        await connection.execute("UPDATE account SET balance = balance + $1 WHERE id = $2", amount, target)
        await connection.execute(
            "INSERT INTO transfer VALUES ($1, $2, $3, $4, $5)",
            client.number,
            client.step,
            source,
            target,
            amount,
        )


async def insert(client: Client, connection: Connection) -> None:
    """A row numbered by a sequence; and numbers taken without any commit, which count as well."""
    client.tickets.append(await connection.fetchval("SELECT nextval('ticket')"))
    client.event_ids.append(
        await connection.fetchval(
            "INSERT INTO event (client, step, note) VALUES ($1, $2, $3) RETURNING id",
            client.number,
            client.step,
            "x" * client.random.randrange(200),
        )
    )


async def parts(client: Client, connection: Connection) -> None:
    """Several rows, and one that counts them; sometimes rolled back, sometimes with a savepoint."""
    transaction = connection.transaction()
    await transaction.start()
    for piece in range(PARTS):
        await connection.execute("INSERT INTO part VALUES ($1, $2, $3)", client.number, client.step, piece)
    if client.random.random() < 0.2:
        await connection.execute("SAVEPOINT s")
        await connection.execute("INSERT INTO part VALUES ($1, $2, 99)", client.number, client.step)
        await connection.execute("ROLLBACK TO s")
    await connection.execute("UPDATE gauge SET step = $2 WHERE client = $1", client.number, client.step)
    if client.random.random() < 0.1:
        await transaction.rollback()
        raise asyncpg.SerializationError("given up by the client")
    await transaction.commit()


async def tables(client: Client, connection: Connection) -> None:
    """A table with rows, made in one transaction and dropped in another."""
    name = f"made_{client.number}_{client.step}"
    async with connection.transaction():
        await connection.execute(f"CREATE TABLE {name} (a int PRIMARY KEY, b text)")
        await connection.execute(f"INSERT INTO {name} SELECT n, 'x' FROM generate_series(1, {PARTS}) n")
    client.tables[name] = True
    if client.random.random() < 0.7:
        old = next(table for table, exists in client.tables.items() if exists)
        client.tables[old] = False  # the drop is on its way: may be there or not until it is answered
        await connection.execute(f"DROP TABLE {old}")
        del client.tables[old]
    await asyncio.sleep(0.02)


WORKS: list[Work] = [transfer, transfer, transfer, insert, insert, parts, parts, tables]
