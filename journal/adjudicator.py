"""The adjudicator: who wins.

Pure and synchronous: a request and the time go in, a tau comes out, or SerializationFailure. What
it checks, in terms of the commits it has let through so far:

1. No written key was committed to after the tau that the transaction read it at (`base`, `bases`).
2. No validated key or range was committed to after the tau it was read at (`reads`, `read_ranges`).
3. No key of 1 or 2 lies in a range that was deleted or loaded after that tau, and no key in a range
   to be deleted or loaded was committed to after `base`, or the load's own.
4. The catalog of the request's database, and the shared one, did not change after `catalog_tau`.
5. No key to be deleted was `kept` by a commit after the tau that it was read at.

An admitted request gets a tau greater than all before, and at least the time. Its keys count as
committed from then on: whoever wins must be journaled, or (disk full) be followed by a heartbeat at
its tau, so that the next transactions have a base behind it.

The state is soft. After a restart `restore` brings back the tail of the journal; what lies before
it is behind the horizon of the window.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from .api import Commit, CommitRequest, KeyRange
from .bulkwrites import Run, runs_of, scattered
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
        self._record(commit.tau, scattered(commit.writes), commit.deletes, runs_of(commit.writes))
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
        writes: Collection[bytes]
        if request.checked is not None:
            writes = request.checked
        else:
            writes = written if type(written) is dict else scattered(written)
        window = self.window
        current = window.current
        previous = window.previous
        if base < window.horizon:
            raise TooOld(base, window.horizon)
        if not (current.view.isdisjoint(writes) and previous.view.isdisjoint(writes)):
            self._check_writes(request, writes)
        if bases and min(bases.values()) < window.horizon:
            raise TooOld(min(bases.values()), window.horizon)
        if reads or read_ranges or deletes:
            self._check_reads(request)
        if type(written) is not dict:
            self._check_runs(runs_of(written))
        if current.unusual or previous.unusual:
            self._check_spans(request)
            self._check_kept(request)
        if request.catalog_tau or request.changes_catalog:
            self._check_catalog(request)

    def record(self, request: CommitRequest, tau: int) -> None:
        """It has committed at this tau."""
        self.last_tau = tau
        if type(request.writes) is dict:
            writes = request.writes if request.checked is None else request.checked
            self.window.record(tau, writes, request.deletes)
        else:
            self._record(tau, _checked(request), request.deletes, runs_of(request.writes))
        if request.reads and (request.locked or request.kept):
            self.window.mark(tau, request.locked, request.kept)
        if request.changes_catalog:
            self._catalog_taus[request.database] = tau

    def _record(
        self, tau: int, writes: Iterable[bytes], deletes: Sequence[KeyRange], runs: Sequence[Run]
    ) -> None:
        loaded = [run.bounds() for run in runs if run.base is not None]
        self.window.record(tau, writes, [*deletes, *loaded])

    def committed_since(self, key: bytes, tau: int) -> bool:
        """Whether a commit after `tau` wrote the key or a span with it; true if it may have been
        before the horizon of the window."""
        window = self.window
        if tau < window.horizon:
            return True
        for generation in window.generations:
            if generation.taus.get(key, 0) > tau:
                return True
            if generation.span_tau > tau and generation.span_over(key, tau):
                return True
        return False

    def _check_writes(self, request: CommitRequest, keys: Collection[bytes]) -> None:
        base = request.base
        bases = request.bases or {}
        writes = keys.keys() if isinstance(keys, dict) else set(keys)
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

    def _check_runs(self, runs: Sequence[Run]) -> None:
        for run in runs:
            if run.base is not None:
                self._check_range(*run.bounds(), run.base, "a key to be loaded has been committed to")

    def _check_range(self, low: bytes, high: bytes, read_at: int, message: str) -> None:
        window = self.window
        if read_at < window.horizon:
            raise TooOld(read_at, window.horizon)
        for generation in window.generations:
            if generation.last_tau > read_at:
                found = generation.committed_in(low, high, read_at)
                if found:
                    raise SerializationFailure(message, *found)
                tau = generation.span_within(low, high, read_at)
                if tau:
                    raise SerializationFailure(message, low, tau)

    def _check_spans(self, request: CommitRequest) -> None:
        """Keys against the spans of others; ranges have been checked by _check_range."""
        base = request.base
        bases = request.bases or {}
        oldest = min(bases.values(), default=base)
        for generation in self.window.generations:
            if generation.span_tau > min(oldest, base):
                for key in _checked(request):
                    tau = generation.span_over(key, bases.get(key, base))
                    if tau:
                        raise SerializationFailure("the key's range was committed to", key, tau)
            if generation.span_tau:
                for key, read_at in request.reads:
                    tau = generation.span_over(key, read_at)
                    if tau:
                        raise SerializationFailure("the key's range was committed to", key, tau)

    def _check_kept(self, request: CommitRequest) -> None:
        bases = request.bases or {}
        message = "the key has been marked to be kept"
        for generation in self.window.generations:
            kept = generation.kept
            if not kept:
                continue
            for key, value in scattered(request.writes).items():
                if value is None and kept.get(key, 0) > bases.get(key, request.base):
                    raise SerializationFailure(message, key, kept[key])
            for low, high in request.deletes:
                for key, tau in kept.items():
                    if tau > request.base and low <= key < high:
                        raise SerializationFailure(message, key, tau)

    def _check_catalog(self, request: CommitRequest) -> None:
        if request.catalog_tau:
            taus = self._catalog_taus
            tau = max(taus.get(request.database, 0), taus.get(0, 0))
            if tau > request.catalog_tau:
                raise SerializationFailure(
                    "the catalog has changed since the transaction began", None, tau, catalog=True
                )


def _checked(request: CommitRequest) -> Collection[bytes]:
    """The scattered keys that others may know of."""
    return scattered(request.writes) if request.checked is None else request.checked
