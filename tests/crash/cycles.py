"""The cycles: start, let clients write, kill -9 at a random moment, start again, compare."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from ..server_process import ServerProcess
from .workload import ACCOUNTS, BALANCE, PARTS, SCHEMA, WORKS, Client, insert, parts, transfer


class Total(NamedTuple):
    """What all cycles did."""

    cycles: int
    acknowledged: int
    unknown: int
    wrong: list[str]

    def __str__(self) -> str:
        return (
            f"{self.cycles} cycles, {self.acknowledged:,} commits acknowledged, {self.unknown} unanswered, "
            f"{len(self.wrong)} findings"
        )


async def run_cycles(
    data_dir: Path, cycles: int, seed: int, tell: Callable[[str], object] = lambda line: None
) -> Total:
    """Stops at the first cycle after which something is wrong."""
    source = random.Random(seed)
    process = ServerProcess(data_dir)
    clients = [Client(number, seed) for number in range(len(WORKS))]
    wrong: list[str] = []
    cycle = 0
    process.start()
    try:
        await _execute(process, SCHEMA)
        for cycle in range(1, cycles + 1):
            seconds = 0.1 + source.random() * 1.4
            ending = source.choices(["kill", "kill while starting", "stop"], [80, 15, 5])[0]
            await _work(process, clients, seconds, ending)
            if ending == "kill while starting":
                _start_and_kill(process, source.random() * 0.4)
            process.start()
            wrong = await check(process, clients)
            done = sum(len(client.acknowledged) for client in clients)
            tell(f"cycle {cycle}: {ending} after {seconds:.2f} s, {done:,} commits so far")
            if wrong:
                for line in wrong:
                    tell(f"  WRONG: {line}")
                break
        process.stop()
    finally:
        if process.running:
            process.kill9()
        logged = [line for line in process.log if " ERROR " in line]
        if logged:
            wrong.append(f"the server logged {len(logged)} errors")
            tell("".join(process.log[-100:]))
    done = sum(len(client.acknowledged) for client in clients)
    return Total(cycle, done, sum(len(client.unknown) for client in clients), wrong)


async def _work(process: ServerProcess, clients: list[Client], seconds: float, ending: str) -> None:
    port = process.port
    running = [
        asyncio.create_task(client.run(port, work)) for client, work in zip(clients, WORKS, strict=True)
    ]
    await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    if ending == "stop":
        await asyncio.to_thread(process.stop)
    else:
        process.kill9()
    await asyncio.wait_for(asyncio.gather(*running), 30)


def _start_and_kill(process: ServerProcess, seconds: float) -> None:
    """Kill it in the middle of its recovery."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "gaveldb", "serve", "--data-dir", str(process.data_dir)]
    early = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        early.wait(seconds)
    except subprocess.TimeoutExpired:
        early.kill()
        early.wait()


async def _execute(process: ServerProcess, text: str) -> None:
    connection = await asyncpg.connect(process.url)
    await connection.execute(text)
    await connection.close()


async def check(process: ServerProcess, clients: list[Client]) -> list[str]:
    """What is not as it was promised; empty if all is well."""
    connection = await asyncpg.connect(process.url)
    wrong: list[str] = []
    total = await connection.fetchval("SELECT sum(balance)::bigint FROM account")
    if total != ACCOUNTS * BALANCE:
        wrong.append(f"the balances sum to {total}")
    await _check_books(connection, wrong)
    for client, work in zip(clients, WORKS, strict=True):
        if work is transfer:
            rows = await connection.fetch("SELECT step FROM transfer WHERE client = $1", client.number)
        elif work is insert:
            rows = await connection.fetch("SELECT step FROM event WHERE client = $1", client.number)
        elif work is parts:
            rows = await _check_parts(connection, client, wrong)
        else:
            await _check_tables(connection, client, wrong)
            continue
        _compare(client, [row[0] for row in rows], wrong)
    await _check_sequences(connection, clients, wrong)
    await connection.close()
    return wrong


def _compare(client: Client, steps: list[int], wrong: list[str]) -> None:
    found = set(steps)
    name = f"client {client.number} ({WORKS[client.number].__name__})"
    if len(found) != len(steps):
        wrong.append(f"{name}: steps are there twice")
    if lost := sorted(client.acknowledged - found):
        wrong.append(f"{name}: lost {len(lost)} acknowledged steps: {lost[:10]}")
    if ghosts := sorted(found - client.acknowledged - client.unknown):
        wrong.append(f"{name}: {len(ghosts)} steps that failed are there: {ghosts[:10]}")


async def _check_books(connection: Any, wrong: list[str]) -> None:
    balances = dict.fromkeys(range(1, ACCOUNTS + 1), BALANCE)
    for source, target, amount in await connection.fetch("SELECT source, target, amount FROM transfer"):
        balances[source] -= amount
        balances[target] += amount
    found = dict(await connection.fetch("SELECT * FROM account"))
    if found != balances:
        wrong.append(f"balances {found}, by the transfers {balances}")


async def _check_parts(connection: Any, client: Client, wrong: list[str]) -> list[Any]:
    rows = await connection.fetch(
        "SELECT step, count(*), min(piece), max(piece) FROM part WHERE client = $1 GROUP BY step",
        client.number,
    )
    halves = [tuple(row) for row in rows if tuple(row)[1:] != (PARTS, 0, PARTS - 1)]
    if halves:
        wrong.append(f"client {client.number}: transactions in part: {halves[:10]}")
    gauge = await connection.fetchval("SELECT step FROM gauge WHERE client = $1", client.number)
    newest = max((row[0] for row in rows), default=0)
    if gauge != newest:
        wrong.append(f"client {client.number}: gauge {gauge}, newest step {newest}")
    return list(rows)


async def _check_tables(connection: Any, client: Client, wrong: list[str]) -> None:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE $1", f"made\\_{client.number}\\_%"
    )
    found = {row[0] for row in rows}
    for name, certain in list(client.tables.items()):
        if certain and name not in found:
            wrong.append(f"table {name} is lost")
        if not certain and name not in found:
            del client.tables[name]
    unknown = {f"made_{client.number}_{step}" for step in client.unknown}
    if ghosts := found - client.tables.keys() - unknown:
        wrong.append(f"tables that were dropped or never made: {sorted(ghosts)}")
    for name in found:
        count = await connection.fetchval(f"SELECT count(*) FROM {name} WHERE a > 0")
        if count != PARTS:
            wrong.append(f"table {name} has {count} rows")
        client.tables[name] = True


async def _check_sequences(connection: Any, clients: list[Client], wrong: list[str]) -> None:
    for what in ("tickets", "event_ids"):
        given = [number for client in clients for number in getattr(client, what)]
        if len(given) != len(set(given)):
            wrong.append(f"numbers of {what} were given twice")
    rows, distinct = await connection.fetchrow("SELECT count(id), count(DISTINCT id) FROM event")
    if rows != distinct:
        wrong.append(f"event has {rows} ids, {distinct} distinct ones")
    highest = max((number for client in clients for number in client.tickets), default=0)
    following = await connection.fetchval("SELECT nextval('ticket')")
    if following <= highest:
        wrong.append(f"the sequence gives {following} after {highest}")
