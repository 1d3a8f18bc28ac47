"""Large commits, which are applied over several turns of the loop: a kill in the middle loses nothing and
shows nothing half done; readers see all or nothing; a commit behind a large one comes after it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from gaveldb.journal.api import CommitRequest
from gaveldb.storage.api import create_database_write, database_prefix, open_storage, row_key
from gaveldb.storage.store import LmdbStore

ROWS = 30_000
PREFIX = database_prefix(1)


def _rows(relation: int) -> dict[bytes, bytes | None]:
    return {PREFIX + row_key(relation, number): b"x" * 50 for number in range(ROWS)}


def _count(storage: Any, relation: int) -> int:
    snapshot = storage.snapshot(1)
    try:
        return sum(1 for _ in snapshot.scan(row_key(relation, 0), row_key(relation + 1, 0)))
    finally:
        snapshot.close()


async def _killed(directory: Path) -> None:
    opened = open_storage(directory)
    await opened.committer.commit(CommitRequest(0, dict([create_database_write(1, None)])))
    await opened.committer.commit(CommitRequest(opened.storage.current_tau, {PREFIX + row_key(5, 1): b"a"}))
    put_bulk = LmdbStore.put_bulk
    slices = 0

    def put(store: LmdbStore, writes: dict[bytes, bytes | None]) -> None:
        nonlocal slices
        put_bulk(store, writes)
        slices += 1
        if slices == 8:
            os.kill(os.getpid(), signal.SIGKILL)

    LmdbStore.put_bulk = put  # type: ignore[method-assign]
    await opened.committer.commit(CommitRequest(opened.storage.current_tau, _rows(7)))


def test_killed_in_the_middle(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, __file__, str(tmp_path / "data")], check=False)
    assert done.returncode == -signal.SIGKILL

    async def recovered() -> None:
        opened = open_storage(tmp_path / "data")
        assert _count(opened.storage, 5) == 1
        assert _count(opened.storage, 7) == ROWS  # the journal had it: durable before it is applied
        await opened.close()

    asyncio.run(recovered())


def test_all_or_nothing_and_in_order(tmp_path: Path) -> None:
    async def run() -> None:
        opened = open_storage(tmp_path / "data")
        storage, commit = opened.storage, opened.committer.commit
        await commit(CommitRequest(0, dict([create_database_write(1, None)])))
        base = storage.current_tau
        large = commit(CommitRequest(base, _rows(7)))
        await asyncio.sleep(0)
        small = commit(CommitRequest(base, {PREFIX + row_key(5, 1): b"b"}))
        turns = 0
        while not large.done():
            snapshot = storage.snapshot(1)
            seen = [snapshot.get(row_key(7, 0)), snapshot.get(row_key(7, ROWS - 1))]
            seen.append(snapshot.get(row_key(5, 1)))
            snapshot.close()
            if storage.current_tau == base:
                assert seen == [None, None, None]
                assert not small.done()
                turns += 1
            await asyncio.sleep(0)
        assert turns > 3
        assert large.result() < await small
        assert _count(storage, 7) == ROWS
        deletion: dict[bytes, bytes | None] = dict.fromkeys(_rows(7))
        await commit(CommitRequest(storage.current_tau, deletion))
        assert _count(storage, 7) == 0
        await opened.close()

    asyncio.run(run())


if __name__ == "__main__":
    asyncio.run(_killed(Path(sys.argv[1])))
