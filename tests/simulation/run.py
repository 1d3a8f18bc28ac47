"""One seed: a machine lives through some lives of the server, with clients at work and things going wrong.

life 1:  open (recover) -> set up -> clients, subscribers, faults -> crash, or clean close
life 2:  ...
the end: open, no more faults -> subscribers catch up -> what is there is compared with the history
"""

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from gaveldb.journal.api import KeyRange
from gaveldb.journal.errors import JournalBroken, JournalError, JournalFull
from gaveldb.journal.sharded import ShardedAdjudicator
from gaveldb.storage.api import create_database_write
from gaveldb.storage.errors import StorageError
from gaveldb.storage.opening import open_storage

from .client import DATABASES, Session, Transaction, marker, numbers
from .follower import Follower
from .history import COMMITTED, FAILED, REFUSED, History
from .machine import Machine
from .reference import Checked, Reference
from .workloads import WORKLOADS, Workload
from .world import Finding, World

DATA = Path("/data")
TRANSACTIONS_MAX = 300  # of one life


class Settings:
    """What a seed decides beforehand."""

    def __init__(self, seed: int, workload: str | None = None) -> None:
        source = random.Random(f"settings {seed}")
        self.lmdb = source.random() < 0.05
        self.journals = source.choice((1, 1, 1, 2, 3))
        self.lives = source.randint(1, 4)
        self.clients = source.randint(1, 8)
        self.seconds = source.choice((0.02, 0.05, 0.2))
        self.serializable = source.random() < 0.5
        names = list(WORKLOADS)
        self.workloads = [workload] if workload else source.sample(names, source.randint(1, 3))
        self.reboots = source.choice((0.0, 0.5, 1.0))
        self.clean = source.choice((0.0, 0.2, 0.5))
        self.full_disk = source.random() < 0.2
        self.allocates = source.random() < 0.6
        self.stalls = source.choice((0.0, 0.0, 0.02, 0.2))
        self.sync_seconds = source.choice((0.00002, 0.0002, 0.002, 0.01))
        self.failing_syncs = source.random() < 0.15
        self.lies = source.random() < 0.05
        self.clock_jumps = source.random() < 0.3
        self.checkpoints = source.random() < 0.5
        self.segment_size = source.choice((300, 1000, 4000, 20000))
        self.buffer_max = source.choice((2, 10, 1000))
        bounds = [
            b"\x00\x00\x00\x01",
            b"\x00\x00\x00\x01\x00\x00\x00\x15",
            b"\x00\x00\x00\x02\x00\x00\x00\x05",
        ]
        self.shards = source.choice(([], [], bounds[:1], bounds))
        self.early = source.choice((0.0, 0.5, 1.0, 1.0))
        self.leisure = source.choice((0.0, 0.5, 1.0))
        self.loads = source.choice((0.0, 0.3, 1.0))
        self.window_keys = source.choice((20, 200, 10**6))
        self.constants = {
            "gaveldb.journal.log.ALLOCATION_FIRST": source.choice((1, 1024)),
            "gaveldb.journal.log.ALLOCATION_STEP": source.choice((1, 4096)),
            "gaveldb.journal.crossbar.REREAD_COMMITS": source.choice((1, 7, 1000)),
            "gaveldb.journal.pipeline.BEAT_SECONDS": source.choice((0.01, 1.0)),
            "gaveldb.journal.pipeline.BULK_WRITES": source.choice((2, 5000)),
            "gaveldb.journal.pipeline.SLICE_SECONDS": source.choice((-1.0, 0.004)),
            "gaveldb.journal.pipeline.RESTORE_MICROSECONDS": source.choice((100, 10_000, 60_000_000)),
            "gaveldb.storage.environments.SLICE_ENTRIES": source.choice((1, 2000)),
            "gaveldb.storage.store.SLICE_DELETIONS": source.choice((1, 2000)),
        }

    def describe(self) -> str:
        return ", ".join(f"{k}={v}" for k, v in vars(self).items() if k != "constants")


class Run:
    """One seed."""

    def __init__(self, seed: int, workload: str | None = None, folder: Path | None = None) -> None:
        self.settings = settings = Settings(seed, workload)
        self.world = world = World(seed)
        self.machine = machine = Machine(world, folder if settings.lmdb else None)
        disk = machine.disk
        disk.sync_seconds = settings.sync_seconds
        disk.stall_share = settings.stalls
        disk.lies = settings.lies
        disk.allocates = settings.allocates
        self.history = History()
        self.workloads: list[Workload] = [WORKLOADS[name]() for name in settings.workloads]
        self.followers = [
            Follower(world, "the synchronous follower of all", _databases(), synchronous=True),
            Follower(world, "the follower of all", _databases(), synchronous=False),
            Follower(world, "the follower of some", _some_ranges(world.random), synchronous=False),
        ]
        self.opened: Any = None
        self.expected_trouble = False
        self.lost = False  # whether what was acknowledged may be gone, because the disk lied

    # --- lives --------------------------------------------------------------------------------

    def run(self) -> World:
        settings, world = self.settings, self.world
        with constants(settings.constants), errors_are_findings(self):
            try:
                for life in range(1, settings.lives + 1):
                    if self.lost or world.findings:
                        break
                    self._plan_crash()
                    ended = world.run(lambda life=life: self._live(life))
                    if not ended:
                        self.machine.died(reboot=world.reboot)
                        self.lost = self.lost or (world.reboot and settings.lies)
                world.operations_left = 0
                if not world.findings and not world.run(self._judge):
                    world.find("the last life ended with a crash")
            except Finding as finding:
                world.find(str(finding))
            except Exception as error:
                world.find(f"{type(error).__name__}: {error}", error)
            self.machine.stores.process_died()
        return world

    def _plan_crash(self) -> None:
        world, source = self.world, self.world.random
        world.reboot = source.random() < self.settings.reboots
        world.operations_left = 0
        if source.random() < 0.4:  # somewhere in an operation of the disk, perhaps during recovery
            world.operations_left = source.choice((source.randint(1, 60), source.randint(1, 1000)))

    async def _open(self) -> Any:
        """Open the data directory; on a full disk somebody makes room."""
        settings, disk = self.settings, self.machine.disk
        while True:
            try:
                opened: Any = open_storage(
                    DATA,
                    journals=settings.journals + (self.world.random.random() < 0.2),
                    clock=self.machine.clock,
                    checkpoint_journal_min=3000 if settings.checkpoints else 1 << 40,
                    host=self.machine,
                    stores=self.machine.stores,
                )
                break
            except (JournalFull, JournalBroken, OSError) as error:
                self.world.note(f"cannot open: {error!r}")
                if not (disk.full or disk.lost):
                    raise
                disk.full = False
                disk.fail_syncs = 0
        self.opened = opened
        pipeline = opened.pipeline
        pipeline.on_broken = self._broken
        pipeline.crossbar._buffer_max = settings.buffer_max
        self._check_adjudicator(pipeline)
        pipeline.at_leisure = lambda: self.world.random.random() < settings.leisure
        for journal in pipeline.journals:
            journal._segment_size = settings.segment_size
        self.world.note(f"open at {opened.storage.current_tau}")
        return opened

    def _check_adjudicator(self, pipeline: Any) -> None:
        """Put the reference beside it, with all that the journals still have; shard it, perhaps."""
        fast = pipeline.adjudicator
        begin = max(journal._segments[0].start_tau for journal in pipeline.journals)
        past = list(pipeline.history(begin))
        if self.settings.shards:
            sharded = ShardedAdjudicator(self.settings.shards, fast.last_tau, fast.window.horizon)
            for commit in past:
                if commit.tau > fast.window.horizon:
                    sharded.restore(commit)
            windows = [shard.window for shard in sharded.shards]
            fast = sharded
        else:
            windows = [fast.window]
        for window in windows:
            window._keys_max = self.settings.window_keys
        reference = Reference()
        for commit in past:
            reference.record(commit)
        checked = Checked(fast, reference)
        checked.tell = self.world.find
        pipeline.adjudicator = checked

    def _broken(self, error: Exception) -> None:
        if not self.machine.disk.lost:
            self.world.find(f"the pipeline broke: {error!r}")
        assert self.world.loop is not None
        self.world.loop.call_soon(lambda: self.world.crash(reboot=self.world.reboot))

    async def _live(self, life: int) -> None:
        world, settings = self.world, self.settings
        source = world.random
        self.world.note(f"life {life}")
        opened = await self._open()
        session = Session(world, self.history, opened, life, serializable=settings.serializable)
        session.early = settings.early
        session.loads = settings.loads
        await self._set_up(session)
        for follower in self.followers:
            follower.subscribe(opened)
        clients = [asyncio.ensure_future(self._client(session)) for _ in range(settings.clients)]
        faults = asyncio.ensure_future(self._faults(opened))
        await asyncio.sleep(settings.seconds * (0.5 + source.random()))
        if source.random() >= settings.clean:
            world.crash(reboot=world.reboot)
        session.stopping = True
        await asyncio.gather(*clients)
        faults.cancel()
        self.machine.disk.full = False
        await opened.close()
        world.note("closed")
        if source.random() < 0.5:
            self.machine.died(reboot=True)
            self.lost = self.lost or settings.lies
        else:
            self.machine.died(reboot=False)

    async def _set_up(self, session: Session) -> None:
        opened = session.opened
        if set(DATABASES) <= set(opened.storage.databases()):
            return

        async def body(tx: Transaction) -> None:
            for database in DATABASES[1:]:
                key, value = create_database_write(database, None)
                tx.controls[key] = value
            for workload in self.workloads:
                workload.setup(tx)

        while set(DATABASES) != set(opened.storage.databases()):
            await session.transact("setup", body)
            await session.think()

    async def _client(self, session: Session) -> None:
        source = self.world.random
        entries, most = self.history.entries, len(self.history.entries) + TRANSACTIONS_MAX
        while not session.stopping and len(entries) < most:
            await source.choice(self.workloads).step(session)
            if self.opened.pipeline.broken is not None:
                return
            await session.think(0.001)

    async def _faults(self, opened: Any) -> None:
        """What goes wrong while clients work."""
        settings, world, machine = self.settings, self.world, self.machine
        source, disk = world.random, machine.disk
        while True:
            await asyncio.sleep(settings.seconds * source.random() * 0.3)
            if settings.clock_jumps and source.random() < 0.5:
                machine.clock.offset += source.choice((-10_000_000, -1000, 1000, 400_000_000))
                world.note(f"the clock is set to {machine.clock.now()}")
            if settings.full_disk and source.random() < 0.4:
                disk.full = not disk.full
                self.expected_trouble = True
                world.note("the disk is full" if disk.full else "the disk has room")
            if settings.failing_syncs and source.random() < 0.3:
                disk.fail_syncs = 1
                self.expected_trouble = True
                world.note("a sync is to fail")
            if settings.checkpoints and source.random() < 0.3:
                world.note("checkpoint")
                try:
                    await opened.checkpoint()
                except (OSError, JournalError, StorageError) as error:
                    if not self.expected_trouble:
                        world.find(f"a checkpoint failed: {error!r}")

    # --- the end ------------------------------------------------------------------------------

    async def _judge(self) -> None:
        world, disk = self.world, self.machine.disk
        disk.full = False
        disk.fail_syncs = 0
        disk.stall_share = 0.0
        world.note("the end")
        try:
            opened = await self._open()
        except Exception as error:
            if self.lost:  # the disk lied, and it is known
                return
            world.find(f"cannot be opened: {type(error).__name__}: {error}", error)
            return
        present = opened.storage.databases()
        if not set(DATABASES) <= set(present):
            if self._acknowledged("setup") and not self.lost:
                world.find(f"databases {present} are there")
            await opened.close()
            return
        views = {database: opened.storage.snapshot(database) for database in DATABASES}

        def view(database: int, low: bytes, high: bytes) -> dict[bytes, bytes]:
            return dict(views[database].scan(low, high))

        happened: dict[int, bytes] = {}
        for database in DATABASES:
            for number in numbers(view(database, b"", b"\xff" * 8)):
                if number in happened:
                    world.find(f"transaction {number} has two markers")
                happened[number] = database.to_bytes(4, "big") + marker(number)
        if self.lost:
            self._judge_lost(view)
            return
        self._judge_outcomes(happened)
        for workload in self.workloads:
            for wrong in workload.check(self.history, view, set(happened)):
                world.find(f"{workload.name}: {wrong}")
        if not world.findings:
            await self._judge_followers(opened, happened)
        for snapshot in views.values():
            snapshot.close()
        await opened.close()

    def _acknowledged(self, workload: str) -> bool:
        return any(entry.outcome == COMMITTED for entry in self.history.of(workload))

    def _judge_lost(self, view: Any) -> None:
        """After a disk that lied: something may be missing, but nothing may be half there."""
        if self.settings.journals == 1:
            for workload in self.workloads:
                wrong = workload.look(view)
                if wrong:
                    self.world.find(f"{workload.name}, after the disk had lied: {wrong}")

    def _judge_outcomes(self, happened: dict[int, bytes]) -> None:
        for entry in self.history.entries:
            there = entry.number in happened
            if entry.outcome == COMMITTED and entry.writes and not there:
                self.world.find(
                    f"transaction {entry.number} ({entry.workload}, {entry.tau}) was acknowledged and is lost"
                )
            elif entry.outcome in (REFUSED, FAILED) and there:
                self.world.find(f"transaction {entry.number} was {entry.outcome}, and is there")
            elif there and not entry.writes:
                self.world.find(f"transaction {entry.number} was never committed, and is there")

    async def _judge_followers(self, opened: Any, happened: dict[int, bytes]) -> None:
        for follower in self.followers:
            follower.slow = 0.0
            follower.subscribe(opened)
        for _ in range(200):
            if all(follower.position >= opened.storage.current_tau for follower in self.followers):
                break
            await asyncio.sleep(0.05)
        for follower in self.followers:
            for wrong in follower.check(opened, happened):
                self.world.find(wrong)


def _databases() -> list[KeyRange]:
    return [KeyRange(d.to_bytes(4, "big"), (d + 1).to_bytes(4, "big")) for d in DATABASES]


def _some_ranges(source: random.Random) -> list[KeyRange]:
    ranges = []
    for database in DATABASES:
        prefix = database.to_bytes(4, "big")
        low, high = sorted((source.randrange(60), source.randrange(60)))
        if low < high:
            ranges.append(KeyRange(prefix + low.to_bytes(4, "big"), prefix + high.to_bytes(4, "big")))
    return ranges or [KeyRange(b"", b"\xff")]


@contextmanager
def constants(values: dict[str, Any]) -> Iterator[None]:
    """Module constants, so small that little work reaches the limits."""
    with ExitStack() as stack:
        for name, value in values.items():
            stack.enter_context(mock.patch(name, value))
        yield


class _Handler(logging.Handler):
    def __init__(self, run: Run) -> None:
        super().__init__(logging.ERROR)
        self._run = run

    def emit(self, record: logging.LogRecord) -> None:
        if not self._run.world.alive:
            return
        error = record.exc_info[1] if record.exc_info else None
        expected = self._run.expected_trouble and isinstance(error, (OSError, JournalError, StorageError))
        if not expected:
            self._run.world.find(f"{record.getMessage()}: {error!r}", error)


@contextmanager
def errors_are_findings(run: Run) -> Iterator[None]:
    """What the code under test logs as an error is one."""
    logger = logging.getLogger("gaveldb")
    handler = _Handler(run)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def run_seed(seed: int, workload: str | None = None) -> World:
    """Run one seed; the world tells what was found."""
    if Settings(seed, workload).lmdb:
        with TemporaryDirectory(prefix="simulation") as folder:
            return Run(seed, workload, Path(folder)).run()
    return Run(seed, workload).run()
