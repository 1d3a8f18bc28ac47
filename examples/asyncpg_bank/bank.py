"""Accounts, transfers between them, and the books."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import asyncpg

Isolation = Literal["serializable", "repeatable_read", "read_committed"]
ATTEMPTS = 50


class InsufficientFundsError(Exception):
    """The account has not that much."""


async def create(connection: "asyncpg.pool.PoolConnectionProxy[Any]", accounts: int, balance: int) -> None:
    """The tables, and accounts that all have the same."""
    await connection.execute("DROP TABLE IF EXISTS transfer, account")
    await connection.execute(
        "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0))"
    )
    await connection.execute(
        "CREATE TABLE transfer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " source int NOT NULL REFERENCES account, target int NOT NULL REFERENCES account,"
        " amount bigint NOT NULL)"
    )
    await connection.executemany(
        "INSERT INTO account (id, balance) VALUES ($1, $2)", [(n, balance) for n in range(1, accounts + 1)]
    )


async def retried(
    pool: "asyncpg.Pool[Any]",
    isolation: Isolation,
    work: Callable[["asyncpg.pool.PoolConnectionProxy[Any]"], Awaitable[None]],
) -> int:
    """Run `work` in a transaction until it wins; the number of attempts it took."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with pool.acquire() as connection, connection.transaction(isolation=isolation):
                await work(connection)
            return attempt
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(random.random() * 0.002 * attempt)
    raise TimeoutError(f"lost {ATTEMPTS} times")


async def transfer(
    connection: "asyncpg.pool.PoolConnectionProxy[Any]", source: int, target: int, amount: int
) -> None:
    """Move an amount between two accounts. In READ COMMITTED the balance would not stay without the lock."""
    balance = await connection.fetchval("SELECT balance FROM account WHERE id = $1 FOR UPDATE", source)
    if balance < amount:
        raise InsufficientFundsError
    await connection.execute("UPDATE account SET balance = balance - $2 WHERE id = $1", source, amount)
    await connection.execute("UPDATE account SET balance = balance + $2 WHERE id = $1", target, amount)
    await connection.execute(
        "INSERT INTO transfer (source, target, amount) VALUES ($1, $2, $3)", source, target, amount
    )


async def run(
    url: str,
    *,
    clients: int = 8,
    transfers: int = 200,
    accounts: int = 10,
    isolation: Isolation = "serializable",
) -> dict[str, int]:
    """Many transfers at once; what happened, and whether the books balance."""
    async with asyncpg.create_pool(url, min_size=1, max_size=clients) as pool:
        async with pool.acquire() as connection:
            await create(connection, accounts, 1000)
        counts = {"done": 0, "refused": 0, "retries": 0}

        async def client(number: int) -> None:
            source = random.Random(number)
            for _ in range(transfers // clients):
                giver, taker = source.sample(range(1, accounts + 1), 2)
                amount = source.randint(1, 300)
                try:
                    attempts = await retried(pool, isolation, lambda c: transfer(c, giver, taker, amount))  # noqa: B023
                    counts["done"] += 1
                    counts["retries"] += attempts - 1
                except InsufficientFundsError:
                    counts["refused"] += 1

        await asyncio.gather(*[client(number) for number in range(clients)])
        async with pool.acquire() as connection:
            books = await connection.prepare(
                "SELECT a.id, a.balance,"
                " 1000 + coalesce(sum(CASE WHEN t.target = a.id THEN t.amount ELSE -t.amount END), 0)"
                " AS expected FROM account a LEFT JOIN transfer t ON a.id IN (t.source, t.target)"
                " GROUP BY a.id"
            )
            wrong = [row for row in await books.fetch() if row["balance"] != row["expected"]]
            counts["total"] = await connection.fetchval("SELECT sum(balance)::bigint FROM account")
            counts["transfers"] = await connection.fetchval("SELECT count(*) FROM transfer")
            counts["wrong"] = len(wrong)
        return counts
