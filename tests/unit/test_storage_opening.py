"""Opening, recovery, databases, subscriptions: everything below the engine together."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from gaveldb.journal.api import Batch, CommitRequest, KeyRange
from gaveldb.journal.clock import ManualClock
from gaveldb.journal.errors import JournalClosed, JournalFull, SerializationFailure
from gaveldb.journal.host import SystemHost
from gaveldb.storage.api import (
    create_database_write,
    database_prefix,
    database_range,
    drop_database_write,
    open_storage,
    row_key,
)
from gaveldb.storage.errors import DirectoryLocked, NoSuchDatabase, StorageFull

ONE = database_prefix(1)


async def put(opened: Any, writes: dict[bytes, bytes | None], **fields: Any) -> int:
    tau: int = await opened.committer.commit(CommitRequest(opened.storage.current_tau, writes, **fields))
    return tau


async def create(opened: Any, database: int, template: int | None = None) -> None:
    await put(opened, dict([create_database_write(database, template)]))


def content(opened: Any, database: int = 1) -> dict[bytes, bytes]:
    snapshot = opened.storage.snapshot(database)
    try:
        return dict(snapshot.scan(b"", b"\xff"))
    finally:
        snapshot.close()


def abandon(opened: Any) -> None:
    """As if the process had been killed: what is in the map stays, nothing is synced or marked."""
    opened.storage.close()
    for journal in opened.pipeline.journals:
        os.close(journal._fd)
        journal._fd = -1
    opened._directory.close()


@pytest.mark.parametrize("journals", [1, 3])
@pytest.mark.parametrize("place", ["memory", "disk"])
async def test_commits_and_conflicts(place: str, journals: int, tmp_path: Path) -> None:
    opened = open_storage(None if place == "memory" else tmp_path, journals=journals)
    await create(opened, 1)
    before = opened.storage.snapshot(1)
    taus = await asyncio.gather(*[put(opened, {ONE + row_key(5, n): b"%d" % n}) for n in range(50)])
    assert list(taus) == sorted(set(taus))
    assert opened.storage.current_tau == opened.committer.current_tau == taus[-1]
    assert content(opened) == {row_key(5, n): b"%d" % n for n in range(50)}
    assert before.get(row_key(5, 1)) is None
    with pytest.raises(SerializationFailure) as caught:
        await opened.committer.commit(CommitRequest(before.tau, {ONE + row_key(5, 7): None}))
    assert caught.value.key == ONE + row_key(5, 7)
    before.close()
    await put(opened, {ONE + row_key(5, 3): b"kept"}, deletes=[database_range(1)])
    assert content(opened) == {row_key(5, 3): b"kept"}
    await opened.close()
    with pytest.raises(JournalClosed):
        await put(opened, {ONE + b"late": b""})


@pytest.mark.parametrize("reboot", [False, True])
@pytest.mark.parametrize("journals", [1, 2])
async def test_recovery(tmp_path: Path, reboot: bool, journals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_storage(tmp_path, journals=journals)
    await create(opened, 1)
    expected: dict[bytes, bytes] = {}
    for round_ in range(4):
        for n in range(20):
            key = row_key(5, round_ * 10 + n)
            await put(opened, {ONE + key: b"%d" % round_, database_prefix(0) + key: b"s"})
            expected[key] = b"%d" % round_
        if round_ == 1:
            await opened.checkpoint()
        if round_ == 2:
            await create(opened, 2, template=1)
            branch = dict(expected)
            await put(opened, {database_prefix(2) + b"\x00\x00\x00\x09b": b"branch"})
            branch[b"\x00\x00\x00\x09b"] = b"branch"
            await create(opened, 3, template=2)
            await put(opened, dict([drop_database_write(3)]))
    tau = opened.storage.current_tau
    abandon(opened)
    if reboot:
        monkeypatch.setattr(SystemHost, "boot_id", lambda host: "another")
        (tmp_path / "store" / "1" / "data.mdb").write_bytes(b"garbage")
    for _ in range(2):
        opened = open_storage(tmp_path, journals=journals)
        assert opened.storage.databases() == [0, 1, 2]
        assert content(opened) == expected
        assert content(opened, 2) == branch
        assert set(content(opened, 0)) == set(expected)
        assert opened.storage.current_tau >= tau
        await put(opened, {ONE + row_key(5, 1): b"again"})
        expected[row_key(5, 1)] = b"again"
        await opened.close()


async def test_checkpoint_lets_the_journal_go(tmp_path: Path) -> None:
    opened: Any = open_storage(tmp_path)
    await create(opened, 1)
    for journal in opened.pipeline.journals:
        journal._segment_size = 1000
    for n in range(100):
        await put(opened, {ONE + row_key(5, n): b"x" * 100})
    files = len(list((tmp_path / "journal" / "0").iterdir()))
    await opened.checkpoint()
    assert len(list((tmp_path / "journal" / "0").iterdir())) == 1 < files
    await put(opened, {ONE + row_key(6, 0): b"later"})
    abandon(opened)
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "BOOT").unlink()
    opened = open_storage(tmp_path)
    assert len(content(opened)) == 101
    await opened.close()


async def test_automatic_checkpoint(tmp_path: Path) -> None:
    from gaveldb.storage.opening import open_storage as open_with_limits

    opened = open_with_limits(tmp_path, checkpoint_journal_min=1 << 20)
    await create(opened, 1)
    for n in range(20):
        await put(opened, {ONE + row_key(5, n): b"x" * 100_000})
    await opened.close()
    assert (tmp_path / "checkpoint" / "1.mdb").exists()
    assert int((tmp_path / "checkpoint" / "FLOOR").read_text()) > 0


async def test_clock_set_back(tmp_path: Path) -> None:
    opened = open_storage(tmp_path, clock=ManualClock(5_000_000))
    await create(opened, 1)
    first = await put(opened, {ONE + b"\x00\x00\x00\x01a": b"1"})
    await opened.close()
    opened = open_storage(tmp_path, clock=ManualClock(1_000_000))
    assert opened.storage.current_tau >= first
    assert await put(opened, {ONE + b"\x00\x00\x00\x01a": b"2"}) > first
    await opened.close()


async def test_lock(tmp_path: Path) -> None:
    opened = open_storage(tmp_path)
    with pytest.raises(DirectoryLocked, match=f"process {os.getpid()}"):
        open_storage(tmp_path)
    await opened.close()
    await open_storage(tmp_path).close()


@pytest.mark.parametrize("place", ["memory", "disk"])
async def test_a_branch_is_its_template_at_that_commit(place: str, tmp_path: Path) -> None:
    opened = open_storage(None if place == "memory" else tmp_path)
    await create(opened, 1)
    a, b = b"\x00\x00\x00\x01a", b"\x00\x00\x00\x01b"
    key, value = create_database_write(2, 1)
    old = opened.storage.snapshot(1)
    await asyncio.gather(  # one group
        put(opened, {ONE + a: b"before", ONE + b: b"1"}),
        put(opened, {key: value, database_prefix(2) + b: b"branch", database_prefix(0) + a: b"row"}),
        put(opened, {ONE + b: None}, bases={ONE + b: 2**62}),
        put(opened, {database_prefix(2) + a: None}),
    )
    assert content(opened) == {a: b"before"}
    assert content(opened, 2) == {b: b"branch"}
    assert content(opened, 0) == {a: b"row"}
    assert list(old.scan(b"", b"\xff")) == []
    old.close()
    with pytest.raises(SerializationFailure):
        await opened.committer.commit(CommitRequest(old.tau, {key: value}))
    assert opened.storage.size(2) > 0
    await opened.close()


async def test_dropped_databases(tmp_path: Path) -> None:
    opened = open_storage(tmp_path)
    await create(opened, 1)
    await put(opened, {ONE + b"\x00\x00\x00\x01a": b"1"})
    await put(opened, dict([drop_database_write(1)]))
    with pytest.raises(NoSuchDatabase):
        opened.storage.snapshot(1)
    await put(opened, {ONE + b"\x00\x00\x00\x01a": b"nobody sees it"})
    await create(opened, 1)
    assert content(opened) == {}
    await opened.close()


@pytest.mark.parametrize("journals", [1, 2])
async def test_subscriptions(journals: int, tmp_path: Path) -> None:
    opened: Any = open_storage(tmp_path, journals=journals)
    await create(opened, 1)
    heard: list[Batch] = []
    followed: list[Batch] = []
    slow: list[int] = []
    seen_in_store: list[bytes | None] = []

    def listen(batch: Batch) -> None:
        heard.append(batch)
        for commit in batch.commits:
            for key in commit.writes:
                snapshot = opened.storage.snapshot(1)
                seen_in_store.append(snapshot.get(key[4:]))
                snapshot.close()

    async def follow_slowly(batch: Batch) -> None:
        await asyncio.sleep(0.001)
        slow.extend(commit.tau for commit in batch.commits)

    span = KeyRange(ONE + row_key(5, 10), ONE + row_key(5, 20))
    start = opened.storage.current_tau
    opened.pipeline.crossbar._buffer_max = 5
    stop = opened.feed.subscribe([span], start, listen, synchronous=True)
    opened.feed.subscribe([span], start, followed.append)
    opened.feed.subscribe([database_range(1)], start, follow_slowly)
    taus = [await put(opened, {ONE + row_key(5, n): b"%d" % n, ONE + row_key(6, n): b""}) for n in range(25)]
    taus += await asyncio.gather(*[put(opened, {ONE + row_key(9, n): b""}) for n in range(25)])
    expected = [ONE + row_key(5, n) for n in range(10, 20)]
    assert [key for batch in heard for commit in batch.commits for key in commit.writes] == expected
    assert seen_in_store == [b"%d" % n for n in range(10, 20)]
    assert heard[-1].upto == taus[-1]
    stop()
    late: list[Batch] = []
    opened.feed.subscribe([span], start, late.append, synchronous=True)
    assert [key for commit in late[0].commits for key in commit.writes] == expected
    count = len(heard)
    await put(opened, {}, deletes=[database_range(1)])
    assert len(heard) == count
    assert late[-1].commits[0].deletes == [span]
    for _ in range(200):
        if len(slow) == 51 and followed[-1].upto == opened.storage.current_tau:
            break
        await asyncio.sleep(0.01)
    assert slow == [*taus, opened.storage.current_tau]
    assert [k for batch in followed for commit in batch.commits for k in commit.writes] == expected
    await opened.close()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    if os.getuid() != 0 or run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", path],
                               check=False, capture_output=True).returncode:  # fmt: skip
        path.rmdir()
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield path
    finally:
        run(["umount", path], check=True)
        path.rmdir()


async def test_full_disk() -> None:
    with small_disk(24) as path:
        ballast = path / "ballast"
        ballast.write_bytes(bytes(4 << 20))
        opened = open_storage(path)
        await create(opened, 1)
        stored = 0
        for _ in range(2):
            refused = 0
            for n in range(stored, stored + 400):
                try:
                    await put(opened, {ONE + row_key(5, n): bytes(100_000)})
                except (StorageFull, JournalFull):
                    refused += 1
                    if refused > 3:
                        break
                else:
                    assert not refused
                    stored += 1
            assert refused > 3
            assert len(content(opened)) == stored > 10
            ballast.write_bytes(b"")
        assert stored > 30
        await opened.close()
        opened = open_storage(path)
        assert len(content(opened)) == stored
        await opened.close()
