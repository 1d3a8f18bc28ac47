"""The adjudicator, sharded by key range.

    keys   ........ split[0] ........ split[1] ........
    shard      0               1                2

A request falls into parts, one per shard that its writes, deletes or validated reads touch. Each such
shard checks its part against the commits of its own range and votes with its earliest tau: one above
the last that it has recorded. The commit gets the maximum of the votes (and of the time), and all of
them record their parts at it; if one refuses, none records anything.

1. A conflict is between two commits that touch the same key, so some shard has seen both.
2. Between a shard's vote and its record nothing else comes to it: here because the interface is
   synchronous; shards in processes of their own would have to hold their votes until they hear.
3. The catalog of a database belongs to the shard that holds the key of the database's number.
4. Shards that have nothing in common give taus in any order. The pipeline publishes a tau as "nothing
   at or before it will come", so the front keeps `last_tau` over all shards, and a commit is above it,
   too. That is the one thing they share; shards on machines of their own would replace it by a
   watermark each, which the crossbar merges as it does those of journals.
"""

from bisect import bisect_right
from collections.abc import Sequence

from .adjudicator import Adjudicator
from .api import Commit, CommitRequest, KeyRange
from .bulkwrites import BulkWrites, Run, runs_of, scattered
from .window import Window

_NEVER = 2**63  # the base of a part without writes: it cannot be too old


class ShardedAdjudicator:
    """journal.adjudicator.Decider over several Adjudicators; `split`: their bounds, ascending."""

    def __init__(self, split: Sequence[bytes], last_tau: int = 0, horizon: int | None = None) -> None:
        self.last_tau = last_tau
        self._split = list(split)
        since = last_tau if horizon is None else horizon
        self.shards = [Adjudicator(last_tau, Window(since)) for _ in range(len(self._split) + 1)]

    def restore(self, commit: Commit) -> None:
        """See Adjudicator.restore."""
        request = CommitRequest(0, commit.writes, commit.deletes)
        for index, part in self._parts(request).items():
            self.shards[index].restore(Commit(commit.tau, part.writes, part.deletes))
        self.last_tau = max(self.last_tau, commit.tau)

    def adjudicate(self, request: CommitRequest, now: int) -> int:
        """See Adjudicator.adjudicate."""
        parts = [(self.shards[index], part) for index, part in self._parts(request).items()]
        tau = max(now, self.last_tau + 1)
        for shard, part in parts:
            shard.check(part)
            tau = max(tau, shard.last_tau + 1)  # its vote
        for shard, part in parts:
            shard.record(part, tau)
        self.last_tau = tau
        return tau

    def committed_since(self, key: bytes, tau: int) -> bool:
        """See Adjudicator.committed_since."""
        return self.shards[self._owner(key)].committed_since(key, tau)

    # --- cutting requests ---------------------------------------------------------------------

    def _owner(self, key: bytes) -> int:
        return bisect_right(self._split, key)

    def _owners(self, span: KeyRange) -> list[tuple[int, KeyRange]]:
        """The shards that a range touches, each with its part of it."""
        found = []
        for index in range(self._owner(span.low), len(self.shards)):
            low = self._split[index - 1] if index else b""
            if low >= span.high:
                break
            high = self._split[index] if index < len(self._split) else span.high
            found.append((index, KeyRange(max(low, span.low), min(high, span.high))))
        return found

    def _parts(self, request: CommitRequest) -> dict[int, CommitRequest]:
        """The request of each shard that it concerns, by the shard's number."""
        writes: dict[int, dict[bytes, bytes | None]] = {}
        deletes: dict[int, list[KeyRange]] = {}
        reads: dict[int, list[tuple[bytes, int]]] = {}
        ranges: dict[int, list[tuple[KeyRange, int]]] = {}
        for key, value in scattered(request.writes).items():
            writes.setdefault(self._owner(key), {})[key] = value
        runs: dict[int, list[Run]] = {}
        for run in runs_of(request.writes):
            for index, part in self._owners(KeyRange(*run.bounds())):
                inside = run.cut(*part)
                if inside is not None:
                    runs.setdefault(index, []).append(inside)
        for span in request.deletes:
            for index, part in self._owners(KeyRange(*span)):
                deletes.setdefault(index, []).append(part)
        for key, read_at in request.reads:
            reads.setdefault(self._owner(key), []).append((key, read_at))
        for span, read_at in request.read_ranges:
            for index, part in self._owners(KeyRange(*span)):
                ranges.setdefault(index, []).append((part, read_at))
        catalogs = set()
        if request.catalog_tau or request.changes_catalog:
            catalogs = {self._owner(database.to_bytes(4, "big")) for database in (0, request.database)}
        parts = {}
        for index in sorted({*writes, *runs, *deletes, *reads, *ranges, *catalogs}):
            mine = writes.get(index, {})
            cut = deletes.get(index, [])
            bases = {key: base for key, base in (request.bases or {}).items() if key in mine}
            marks = [
                [key for key in of if self._owner(key) == index] for of in (request.locked, request.kept)
            ]
            parts[index] = CommitRequest(
                request.base if mine or cut else _NEVER,
                BulkWrites(mine, runs[index]) if index in runs else mine,
                cut,
                bases or None,
                reads.get(index, ()),
                ranges.get(index, ()),
                request.catalog_tau if index in catalogs else 0,
                request.database,
                request.changes_catalog and index in catalogs,
                locked=marks[0],
                kept=marks[1],
            )
        return parts
