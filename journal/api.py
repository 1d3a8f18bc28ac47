"""The door of the journal room: how a transaction becomes a commit, and who hears of it.

Keys and values are opaque bytes. A Timestamp (tau) is an int: microseconds since 1970 UTC,
strictly increasing from commit to commit.
"""

from asyncio import Future
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from .bulkwrites import BulkWrites, Run, Writes, runs_of, scattered
from .disk import Disk, read_file, replace_file
from .host import Host, SystemHost
from .lockrequest import Request
from .locks import (
    ACCESS_EXCLUSIVE_LOCK,
    ACCESS_SHARE_LOCK,
    EXCLUSIVE_LOCK,
    KEY_SHARE,
    MODES,
    NO_KEY_UPDATE,
    ROW_EXCLUSIVE_LOCK,
    ROW_SHARE_LOCK,
    SHARE,
    SHARE_LOCK,
    SHARE_ROW_EXCLUSIVE_LOCK,
    SHARE_UPDATE_EXCLUSIVE_LOCK,
    UPDATE,
    Hold,
    LockTable,
    Wait,
)
from .serializable import Member, Serializer, Unserializable

__all__ = [
    "ACCESS_EXCLUSIVE_LOCK",
    "ACCESS_SHARE_LOCK",
    "EXCLUSIVE_LOCK",
    "KEY_SHARE",
    "MODES",
    "NO_KEY_UPDATE",
    "ROW_EXCLUSIVE_LOCK",
    "ROW_SHARE_LOCK",
    "SHARE",
    "SHARE_LOCK",
    "SHARE_ROW_EXCLUSIVE_LOCK",
    "SHARE_UPDATE_EXCLUSIVE_LOCK",
    "UPDATE",
    "Batch",
    "BulkWrites",
    "Clock",
    "Commit",
    "CommitGroup",
    "CommitRequest",
    "Committer",
    "Disk",
    "Feed",
    "Hold",
    "Host",
    "Key",
    "KeyRange",
    "LockTable",
    "Member",
    "Pipeline",
    "Request",
    "Run",
    "Serializer",
    "Subscriber",
    "SystemHost",
    "Timestamp",
    "Unserializable",
    "Wait",
    "Writes",
    "open_pipeline",
    "read_file",
    "replace_file",
    "runs_of",
    "scattered",
]

Timestamp = int
Key = bytes


class KeyRange(NamedTuple):
    """Half-open: low <= key < high."""

    low: bytes
    high: bytes


class CommitRequest(NamedTuple):
    """What a transaction asks to have committed, all or nothing.

    `writes`: key -> value, or None for a deletion; loads give BulkWrites. `base`: the tau that the
    written keys were read at; `bases` holds those keys that were read at another one. `deletes`: key
    ranges that become empty before `writes` are applied (DROP, TRUNCATE). `reads` and `read_ranges`
    must not have been committed to since `base` (or the tau given with them). `catalog_tau`: the catalog
    version the transaction was planned with, 0 if it does not care: the commit fails if the catalog of
    `database` or the shared one has changed since. `changes_catalog`: this commit changes it.
    `checked`: those of the written keys that others may know of, None: all; the rest is of relations
    that this commit makes, and need not be adjudicated (runs say it themselves). `single`: all of it
    is of one database. `locked` and `kept`, both among `reads`, are marks: a later commit finds `locked` keys
    as if this one had written them, and conflicts with it if it deletes one of `kept`. They are not
    journaled: whoever could miss them began before a restart, and went with it.
    """

    base: Timestamp
    writes: Writes
    deletes: Sequence[KeyRange] = ()
    bases: dict[bytes, Timestamp] | None = None
    reads: Sequence[tuple[bytes, Timestamp]] = ()
    read_ranges: Sequence[tuple[KeyRange, Timestamp]] = ()
    catalog_tau: Timestamp = 0
    database: int = 0
    changes_catalog: bool = False
    checked: Collection[bytes] | None = None
    single: bool = False
    locked: Collection[bytes] = ()
    kept: Collection[bytes] = ()


class Commit(NamedTuple):
    """A commit as subscribers get it. `single`: it is known to be of one database."""

    tau: Timestamp
    writes: Writes
    deletes: Sequence[KeyRange]
    single: bool = False


class Batch(NamedTuple):
    """Commits in tau order; nothing at or before `upto` comes later. Empty: a heartbeat."""

    upto: Timestamp
    commits: Sequence[Commit]


class CommitGroup(NamedTuple):
    """Commits that were written together."""

    journal: int
    size: int  # commits
    bytes: int  # of their records' bodies
    seconds: float  # of write and sync; 0.0 if a thread has done them
    durable_at: Timestamp  # when the loop knew


class Committer(Protocol):
    """The engine's way into the pipeline."""

    @property
    def current_tau(self) -> Timestamp:
        """The tau up to which everything is applied."""

    durable_tau: Timestamp
    """What is applied up to here is durable. Nobody may be told that a transaction which has read more than
    that is committed."""

    syncing_tau: Timestamp
    """What `durable_tau` will be when the sync under way ends."""

    before_unsettled: Callable[[], None] | None
    """Called before something is applied that is not durable."""

    after_settled: Callable[[], None] | None
    """Called when `durable_tau` has moved."""

    at_leisure: Callable[[], bool] | None
    """Whether the next sync may wait for a millisecond."""

    def durable(self, tau: Timestamp) -> "Future[None] | None":
        """None if what is applied up to `tau` is durable, else a Future of that."""

    def commit(
        self, request: CommitRequest, applied: Callable[[], None] | None = None, *, crowded: bool = False
    ) -> "Future[Timestamp]":
        """The future completes once the commit is durable and applied by the local store.
        Fails with SerializationFailure (journal/errors.py), or with JournalFull or StorageFull
        (disk full: nothing of the request is kept). With `applied`, the commit may be applied before it is
        durable, as its writes are rows only; it is called then, if so, and must not fail. `crowded`:
        others are known to be at work, so the loop should go on during the sync."""

    def flush(self, acknowledge: Callable[[], None] | None = None) -> None:
        """Commits asked for in this turn of the loop need not wait for its end: no others will come.
        `acknowledge` may be called when they are durable and about to be applied, before anything else
        runs on the loop: so for whoever is told here, they are applied. It tells of all of them, so only
        those whose own commit is among them (its future is not done) may ask for it."""

    def group_of(self, tau: Timestamp) -> CommitGroup | None:
        """The group of a commit, unless it has been forgotten: the last thousand or so are known."""

    def committed_since(self, key: Key, tau: Timestamp) -> bool:
        """Whether anybody committed to `key` after `tau`; also true if that is too long ago to be known."""


Subscriber = Callable[[Batch], Awaitable[None] | None]


class Feed(Protocol):
    """The crossbar as subscribers see it."""

    def subscribe(
        self,
        ranges: Sequence[KeyRange],
        after: Timestamp,
        subscriber: Subscriber,
        *,
        synchronous: bool = False,
    ) -> Callable[[], None]:
        """Deliver every commit after `after` that touches the ranges, cut to them; returns the
        function that ends the subscription. A synchronous subscriber is called in the same turn of
        the loop as the local store applied the commits, and before their futures complete; it gets
        heartbeats too, so that it knows how far it is. Others are called from a task, and may
        return an awaitable to be waited for. Raises JournalTruncated."""


class Clock(Protocol):
    """Time in microseconds since 1970 (UTC); may stand still or go backwards."""

    def now(self) -> Timestamp: ...


class Pipeline(Committer, Protocol):
    """What the storage room gets from `open_pipeline`."""

    @property
    def adjudicated_tau(self) -> Timestamp:
        """The newest tau given, durable or not."""

    @property
    def journaled_tau(self) -> Timestamp:
        """The newest tau that a journal has."""

    @property
    def feed(self) -> Feed: ...

    reserve: Callable[[CommitRequest, int], None] | None
    """Asked before a commit is adjudicated, with the size of its record; may raise."""

    prepare: Callable[[Sequence[Commit]], Iterator[None]] | None
    """Has the store write the commits of the next batch in slices, before its sink is called with it."""

    after_commit: Callable[[], None] | None
    """Called after each group of commits."""

    broken: Exception | None
    on_broken: Callable[[Exception], None] | None
    """Called when a journal cannot be synced, or the store not be written: the process must end."""

    def start(self, upto: Timestamp, sink: Callable[[Batch], None]) -> None:
        """Begin: the local store has everything up to `upto`, and takes what comes."""

    def history(self, after: Timestamp) -> Iterator[Commit]: ...

    def truncate_before(self, tau: Timestamp) -> None: ...

    def size_after(self, tau: Timestamp) -> int: ...

    async def close(self) -> None: ...

    def release(self) -> None: ...


def open_pipeline(
    directory: Path | None,
    clock: Clock | None = None,
    *,
    journals: int = 1,
    start_tau: Timestamp = 0,
    host: Host | None = None,
) -> Pipeline:
    """Open or create the journals below `directory` (memory ones if None); cuts torn tails, and
    brings back the adjudicator's window. `start_tau`: this tau was given out already. Raises
    JournalCorrupt."""
    from .pipeline import open_pipeline as opened

    return opened(directory, clock, journals=journals, start_tau=start_tau, host=host)
