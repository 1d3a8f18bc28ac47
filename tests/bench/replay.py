"""What the server itself needs for pgbench's statements, without sockets and clients: CPU microseconds.

python -m tests.bench.replay [--profile] [--clients 16] [--turns] [--protocol simple] [select|tpcb|...]

The messages of pgbench -M prepared (or simple, or extended) are fed to connections whose transports only
count ReadyForQuery.
Unlike throughput this hardly depends on what else the machine does.
"""

import argparse
import asyncio
import cProfile
import pstats
import random
import shutil
import statistics
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaveldb.engine.api import open_engine
from gaveldb.server.busypoll import BusyPoll
from gaveldb.server.connection import Connection
from gaveldb.server.frames import LIMITS
from gaveldb.server.output import ClientOutput

ACCOUNTS = 10_000
SCRIPTS = {
    "select": ["SELECT abalance FROM pgbench_accounts WHERE aid = $1"],
    "simple-update": [
        "BEGIN",
        "UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2",
        "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
        "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)"
        " VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
        "END",
    ],
    "tpcb": [
        "BEGIN",
        "UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2",
        "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
        "UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2",
        "UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2",
        "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)"
        " VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
        "END",
    ],
}
SETUP = f"""
CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
CREATE TABLE pgbench_tellers (tid int NOT NULL PRIMARY KEY, bid int, tbalance int, filler char(84));
CREATE TABLE pgbench_accounts (aid int NOT NULL PRIMARY KEY, bid int, abalance int, filler char(84));
CREATE TABLE pgbench_branches (bid int NOT NULL PRIMARY KEY, bbalance int, filler char(88));
INSERT INTO pgbench_branches SELECT n, 0, '' FROM generate_series(1, 1) n;
INSERT INTO pgbench_tellers SELECT n, 1, 0, '' FROM generate_series(1, 10) n;
INSERT INTO pgbench_accounts SELECT n, 1, 0, '' FROM generate_series(1, {ACCOUNTS}) n;
ANALYZE;
"""


class Wire(asyncio.Transport):
    """A transport that wakes its client at ReadyForQuery."""

    def __init__(self) -> None:
        super().__init__()
        self.waiter: asyncio.Future[None] | None = None
        self.ready = False
        self.errors: list[bytes] = []

    def write(self, data: Any) -> None:
        if data[-6] == 90:
            self.ready = True
            if self.waiter is not None and not self.waiter.done():
                self.waiter.set_result(None)
        if data[0] == 69:
            self.errors.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


class _Listener:
    """What a Connection asks of its Server."""

    stopping = False
    busy_poll = BusyPoll(0)
    message_limits = LIMITS

    def forget(self, _: object) -> bool:
        return True

    def count_closed(self) -> None:
        pass


def message(tag: bytes, body: bytes) -> bytes:
    return tag + struct.pack("!I", len(body) + 4) + body


def simple(text: str, *values: int) -> bytes:
    """Query, with the values put in."""
    for number in range(len(values), 0, -1):
        text = text.replace(f"${number}", str(values[number - 1]))
    return message(b"Q", text.encode() + b";\0")


def extended(text: str, *values: int) -> bytes:
    """Parse, Bind, Describe, Execute and Sync as libpq's PQsendQueryParams sends them."""
    return message(b"P", b"\0" + text.encode() + b"\0\0\0") + bind("", *values)


def bind(name: str, *values: int) -> bytes:
    """Bind, Describe, Execute and Sync as libpq's PQsendQueryPrepared sends them."""
    body = b"\0" + name.encode() + b"\0\0\0" + struct.pack("!H", len(values))
    for value in values:
        text = b"%d" % value
        body += struct.pack("!I", len(text)) + text
    body += b"\0\1\0\0"
    rest = message(b"D", b"P\0") + message(b"E", b"\0\0\0\0\0") + message(b"S", b"")
    return message(b"B", body) + rest


def _parameters(text: str) -> list[str]:
    """What the parameters of a statement of pgbench's scripts are."""
    if text.startswith("INSERT"):
        return ["tid", "bid", "aid", "delta"]
    if text.startswith("UPDATE"):
        return ["delta", text[-8:-5]]
    return ["aid"] if "$1" in text else []


class Client:
    """One connection and the bytes that its script sends."""

    def __init__(self, engine: Any, pid: int) -> None:
        self.wire = Wire()
        output = ClientOutput(self.wire)
        session = engine.open_session("postgres", "postgres", {}, output, pid=pid, peer="127.0.0.1")
        self.connection = Connection(_Listener(), self.wire, output, session, b"")  # type: ignore[arg-type]
        self.random = random.Random(pid)
        self.turns = False

    async def send(self, data: bytes) -> None:
        wire = self.wire
        wire.ready = False
        if self.turns:
            await asyncio.sleep(0)
        self.connection.data_received(data)
        if not wire.ready:
            wire.waiter = asyncio.get_running_loop().create_future()
            await wire.waiter
        if wire.errors:
            raise RuntimeError(str(wire.errors))

    async def query(self, text: str) -> None:
        await self.send(message(b"Q", text.encode() + b"\0"))

    async def prepare(self, script: str) -> None:
        for index, text in enumerate(SCRIPTS[script]):
            body = f"P{index}\0{text}\0".encode() + b"\0\0"
            await self.send(message(b"P", body) + message(b"S", b""))

    def messages(self, script: str, protocol: str) -> list[bytes]:
        aid, tid, delta = self.random.randint(1, ACCOUNTS), self.random.randint(1, 10), 17
        values = {"delta": delta, "aid": aid, "tid": tid, "bid": 1}
        found = []
        for index, text in enumerate(SCRIPTS[script]):
            given = [values[name] for name in _parameters(text)]
            if protocol == "prepared":
                found.append(bind(f"P{index}", *given))
            else:
                found.append((simple if protocol == "simple" else extended)(text, *given))
        return found

    async def run(self, batches: list[list[bytes]]) -> None:
        for steps in batches:
            for step in steps:
                await self.send(step)

    async def run_timed(self, batches: list[list[bytes]]) -> list[float]:
        """The median of the microseconds that each step takes."""
        clock = time.perf_counter
        times: list[list[float]] = [[] for _ in batches[0]]
        for steps in batches:
            for step, found in zip(steps, times, strict=True):
                start = clock()
                await self.send(step)
                found.append(clock() - start)
        return [statistics.median(found) * 1e6 for found in times]


async def measure(
    script: str, protocol: str, clients: int, turns: bool, profile: cProfile.Profile | None
) -> float:
    folder = Path(tempfile.mkdtemp(prefix="gaveldb-replay-"))
    engine = open_engine({"data_dir": str(folder)})
    try:
        await engine.open()
        members = [Client(engine, 1 + index) for index in range(clients)]
        for text in filter(None, map(str.strip, SETUP.split(";"))):
            await members[0].query(text)
        for member in members:
            await member.prepare(script)
            member.turns = turns
        count = max(4_000 // clients // len(SCRIPTS[script]), 8)
        batches = [[member.messages(script, protocol) for _ in range(count)] for member in members]
        await asyncio.gather(*[m.run(b[:200]) for m, b in zip(members, batches, strict=True)])
        best = 1e9
        for _ in range(5 if profile else 30):
            if profile:
                profile.enable()
            start = time.process_time()
            await asyncio.gather(*[m.run(b) for m, b in zip(members, batches, strict=True)])
            best = min(best, (time.process_time() - start) / (count * clients))
            if profile:
                profile.disable()
        if clients == 1 and profile is None:
            batches = [members[0].messages(script, protocol) for _ in range(2000)]
            medians = await members[0].run_timed(batches)
            for text, median in zip(SCRIPTS[script], medians, strict=True):
                print(f"    {median:8.1f} us  {text[:60]}")
        for member in members:
            member.connection.session.close()
        await engine.close()
        return best * 1e6
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(run: Callable[[Any], Any]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replay")
    parser.add_argument("scripts", nargs="*", default=["select", "simple-update"])
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--protocol", choices=("prepared", "extended", "simple"), default="prepared")
    parser.add_argument(
        "--turns",
        action="store_true",
        help="each message comes in a turn of its own: so locks are waited for",
    )
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    for script in options.scripts:
        profile = cProfile.Profile() if options.profile else None
        took = run(measure(script, options.protocol, options.clients, options.turns, profile))
        print(f"{script:<16} {options.clients:>3} clients  {took:8.1f} us of CPU a transaction", flush=True)
        if profile is not None:
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    import uvloop

    main(uvloop.run)
