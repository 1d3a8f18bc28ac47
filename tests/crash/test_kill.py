"""kill -9 under load: every acknowledged commit is there, and none is there in part."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gaveldb.storage.api import open_storage, row_key

WORKER = """
import asyncio, os, sys
from gaveldb.journal.api import CommitRequest
from gaveldb.storage.api import create_database_write, database_prefix, open_storage, row_key

async def main(path, journals, first):
    opened = open_storage(path, journals=journals)
    storage, committer, one = opened.storage, opened.committer, database_prefix(1)
    if 1 not in storage.databases():
        await committer.commit(CommitRequest(0, dict([create_database_write(1, None)])))
    os.write(1, b"ready\\n")

    async def client(number):
        step = first
        while True:
            step += 1
            value = b"%d" % step
            writes = {one + row_key(number + 1, part): value for part in range(5)}
            writes[database_prefix(0) + row_key(number + 1, 0)] = value
            await committer.commit(CommitRequest(storage.current_tau, writes))
            os.write(1, b"%d %d\\n" % (number, step))
            if step % 300 == 0 and number == 0:
                asyncio.ensure_future(opened.checkpoint())
    await asyncio.gather(*[client(number) for number in range(6)])

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""
CLIENTS = 6


@pytest.mark.parametrize("journals", [1, 2])
@pytest.mark.parametrize("reboot", [False, True])
async def test_kill(tmp_path: Path, journals: int, reboot: bool) -> None:
    source = random.Random(journals * 2 + reboot)
    acknowledged = [0] * CLIENTS
    for round_ in range(4):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(journals), str(round_ * 1_000_000)],
            stdout=subprocess.PIPE,
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        time.sleep(0.05 + source.random() * 0.3)
        os.kill(worker.pid, signal.SIGKILL)
        for line in worker.stdout.read().splitlines(keepends=True):
            if line.endswith(b"\n"):
                number, step = map(int, line.split())
                acknowledged[number] = step
        worker.wait()
        worker.stdout.close()
        if reboot:  # the store is not to be trusted
            (tmp_path / "BOOT").write_text("another open\n")
            (tmp_path / "store" / "1" / "data.mdb").write_bytes(b"")
        opened = open_storage(tmp_path, journals=journals)
        snapshot, shared = opened.storage.snapshot(1), opened.storage.snapshot(0)
        for number in range(CLIENTS):
            parts = {snapshot.get(row_key(number + 1, part)) for part in range(5)}
            parts.add(shared.get(row_key(number + 1, 0)))
            assert len(parts) == 1, f"client {number} sees half a commit: {parts}"
            found = int(parts.pop() or 0)
            assert found >= acknowledged[number], f"client {number} lost {acknowledged[number]}: {found}"
        snapshot.close()
        shared.close()
        await opened.close()
    assert min(acknowledged) > 3_000_000
