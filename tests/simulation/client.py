"""A small transaction client over the doors of the rooms, in the engine's place.

A transaction reads from snapshots, one per database, opened at once, and commits what it wrote with one
CommitRequest. Every one that writes also writes a marker, a row with its number, so that it can be
seen afterwards whether it happened.
"""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable
from typing import Any

from gaveldb.journal.api import BulkWrites, CommitRequest, KeyRange, Run
from gaveldb.journal.errors import JournalBroken, JournalClosed, JournalFull, SerializationFailure
from gaveldb.storage.api import database_prefix
from gaveldb.storage.environments import CONTROL_PREFIX
from gaveldb.storage.errors import StorageFull

from .history import COMMITTED, FAILED, REFUSED, UNKNOWN, Entry, History
from .world import World

DATABASES = (0, 1, 2)
MARKERS = b"\x00\x00\x00\x01"  # the relation of markers, in any database


def marker(number: int) -> bytes:
    return MARKERS + number.to_bytes(4, "big")


def numbers(entries: dict[bytes, bytes]) -> set[int]:
    """The transactions that have left their markers."""
    return {int.from_bytes(key[4:], "big") for key in entries if key.startswith(MARKERS)}


def in_runs(writes: dict[bytes, bytes | None], base: int) -> BulkWrites:
    """The same writes as runs, but for deletions and control writes."""
    entries: dict[bytes, bytes | None] = {}
    runs: list[Run] = []
    for key, value in sorted(writes.items()):
        number = int.from_bytes(key[-8:], "big")
        if value is None or key.startswith(CONTROL_PREFIX):
            entries[key] = value
        elif runs and runs[-1].low == key[:-8] and runs[-1].first + len(runs[-1].values) == number:
            runs[-1].values.append(value)
        else:
            runs.append(Run(key[:-8], number, [value], base))
    return BulkWrites(entries, runs)


class Session:
    """What clients of one life of the process share."""

    def __init__(self, world: World, history: History, opened: Any, life: int, *, serializable: bool) -> None:
        self.world = world
        self.history = history
        self.opened = opened
        self.life = life
        self.serializable = serializable
        self.stopping = False
        self.early = 1.0  # the share of commits that may be applied before they are durable
        self.loads = 0.0  # the share of commits that say their writes in runs
        self.acknowledged: list[tuple[int, int]] = []  # (database of the marker, number), newest last

    async def think(self, most: float = 0.002) -> None:
        await asyncio.sleep(self.world.random.random() * most)

    async def transact(
        self,
        workload: str,
        body: "Callable[[Transaction], Awaitable[None]]",
        *,
        serializable: bool | None = None,
    ) -> "Transaction":
        """Run it once; whoever wants it tried again calls again."""
        transaction = Transaction(self, workload, self.serializable if serializable is None else serializable)
        try:
            await body(transaction)
            await transaction.commit()
        finally:
            transaction.close()
        return transaction


class Transaction:
    """Keys are those inside of a database."""

    def __init__(self, session: Session, workload: str, serializable: bool) -> None:
        self.session = session
        self.world = session.world
        storage = session.opened.storage
        self.snapshots = {
            database: storage.snapshot(database) for database in DATABASES if database in storage._by_id
        }
        self.base = min(snapshot.tau for snapshot in self.snapshots.values())
        self.base_newest = max(snapshot.tau for snapshot in self.snapshots.values())
        self.entry: Entry = session.history.begin(
            workload, session.life, session.world.now, self.base, serializable
        )
        self.entry.unsure = self.base_newest > session.opened.pipeline.durable_tau
        self.writes: dict[tuple[int, bytes], bytes | None] = {}
        self.deletes: list[tuple[int, bytes, bytes]] = []
        self.controls: dict[bytes, bytes | None] = {}
        self.reads: dict[tuple[int, bytes], None] = {}
        self.ranges: dict[tuple[int, bytes, bytes], None] = {}
        self.kept: dict[tuple[int, bytes], None] = {}
        self._check_acknowledged()

    def _check_acknowledged(self) -> None:
        for database, number in self.session.acknowledged[-3:]:
            if self.snapshots[database].get(marker(number)) is None:
                self.world.find(
                    f"a snapshot at {self.base} does not have transaction {number}, which was acknowledged"
                )

    # --- reading and writing ------------------------------------------------------------------

    def note(self, *action: Any) -> None:
        """For the checker."""
        self.entry.actions.append(action)

    def get(self, database: int, key: bytes) -> bytes | None:
        where = (database, key)
        if where in self.writes:
            return self.writes[where]
        self.reads[where] = None
        value: bytes | None = self.snapshots[database].get(key)
        return value

    def scan(self, database: int, low: bytes, high: bytes) -> dict[bytes, bytes]:
        """Without what the transaction has written itself."""
        self.ranges[(database, low, high)] = None
        return dict(self.snapshots[database].scan(low, high))

    def put(self, database: int, key: bytes, value: bytes | None) -> None:
        self.writes[(database, key)] = value

    def keep(self, database: int, key: bytes) -> None:
        """Nobody may delete the key without having seen this transaction."""
        self.kept[(database, key)] = None

    def delete_range(self, database: int, low: bytes, high: bytes) -> None:
        self.deletes.append((database, low, high))

    # --- the end ------------------------------------------------------------------------------

    def request(self, marked_in: int) -> CommitRequest:
        """What to ask for."""
        base, entry, source = self.base, self.entry, self.world.random
        if source.random() < 0.05:  # older than it is: then it may be refused more often, no more
            base = max(0, base - source.choice((1, 1000, 100_000, 10_000_000)))
        writes = {database_prefix(database) + key: value for (database, key), value in self.writes.items()}
        writes[database_prefix(marked_in) + marker(entry.number)] = b"%d" % entry.number
        writes.update(self.controls)
        deletes = []
        for database, low, high in self.deletes:
            prefix = database_prefix(database)
            deletes.append(KeyRange(prefix + low, prefix + high))
        reads: list[tuple[bytes, int]] = []
        ranges: list[tuple[KeyRange, int]] = []
        if entry.serializable:
            reads = [(database_prefix(d) + key, base) for d, key in self.reads if (d, key) not in self.writes]
            for database, low, high in self.ranges:
                prefix = database_prefix(database)
                ranges.append((KeyRange(prefix + low, prefix + high), base))
        kept = [database_prefix(database) + key for database, key in self.kept]
        reads += [(key, base) for key in kept]
        all_writes = in_runs(writes, base) if source.random() < self.session.loads else writes
        return CommitRequest(base, all_writes, deletes, reads=reads, read_ranges=ranges, kept=kept)

    async def commit(self) -> None:
        """Sets the entry's outcome; raises nothing that a client is to expect."""
        entry, session, world = self.entry, self.session, self.world
        if not (self.writes or self.deletes or self.controls):
            durable = session.opened.committer.durable(self.base_newest)
            if durable is not None:
                try:
                    await durable
                except JournalBroken:
                    return
            entry.ended = world.now
            entry.outcome = COMMITTED
            return
        entry.writes = True
        entry.outcome = UNKNOWN  # unless there will be an answer
        present = list(self.snapshots)
        marked_in = world.random.choice(present)
        rows_only = not (self.deletes or self.controls)
        future: Future[int] = session.opened.committer.commit(
            self.request(marked_in),
            (lambda: None) if rows_only and world.random.random() < session.early else None,
            crowded=world.random.random() < 0.3,
        )
        if world.random.random() < 0.3 and not future.done():
            session.opened.committer.flush(lambda: self._acknowledge(marked_in))
        try:
            tau = await future
        except SerializationFailure:
            entry.outcome = REFUSED
        except (JournalFull, StorageFull):
            entry.outcome = FAILED
        except (JournalBroken, JournalClosed):
            return
        else:
            entry.tau = tau
            self._acknowledge(marked_in)
        entry.ended = entry.ended or world.now

    def _acknowledge(self, marked_in: int) -> None:
        if self.entry.outcome != COMMITTED:
            self.entry.outcome = COMMITTED
            self.entry.ended = self.world.now
            self.session.acknowledged.append((marked_in, self.entry.number))

    def close(self) -> None:
        for snapshot in self.snapshots.values():
            snapshot.close()
