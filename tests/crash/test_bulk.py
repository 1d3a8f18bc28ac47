"""Large commits, which are applied over several turns of the loop: a kill in the middle loses nothing and
shows nothing half done; readers see all or nothing; a commit behind a large one comes after it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gaveldb.journal.api import BulkWrites, CommitRequest, KeyRange, Run
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


def _bounds(relation: int) -> tuple[bytes, bytes]:
    return PREFIX + relation.to_bytes(4, "big"), PREFIX + (relation + 1).to_bytes(4, "big")


def _loaded(relation: int) -> BulkWrites:
    rows = [b"x" * 50] * ROWS
    return BulkWrites({}, [Run(PREFIX + relation.to_bytes(4, "big"), 0, rows, 0)])


KINDS = {"entries": _rows, "run": _loaded}


async def _killed(directory: Path, kind: str) -> None:
    opened = open_storage(directory)
    await opened.committer.commit(CommitRequest(0, dict([create_database_write(1, None)])))
    await opened.committer.commit(CommitRequest(opened.storage.current_tau, {PREFIX + row_key(5, 1): b"a"}))
    name = "put_run" if kind == "run" else "put_bulk"
    put_slice = getattr(LmdbStore, name)
    slices = 0

    def put(store: LmdbStore, *slice_: Any) -> None:
        nonlocal slices
        put_slice(store, *slice_)
        slices += 1
        if slices == 8:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(LmdbStore, name, put)
    await opened.committer.commit(CommitRequest(opened.storage.current_tau, KINDS[kind](7)))


@pytest.mark.pure
@pytest.mark.parametrize("kind", KINDS)
def test_killed_in_the_middle(tmp_path: Path, kind: str) -> None:
    done = subprocess.run([sys.executable, __file__, str(tmp_path / "data"), kind], check=False)
    assert done.returncode == -signal.SIGKILL

    async def recovered() -> None:
        opened = open_storage(tmp_path / "data")
        assert _count(opened.storage, 5) == 1
        assert _count(opened.storage, 7) == ROWS  # the journal had it: durable before it is applied
        await opened.close()

    asyncio.run(recovered())


@pytest.mark.parametrize("kind", KINDS)
def test_all_or_nothing_and_in_order(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        opened = open_storage(tmp_path / "data")
        storage, commit = opened.storage, opened.committer.commit
        await commit(CommitRequest(0, dict([create_database_write(1, None)])))
        base = storage.current_tau
        large = commit(CommitRequest(base, KINDS[kind](7)))
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
        await commit(CommitRequest(storage.current_tau, KINDS[kind](8)))
        emptied = commit(
            CommitRequest(storage.current_tau, {PREFIX + row_key(5, 1): b"c"}, [KeyRange(*_bounds(8))])
        )
        turns = 0
        while not emptied.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns > 1  # others have had their turns
        assert _count(storage, 8) == 0
        await opened.close()

    asyncio.run(run())


if __name__ == "__main__":
    asyncio.run(_killed(Path(sys.argv[1]), sys.argv[2]))
