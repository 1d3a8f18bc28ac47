"""What the simulation found in journal/, storage/ and the way to them, one test each."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from gaveldb.engine.api import open_engine
from gaveldb.journal.adjudicator import Adjudicator
from gaveldb.journal.api import Batch, CommitRequest, KeyRange, SystemHost
from gaveldb.journal.clock import ManualClock
from gaveldb.journal.disk import SystemDisk, read_file, replace_file
from gaveldb.journal.errors import JournalBroken, JournalFull
from gaveldb.journal.log import MemoryJournal, SegmentLog
from gaveldb.journal.pipeline import Pipeline
from gaveldb.journal.records import encode_body
from gaveldb.storage.api import create_database_write, database_prefix, open_storage
from gaveldb.storage.directory import DataDirectory
from gaveldb.storage.errors import StorageError

pytestmark = pytest.mark.pure

ZERO, ONE, TWO = (database_prefix(n) for n in range(3))
K = b"\x00\x00\x00\x07"


def rows(opened: Any, database: int) -> dict[bytes, bytes]:
    snapshot = opened.storage.snapshot(database)
    try:
        return dict(snapshot.scan(b"", b"\xff"))
    finally:
        snapshot.close()


async def test_a_refused_commit_is_not_acknowledged_with_another_ones_group() -> None:
    engine: Any = open_engine({"in_memory": True})
    await engine.open()
    base = engine.current_tau()
    told: list[str] = []
    winner = engine.commit(CommitRequest(base, {ZERO + b"k": b"1"}))
    engine.blocks = 1
    loser = engine.commit_alone(
        CommitRequest(base, {ZERO + b"k": b"2"}), lambda: told.append("committed"), None
    )
    assert loser.exception() is not None
    await winner
    assert told == []
    engine.blocks = 0
    await engine.close()


async def test_rows_that_come_with_their_database_are_replayed(tmp_path: Path) -> None:
    opened: Any = open_storage(tmp_path)
    for database, template in ((1, None), (2, 1)):
        key, value = create_database_write(database, template)
        prefix = database_prefix(database)
        writes = {key: value, prefix + K: b"row", ONE + b"\x00\x00\x00\x08": b"not in the branch"}
        await opened.committer.commit(CommitRequest(opened.storage.current_tau, writes))
    before = rows(opened, 1), rows(opened, 2)
    await opened.close()
    (tmp_path / "BOOT").unlink()  # nobody knows of a clean close: everything is made from the journal
    opened = open_storage(tmp_path)
    assert (rows(opened, 1), rows(opened, 2)) == before
    assert K in before[0] and K in before[1]
    await opened.close()


async def test_a_range_delete_in_a_group_behind_a_write() -> None:
    opened: Any = open_storage(None)
    key, value = create_database_write(1, None)
    await opened.committer.commit(CommitRequest(0, {key: value}))
    base = opened.storage.current_tau
    await asyncio.gather(
        opened.committer.commit(CommitRequest(base, {ONE + K + b"1": b"a", ZERO + K: b"b"})),
        opened.committer.commit(CommitRequest(base, {}, [KeyRange(ONE + K + b"2", ONE + K + b"3")])),
    )
    assert rows(opened, 1) == {K + b"1": b"a"}
    await opened.close()


class Device(MemoryJournal):
    """Fails when told to."""

    blocking = False

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None:
        if self.error is not None:
            raise self.error
        super().append(entries)


@pytest.mark.parametrize("count", [1, 2])
async def test_nobody_hears_of_a_group_whose_sync_failed(count: int) -> None:
    devices = [Device() for _ in range(count)]
    pipeline = Pipeline(devices, ManualClock(), Adjudicator())
    heard: list[Batch] = []
    pipeline.start(0, heard.append)
    await pipeline.commit(CommitRequest(0, {b"a": b""}))
    upto = pipeline.current_tau
    for device in devices:
        device.error = JournalBroken("Input/output error")
    heard.clear()
    with pytest.raises(JournalBroken):
        await pipeline.commit(CommitRequest(upto, {b"b": b""}))
    assert (heard, pipeline.current_tau) == ([], upto)
    await pipeline.close()


async def test_nothing_is_applied_behind_a_commit_that_could_not_be() -> None:
    pipeline = Pipeline([Device(), Device()], ManualClock(), Adjudicator())
    applied: list[int] = []

    def sink(batch: Batch) -> None:
        if batch.commits and not applied:
            applied.append(0)
            raise ValueError("cannot")
        applied.extend(commit.tau for commit in batch.commits)

    pipeline.start(0, sink)
    with pytest.raises(JournalBroken):
        await pipeline.commit(CommitRequest(0, {b"a": b""}))
    with pytest.raises(JournalBroken):
        await pipeline.commit(CommitRequest(0, {b"b": b""}))
    assert applied == [0]
    await pipeline.close()


async def test_a_tau_that_the_journal_does_not_have_is_not_shown_to_those_who_may_remember_it() -> None:
    device = Device()
    pipeline = Pipeline([device], ManualClock(), Adjudicator())
    pipeline.start(0, lambda batch: None)
    inside: list[int] = []
    outside: list[int] = []
    everything = [KeyRange(b"", b"\xff")]
    pipeline.feed.subscribe(everything, 0, lambda batch: inside.append(batch.upto), synchronous=True)
    pipeline.feed.subscribe(everything, 0, lambda batch: outside.append(batch.upto))
    first = await pipeline.commit(CommitRequest(0, {b"a": b""}))
    device.error = JournalFull("full")
    with pytest.raises(JournalFull):
        await pipeline.commit(CommitRequest(first, {b"b": b""}))
    await asyncio.sleep(0.01)
    assert inside == [first, first + 1]
    assert outside == [first]
    device.error = None
    second = await pipeline.commit(CommitRequest(first + 1, {b"b": b""}))
    await asyncio.sleep(0.01)
    assert outside == [first, second]
    await pipeline.close()


def entries(*taus: int) -> list[tuple[int, bytes]]:
    return [(tau, encode_body({b"k": b"%d" % tau})) for tau in taus]


def test_a_journal_that_was_idle_when_another_went_on(tmp_path: Path) -> None:
    journal = SegmentLog(tmp_path, segment_size=30)
    journal.append(entries(1))
    journal.close()
    journal = SegmentLog(tmp_path, segment_size=30, start_tau=10)  # the other one has come to 10
    journal.append(entries(11))
    journal.close()
    assert len(list(tmp_path.iterdir())) == 2
    journal = SegmentLog(tmp_path)
    assert [record.tau for record in journal.read(0)] == [1, 11]
    journal.close()


def test_the_torn_first_group_of_such_a_journal_is_cut(tmp_path: Path) -> None:
    journal = SegmentLog(tmp_path)
    journal.append(entries(1))
    end = journal._offset
    journal.close()
    journal = SegmentLog(tmp_path, start_tau=10)
    journal.append(entries(11, 12))
    journal.close()
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data[end + 20] ^= 1  # of the group only the second record has arrived
    path.write_bytes(data)
    journal = SegmentLog(tmp_path)
    assert [record.tau for record in journal.read(0)] == [1]
    journal.close()


def test_what_a_failed_sync_left_in_the_page_cache_is_written_again(tmp_path: Path) -> None:
    written: list[bytes] = []

    class Noting(SystemDisk):
        @staticmethod
        def pwrite(descriptor: int, data: bytes | memoryview, offset: int, /) -> int:
            written.append(bytes(data))
            return os.pwrite(descriptor, data, offset)

    journal = SegmentLog(tmp_path, disk=Noting())
    journal.append(entries(1))
    journal.append(entries(2, 3))
    last_group = written[-1]
    os.close(journal._fd)  # killed: nobody knows whether the last sync succeeded
    written.clear()
    SegmentLog(tmp_path, disk=Noting()).close()
    assert written == [last_group]


async def test_more_journals_than_before_after_a_crash(tmp_path: Path) -> None:
    opened: Any = open_storage(tmp_path)
    key, value = create_database_write(1, None)
    await opened.committer.commit(CommitRequest(0, {key: value, ONE + K: b"row"}))
    opened.storage.close()
    opened._directory.close()
    opened = open_storage(tmp_path, journals=3)
    assert rows(opened, 1) == {K: b"row"}
    await opened.close()


async def test_a_directory_that_could_not_be_opened_is_not_locked(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text("99\n")
    for _ in range(2):
        with pytest.raises(StorageError, match="another version"):
            DataDirectory(tmp_path, SystemHost())


def test_a_short_write_is_gone_on_with(tmp_path: Path) -> None:
    class Short(SystemDisk):
        @staticmethod
        def pwrite(descriptor: int, data: bytes | memoryview, offset: int, /) -> int:
            return os.pwrite(descriptor, data[:3], offset)

    replace_file(Short(), tmp_path / "file", "0123456789")
    assert read_file(SystemDisk(), tmp_path / "file") == "0123456789"


def test_the_name_of_a_directory_is_durable_when_it_is_made(tmp_path: Path) -> None:
    synced: list[Path] = []

    class Noting(SystemDisk):
        def sync_directory(self, path: Path) -> None:
            synced.append(path)

    Noting().make_directory(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"] or synced == [tmp_path, tmp_path, tmp_path / "a"]
