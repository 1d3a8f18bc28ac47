"""Commits that are applied before they are durable: who sees them, who is told, and what a crash leaves."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gaveldb.journal.api import Batch, CommitRequest
from gaveldb.journal.errors import JournalBroken, JournalFull
from gaveldb.journal.host import SystemHost
from gaveldb.storage.api import database_prefix, row_key
from gaveldb.storage.environments import Environments
from gaveldb.storage.opening import open_storage

from .test_faults import World, told
from .test_server_express import prepare, run
from .test_storage_opening import ONE, abandon, content, create, put

Done = Callable[[OSError | None], None]


class HeldSyncer:
    """A disk that syncs when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Done] = []

    def sync(self, descriptor: int, done: Done) -> None:
        os.fdatasync(descriptor)
        self.waiting.append(done)

    def stop(self) -> None:
        assert not self.waiting

    def let_go(self, error: OSError | None = None) -> None:
        self.waiting.pop(0)(error)


class HeldHost(SystemHost):
    def __init__(self) -> None:
        super().__init__()
        self.syncer = HeldSyncer()

    def start_syncer(self, loop: asyncio.AbstractEventLoop) -> Any:
        return self.syncer


TWO = database_prefix(2)
KEY, OTHER = row_key(5, 1), row_key(5, 2)


async def early(opened: Any, key: bytes, value: bytes, told: list[bytes]) -> "asyncio.Future[int]":
    """A commit that is applied, and not durable."""
    request = CommitRequest(opened.storage.current_tau, {ONE + key: value})
    future: asyncio.Future[int] = opened.committer.commit(request, lambda: told.append(value), crowded=True)
    await asyncio.sleep(0)
    assert told[-1] == value and not future.done()
    return future


async def test_applied_before_it_is_durable(tmp_path: Path) -> None:
    host = HeldHost()
    opened = open_storage(tmp_path, host=host)
    await create(opened, 1)
    heard: list[bytes] = []

    def hear(batch: Batch) -> None:
        heard.extend(value for commit in batch.commits for value in commit.writes.values() if value)

    opened.feed.subscribe([(ONE, ONE + b"\xff")], opened.storage.current_tau, hear)
    applied: list[bytes] = []
    settled = opened.committer.durable_tau
    first = await early(opened, KEY, b"first", applied)
    second = await early(opened, OTHER, b"second", applied)
    assert content(opened) == {KEY: b"first", OTHER: b"second"}
    assert opened.committer.durable_tau == settled < opened.storage.current_tau
    wait = opened.committer.durable(opened.storage.current_tau)
    host.syncer.let_go()  # it is of the first one only
    assert first.done() and not second.done() and not wait.done()
    assert opened.committer.durable_tau == first.result()
    await asyncio.sleep(0.01)
    assert heard == [b"first"]
    host.syncer.let_go()
    assert second.done() and wait.done()
    assert opened.committer.durable(opened.storage.current_tau) is None
    await asyncio.sleep(0.01)
    assert heard == [b"first", b"second"]
    await opened.close()


async def test_what_cannot_be_seen_early_holds_up_what_follows(tmp_path: Path) -> None:
    host = HeldHost()
    opened = open_storage(tmp_path, host=host)
    await create(opened, 1)
    base = opened.storage.current_tau
    definition = opened.committer.commit(CommitRequest(base, {ONE + KEY: b"1"}), crowded=True)
    await asyncio.sleep(0)
    applied: list[bytes] = []
    row = opened.committer.commit(CommitRequest(base, {ONE + OTHER: b"2"}), lambda: applied.append(b"2"))
    await asyncio.sleep(0)
    assert (content(opened), applied) == ({}, [])
    host.syncer.let_go()
    assert definition.done() and not row.done()
    assert (content(opened), applied) == ({KEY: b"1", OTHER: b"2"}, [b"2"])
    host.syncer.let_go()
    assert row.done()
    await opened.close()


@pytest.mark.pure
async def test_what_the_disk_had_no_room_for_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = HeldHost()
    opened = open_storage(tmp_path, host=host)
    await create(opened, 1)
    kept = await early(opened, KEY, b"1", [])

    def full(entries: Any) -> None:
        raise JournalFull("no space")

    with monkeypatch.context() as patch:
        patch.setattr(opened.pipeline.journals[0], "write", full)
        with pytest.raises(JournalFull):
            await put(opened, {ONE + OTHER: b"2"})
    assert opened.storage.current_tau > opened.committer.durable_tau
    host.syncer.let_go()
    assert kept.done()
    assert opened.committer.durable(opened.storage.current_tau) is None
    assert content(opened) == {KEY: b"1"}
    await opened.close()


async def test_a_failed_sync_ends_all(tmp_path: Path) -> None:
    host = HeldHost()
    opened = open_storage(tmp_path, host=host)
    await create(opened, 1)
    await put(opened, {ONE + KEY: b"durable"})
    journal = opened.pipeline.journals[0]
    end = journal._offset
    told: list[bytes] = []
    future = await early(opened, KEY, b"lost", told)
    wait = opened.committer.durable(opened.storage.current_tau)
    host.syncer.let_go(OSError(5, "Input/output error"))
    for one in (future, wait):
        with pytest.raises(JournalBroken):
            await one
    with pytest.raises(JournalBroken):
        await put(opened, {ONE + KEY: b"more"})
    os.pwrite(journal.descriptor, bytes(200), end)  # what was to be written has been dropped
    abandon(opened)
    opened = open_storage(tmp_path)  # the store was ahead of the journal
    assert content(opened) == {KEY: b"durable"}
    await put(opened, {ONE + KEY: b"again"})
    await opened.close()
    opened = open_storage(tmp_path)
    assert content(opened) == {KEY: b"again"}
    await opened.close()


async def test_a_checkpoint_waits_for_the_journal(tmp_path: Path) -> None:
    host = HeldHost()
    opened = open_storage(tmp_path, host=host)
    await create(opened, 1)
    future = await early(opened, KEY, b"1", [])
    checkpoint = asyncio.ensure_future(opened.checkpoint())
    await asyncio.sleep(0.05)
    assert not (tmp_path / "checkpoint" / "1.mdb").exists() and not checkpoint.done()
    host.syncer.let_go()
    await checkpoint
    assert future.done() and (tmp_path / "checkpoint" / "1.mdb").exists()
    await opened.close()


async def test_a_restored_store_is_trusted_only_when_it_is_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies are of several taus, and what one says of the others holds only for those it lived with."""
    monkeypatch.setattr(SystemHost, "boot_id", lambda self: "first")
    opened = open_storage(tmp_path)
    await create(opened, 1)
    await create(opened, 2)
    await put(opened, {ONE + KEY: b"1", TWO + KEY: b"1"})
    loop = asyncio.get_running_loop()
    kept = opened.storage.kept.keep_copy

    def keep(target: Path) -> None:
        kept(target)
        if target.name == "1.mdb":
            for prefix, value in ((ONE, b"late"), (TWO, b"later")):  # which only the copy of 2 has
                asyncio.run_coroutine_threadsafe(put(opened, {prefix + OTHER: value}), loop).result()

    monkeypatch.setattr(opened.storage.kept, "keep_copy", keep)
    await opened.checkpoint()
    abandon(opened)
    monkeypatch.setattr(SystemHost, "boot_id", lambda self: "second")

    def killed(self: Environments, commit: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Environments, "replay", killed)
    with pytest.raises(KeyboardInterrupt):
        open_storage(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(SystemHost, "boot_id", lambda self: "second")
    opened = open_storage(tmp_path)
    assert content(opened) == {KEY: b"1", OTHER: b"late"}
    assert content(opened, 2) == {KEY: b"1", OTHER: b"later"}
    await opened.close()


# --- in the engine ------------------------------------------------------------------------------------


@pytest.fixture
async def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """(a world on a disk, its syncer) where another block is always open, so that syncs overlap."""
    syncer = HeldSyncer()
    monkeypatch.setattr(SystemHost, "start_syncer", lambda self, loop: syncer)
    async with World(in_memory=False, data_dir=str(tmp_path)) as world:
        await world.ask("begin", 7)
        yield world, syncer
        while syncer.waiting:
            syncer.let_go()


async def began(world: World, text: str, number: int) -> "asyncio.Task[Any]":
    """A statement that has had time to end."""
    task = asyncio.ensure_future(world.ask(text, number))
    await asyncio.sleep(0.02)
    return task


async def test_the_lock_is_handed_over_before_the_sync(held: Any) -> None:
    world, syncer = held
    await world.ask("begin", 1)
    await world.ask("update t set n = n + 1", 1)
    await world.ask("begin", 2)
    waits = await began(world, "update t set n = n + 10 returning n", 2)
    assert not waits.done()
    commit = await began(world, "commit", 1)
    assert not commit.done() and waits.done()
    assert waits.result() == [["11"]]
    other = await began(world, "commit", 2)
    syncer.let_go()
    assert await commit == []
    assert not other.done()
    syncer.let_go()
    assert await other == []


@pytest.mark.parametrize("block", [False, True])
@pytest.mark.parametrize("text", ["select n from t for update", "select n from t where id = 1 for share"])
async def test_a_reader_of_what_is_not_durable_waits(held: Any, block: bool, text: str) -> None:
    world, syncer = held
    await world.ask("begin", 1)
    await world.ask("update t set n = n + 1", 1)
    commit = await began(world, "commit", 1)
    if block:
        await world.ask("begin", 2)
        assert await world.ask(text, 2) == [["1"]]
        text = "commit"
    read = await began(world, text, 2)
    assert not read.done() and not commit.done()
    syncer.let_go()
    assert await read == ([] if block else [["1"]])
    assert await commit == []


async def test_plain_reads_see_what_is_durable_and_do_not_wait(held: Any) -> None:
    world, syncer = held
    reader = world.client(2)
    await reader.ask(*prepare("s", "select n from t where id = $1"))
    assert told(await reader.ask(*run("s", "1"))) == [["0"]]
    await world.ask("begin", 1)
    await world.ask("update t set n = n + 1", 1)
    commit = await began(world, "commit", 1)
    assert told(await reader.ask(*run("s", "1"))) == [["0"]]
    slow = await began(world, "select sum(n) from t", 3)
    assert not slow.done() and not commit.done()
    syncer.let_go()
    assert await slow == [["1"]] and await commit == []
    assert told(await reader.ask(*run("s", "1"))) == [["1"]]


async def test_definitions_are_durable_before_they_are_seen(held: Any) -> None:
    world, syncer = held
    await world.ask("begin", 1)
    await world.ask("create table made (id int)", 1)
    commit = await began(world, "commit", 1)
    assert (await world.ask("select * from made", 2))[0] == "42P01"
    syncer.let_go()
    assert await commit == []
    assert await world.ask("select * from made", 2) == []
