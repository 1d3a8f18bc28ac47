"""The whole pipeline: adjudicate, journal, sync, apply, answer; and reads and scans of the store.

python tests/bench/bench_commit.py
"""

import asyncio
import tempfile
import time

import uvloop
from gaveldb.journal.api import CommitRequest
from gaveldb.storage.api import (
    create_database_write,
    database_prefix,
    decode_row,
    encode_row,
    open_storage,
    row_key,
    row_span,
)

COMMITS = 20_000
ROWS = 1_000_000


async def commits(data_dir: str | None) -> None:
    opened = open_storage(data_dir)
    storage, committer = opened.storage, opened.committer
    prefix = database_prefix(1)
    await committer.commit(CommitRequest(0, dict([create_database_write(1, None)])))

    async def client(number: int, count: int) -> None:
        for step in range(count):
            key = prefix + row_key(number + 1, step)
            await committer.commit(CommitRequest(storage.current_tau, {key: b"v" * 60}))

    for clients in (1, 2, 4, 16, 64):
        start, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*[client(n, COMMITS // 4 // clients) for n in range(clients)])
        count = COMMITS // 4 // clients * clients
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(
            f"{data_dir or 'memory'} {clients} clients: {count / seconds:,.0f} commits/s, "
            f"{cpu / count * 1e6:.1f} us CPU each"
        )
    if data_dir is not None:
        await scans(opened)
    await opened.close()


async def scans(opened: object) -> None:
    storage, committer = opened.storage, opened.committer  # type: ignore[attr-defined]
    prefix = database_prefix(1)
    row = [1, "name of somebody", 3.5, None, True, 1234567, "x"]
    start = time.perf_counter()
    for first in range(0, ROWS, 100_000):
        writes = {prefix + row_key(999, n): encode_row([n, *row[1:]]) for n in range(first, first + 100_000)}
        await committer.commit(CommitRequest(storage.current_tau, writes))
    print(f"load {ROWS} rows: {time.perf_counter() - start:.2f} s, store {storage.size(1) >> 20} MB")
    for _ in range(2):
        snapshot = storage.snapshot(1)
        start = time.perf_counter()
        total = 0
        for values in snapshot.value_chunks(*row_span(999)):
            for value in values:
                total += decode_row(value)[0]
        print(f"scan values, decode, sum: {(time.perf_counter() - start) * 1000:.0f} ms")
        start = time.perf_counter()
        count = sum(1 for _ in snapshot.scan(*row_span(999)))
        print(f"scan entries: {(time.perf_counter() - start) * 1000:.0f} ms ({count})")
        start = time.perf_counter()
        for n in range(100_000):
            snapshot.get(row_key(999, n * 7))
        print(f"get: {(time.perf_counter() - start) * 10:.3f} us")
        start = time.perf_counter()
        for n in range(100_000):
            for _ in snapshot.scan(row_key(999, n * 7), row_key(999, n * 7 + 2)):
                pass
        print(f"scan of two: {(time.perf_counter() - start) * 10:.3f} us")
        snapshot.close()
    start = time.perf_counter()
    for _ in range(100_000):
        storage.snapshot(1).close()
    print(f"snapshot: {(time.perf_counter() - start) * 10:.3f} us")
    start = time.perf_counter()
    low, high = row_span(999)
    await committer.commit(CommitRequest(storage.current_tau, {}, [(prefix + low, prefix + high)]))  # type: ignore[list-item]
    print(f"range delete: {(time.perf_counter() - start) * 1000:.0f} ms")
    start = time.perf_counter()
    await opened.checkpoint()  # type: ignore[attr-defined]
    print(f"checkpoint: {(time.perf_counter() - start) * 1000:.0f} ms")


def main() -> None:
    uvloop.run(commits(None))
    with tempfile.TemporaryDirectory(dir=".") as data_dir:
        uvloop.run(commits(data_dir))


if __name__ == "__main__":
    main()
