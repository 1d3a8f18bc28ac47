"""The door of the journal room: how a transaction becomes a commit, and who hears of it.

Keys and values are opaque bytes. A Timestamp (tau) is an int: microseconds since 1970 UTC,
strictly increasing from commit to commit.
"""

from asyncio import Future
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

Timestamp = int
Key = bytes


class KeyRange(NamedTuple):
    """Half-open: low <= key < high."""

    low: bytes
    high: bytes


class CommitRequest(NamedTuple):
    """What a transaction asks to have committed, all or nothing.

    `writes`: key -> value, or None for a deletion. `base`: the tau that the written keys were read
    at; `bases` holds those keys that were read at another one. `deletes`: key ranges that become
    empty before `writes` are applied (DROP, TRUNCATE). `reads` and `read_ranges` must not have been
    committed to since `base` (or the tau given with them). `catalog_tau`: the catalog version the
    transaction was planned with, 0 if it does not care.
    """

    base: Timestamp
    writes: dict[bytes, bytes | None]
    deletes: Sequence[KeyRange] = ()
    bases: dict[bytes, Timestamp] | None = None
    reads: Sequence[tuple[bytes, Timestamp]] = ()
    read_ranges: Sequence[tuple[KeyRange, Timestamp]] = ()
    catalog_tau: Timestamp = 0


class Commit(NamedTuple):
    """A commit as subscribers get it."""

    tau: Timestamp
    writes: dict[bytes, bytes | None]
    deletes: Sequence[KeyRange]


class Batch(NamedTuple):
    """Commits in tau order; nothing at or before `upto` comes later. Empty: a heartbeat."""

    upto: Timestamp
    commits: Sequence[Commit]


class Committer(Protocol):
    """The engine's way into the pipeline."""

    def commit(self, request: CommitRequest) -> "Future[Timestamp]":
        """The future completes once the commit is durable and applied by the local store.
        Fails with SerializationFailure (journal/errors.py), or JournalFull (disk full: nothing of
        the request is kept)."""



Subscriber = Callable[[Batch], None]


class Feed(Protocol):
    """The crossbar as subscribers see it."""

    def subscribe(self, ranges: Sequence[KeyRange], after: Timestamp, subscriber: Subscriber,
                  *, synchronous: bool = False) -> Callable[[], None]:
        """Deliver every commit after `after` that touches the ranges, cut to them; returns the
        function that ends the subscription."""
