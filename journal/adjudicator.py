"""The adjudicator: who wins.

Pure and synchronous: a request and the time go in, a tau comes out, or SerializationFailure. What
it checks, in terms of the commits it has let through so far:

1. No written key was committed to after the tau that the transaction read it at (`base`, `bases`).
2. No validated key or range was committed to after the tau it was read at (`reads`, `read_ranges`).
3. No key of 1 or 2 lies in a range that was deleted after that tau, and no key in a range to be
   deleted was committed to after `base`.
4. The catalog of the request's database, and the shared one, did not change after `catalog_tau`.

An admitted request gets a tau greater than all before, and at least the time. Its keys count as
committed from then on: whoever wins must be journaled, or (disk full) be followed by a heartbeat at
its tau, so that the next transactions have a base behind it.

The state is soft. After a restart `restore` brings back the tail of the journal; what lies before
it is behind the horizon of the window.
"""

from collections.abc import Collection
from typing import Protocol

from .api import Commit, CommitRequest
from .errors import SerializationFailure, TooOld
from .window import Window


class Decider(Protocol):
    """What a pipeline asks: Adjudicator, or ShardedAdjudicator (journal/sharded.py)."""

    last_tau: int

    def restore(self, commit: Commit) -> None: ...

    def adjudicate(self, request: CommitRequest, now: int) -> int: ...

    def committed_since(self, key: bytes, tau: int) -> bool: ...


class Adjudicator:
    """One shard: all keys."""

    __slots__ = ("_catalog_taus", "last_tau", "window")

    def __init__(self, last_tau: int = 0, window: Window | None = None) -> None:
        self.last_tau = last_tau
        self.window = window if window is not None else Window(last_tau)
        self._catalog_taus: dict[int, int] = {}

    def restore(self, commit: Commit) -> None:
        """Remember a commit of the journal's tail; in tau order, before any request."""
        self.window.record(commit.tau, commit.writes, commit.deletes)
        self.last_tau = max(self.last_tau, commit.tau)

    def adjudicate(self, request: CommitRequest, now: int) -> int:
        """The tau of the commit; raises SerializationFailure or its subclass TooOld."""
        self.check(request)
        tau = self.last_tau + 1
        if now > tau:
            tau = now
        self.record(request, tau)
        return tau

    def check(self, request: CommitRequest) -> None:
        """Whether it may commit, and nothing else; raises what adjudicate raises."""
        base, written, deletes, bases, reads, read_ranges = request[:6]
        writes: Collection[bytes] = written if request.checked is None else request.checked
        window = self.window
        current = window.current
        previous = window.previous
        if base < window.horizon:
            raise TooOld(base, window.horizon)
        if not (current.view.isdisjoint(writes) and previous.view.isdisjoint(writes)):
            self._check_writes(request)
        if bases and min(bases.values()) < window.horizon:
            raise TooOld(min(bases.values()), window.horizon)
        if reads or read_ranges or deletes:
            self._check_reads(request)
        if current.delete_tau or previous.delete_tau:
            self._check_deleted(request)
        if request.catalog_tau or request.changes_catalog:
            self._check_catalog(request)

    def record(self, request: CommitRequest, tau: int) -> None:
        """It has committed at this tau."""
        self.last_tau = tau
        self.window.record(
            tau, request.writes if request.checked is None else request.checked, request.deletes
        )
        if request.changes_catalog:
            self._catalog_taus[request.database] = tau

    def committed_since(self, key: bytes, tau: int) -> bool:
        """Whether a commit after `tau` wrote the key, or deleted a range with it; true if it may have been
        before the horizon of the window."""
        window = self.window
        if tau < window.horizon:
            return True
        for generation in window.generations:
            if generation.taus.get(key, 0) > tau:
                return True
            if generation.delete_tau > tau and generation.deleted(key, tau):
                return True
        return False

    def _check_writes(self, request: CommitRequest) -> None:
        base = request.base
        bases = request.bases or {}
        writes = request.writes.keys() if request.checked is None else set(request.checked)
        for generation in self.window.generations:
            taus = generation.taus
            for key in sorted(generation.view & writes):  # so that it is always the same that is told
                tau = taus[key]
                if tau > bases.get(key, base):
                    raise SerializationFailure("the key was committed to since it was read", key, tau)

    def _check_reads(self, request: CommitRequest) -> None:
        window = self.window
        horizon = window.horizon
        latest, earlier = window.current.taus, window.previous.taus
        for key, read_at in request.reads:
            if read_at < horizon:
                raise TooOld(read_at, horizon)
            tau = latest.get(key) or earlier.get(key, 0)
            if tau > read_at:
                raise SerializationFailure("a key that was read has been committed to", key, tau)
        for (low, high), read_at in request.read_ranges:
            self._check_range(low, high, read_at, "a range that was read has been committed to")
        for low, high in request.deletes:
            self._check_range(low, high, request.base, "a range to be deleted has been committed to")

    def _check_range(self, low: bytes, high: bytes, read_at: int, message: str) -> None:
        window = self.window
        if read_at < window.horizon:
            raise TooOld(read_at, window.horizon)
        for generation in window.generations:
            if generation.last_tau > read_at:
                found = generation.committed_in(low, high, read_at)
                if found:
                    raise SerializationFailure(message, *found)
                tau = generation.deleted_range(low, high, read_at)
                if tau:
                    raise SerializationFailure(message, low, tau)

    def _check_deleted(self, request: CommitRequest) -> None:
        """Keys against the range deletes of others; ranges have been checked by _check_range."""
        base = request.base
        bases = request.bases or {}
        oldest = min(bases.values(), default=base)
        for generation in self.window.generations:
            if generation.delete_tau > min(oldest, base):
                for key in request.writes if request.checked is None else request.checked:
                    tau = generation.deleted(key, bases.get(key, base))
                    if tau:
                        raise SerializationFailure("the key's range was deleted", key, tau)
            if generation.delete_tau:
                for key, read_at in request.reads:
                    tau = generation.deleted(key, read_at)
                    if tau:
                        raise SerializationFailure("the key's range was deleted", key, tau)

    def _check_catalog(self, request: CommitRequest) -> None:
        if request.catalog_tau:
            taus = self._catalog_taus
            tau = max(taus.get(request.database, 0), taus.get(0, 0))
            if tau > request.catalog_tau:
                raise SerializationFailure(
                    "the catalog has changed since the transaction began", None, tau, catalog=True
                )
