"""How long point SELECTs of one connection wait while another one runs long statements.

python tests/bench/stall.py
"""

import asyncio
import signal
import socket
import subprocess
import sys
import time

import asyncpg

ROWS = 1_000_000
SETUP = (
    "create table big (id int primary key, k int not null, v numeric, t text)",
    f"insert into big select g, g % 5000, g * 1.5, 'row ' || g from generate_series(1, {ROWS}) g",
    "create table small (id int primary key, name text)",
    "insert into small select g, 'name ' || g from generate_series(1, 1000) g",
    "analyze",
)
LONG = {
    "aggregate": "select k, count(*), sum(v), max(t) from big group by k",
    "many groups": "select max(c) from (select id, count(*) c, min(t) m from big group by id) x where m > ''",
    "sort": "select id from big order by t desc, k offset 999990",
    "join": "select count(*), sum(b.v) from big a join big b on a.id = b.id + 1",
    "subquery": "select (select sum(v) from big) + (select count(*) from big where t like '%9%')",
    "window": "select sum(r) from (select row_number() over (partition by k order by id) r from big) x",
    "distinct": "select count(distinct t) from big",
    "update": "update big set v = v + 1 where id % 10 = 0",
}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def connect(port: int) -> asyncpg.Connection:
    """A connection, once the server answers."""
    for _ in range(100):
        try:
            return await asyncpg.connect(host="127.0.0.1", port=port, user="postgres", database="postgres")
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit("the server does not answer")


async def measure(port: int, name: str, query: str) -> None:
    """Run one long statement over and over for some seconds beside point SELECTs."""
    long, short = await connect(port), await connect(port)
    statement = await short.prepare("select name from small where id = $1")
    waits: list[float] = []
    finished = 0

    async def work() -> None:
        nonlocal finished
        end = time.perf_counter() + 5
        while time.perf_counter() < end:
            await long.fetch(query)
            finished += 1

    task = asyncio.ensure_future(work())
    number = 0
    while not task.done():
        number += 1
        start = time.perf_counter()
        await statement.fetchval(number % 1000 + 1)
        waits.append((time.perf_counter() - start) * 1000)
        await asyncio.sleep(0.001)
    error = task.exception()
    await long.close()
    await short.close()
    waits.sort()
    count = len(waits)
    print(
        f"{name:12} {finished:3} runs, {count:5} selects: median {waits[count // 2]:6.2f} ms,"
        f" p99 {waits[count * 99 // 100]:6.2f} ms, max {waits[-1]:6.2f} ms{f'  {error}' if error else ''}"
    )


async def main(names: list[str]) -> None:
    """Measure all, or those named."""
    port = free_port()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server goes, too
    server = subprocess.Popen([sys.executable, "-m", "gaveldb", "serve", "--in-memory", "--port", str(port)])
    try:
        connection = await connect(port)
        for statement in SETUP:
            try:
                await connection.execute(statement, timeout=120)
            except asyncpg.FeatureNotSupportedError as error:
                print(error)
        await connection.close()
        for name in names or LONG:
            await measure(port, name, LONG[name])
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
