"""One database: its newest Catalog, kept current from the crossbar, and its counters."""

import struct
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from gaveldb.journal.api import Batch, Commit, LockTable, Serializer, runs_of, scattered
from gaveldb.storage.api import ColumnStore, row_key

from .advisory import AdvisoryLocks
from .lockwait import DeadlockWatch
from .sequences import Sequences

FIRST_STORED_ROWID = 1 << 32
CATALOG_RELATION_LAST = 16_384  # relation numbers below are system catalogs
CATALOG_RELATION_FIRST = 500  # pg_default_acl is 826; relation 1 holds the engine's counters
_KEY = struct.Struct(">IIQ")


class SharedSnapshot:
    """A storage Snapshot that several transactions use at once: while nothing is committed, all of
    them see the same. It is closed when its last user has gone and it is no longer the current one."""

    __slots__ = (
        "chunks",
        "current",
        "get",
        "keys",
        "scan",
        "snapshot",
        "tau",
        "users",
        "value_chunks",
        "values",
    )

    def __init__(self, snapshot: Any) -> None:
        self.snapshot = snapshot
        self.tau: int = snapshot.tau
        self.get = snapshot.get
        self.scan = snapshot.scan
        self.chunks = snapshot.chunks
        self.keys = snapshot.keys
        self.values = snapshot.values
        self.value_chunks = snapshot.value_chunks
        self.users = 0
        self.current = True

    def close(self) -> None:
        """One user less."""
        self.users -= 1
        if not self.users and not self.current:
            self.snapshot.close()

    def retire(self) -> None:
        """Something was committed: nobody else gets this snapshot."""
        self.current = False
        if not self.users:
            self.snapshot.close()


class Database:
    """The state that all sessions of one database share."""

    def __init__(self, engine: Any, oid: int, name: str) -> None:
        self.engine = engine
        self.oid = oid
        self.prefix = oid.to_bytes(4, "big")  # of its keys in the journal
        self.name = name
        self.catalog: Any = None
        self.sequences = Sequences(self)
        self.storage = engine.storage
        self.locking = not engine.dsql  # Aurora DSQL has no locks
        self.locks = LockTable()
        self.deadlocks = DeadlockWatch()
        self.serializer = Serializer()
        self.reserved: set[bytes] = set()  # catalog rows that prepared transactions have changed
        self.strong: dict[int, int] = {}  # see relationlocks.py: relation -> how many transactions
        self.advisory = AdvisoryLocks(self)
        self.columns = ColumnStore()
        self.rowid_counters: dict[int, Callable[[], int]] = {}  # by relation number: the next row id
        self.moved: dict[bytes, None] = {}  # rows that have gone to other partitions
        self._current: SharedSnapshot | None = None
        self._settled: SharedSnapshot | None = None  # the newest durable state, if what followed is not
        self._boundary: SharedSnapshot | None = None  # what will be that when the sync under way ends
        self._catalog_rowid = FIRST_STORED_ROWID

    def load(self, shared_rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Read the stored catalog rows of this database; `shared_rows` are those of the shared one."""
        from .catalog.schema import Catalog

        snapshot = self.engine.storage.snapshot(self.oid)
        try:
            rows = list(catalog_rows(snapshot))
        finally:
            snapshot.close()
        self._catalog_rowid = max([rowid for _, rowid, _ in rows], default=FIRST_STORED_ROWID)
        self._catalog_rowid = max(self._catalog_rowid, FIRST_STORED_ROWID)
        self.catalog = Catalog.load(self.oid, rows, shared_rows)
        if self.engine.dsql:
            from .dsql.syscatalog import with_sys

            self.catalog = with_sys(self.catalog)

    def apply(self, batch: Batch, *, shared: bool) -> None:
        """The catalog changes of commits that the store has just applied."""
        changes: dict[int, dict[int, Any]] = {}
        for commit in batch.commits:
            for key, value in commit.writes.items():
                if len(key) != 16 or key[4] or key[5]:
                    continue
                _, relid, rowid = _KEY.unpack(key)
                if relid >= CATALOG_RELATION_LAST or relid < CATALOG_RELATION_FIRST:
                    continue
                table = self.catalog.table(relid)
                row = None if value is None or value == b"\xc0" or not value else table.unpack_row(value)
                changes.setdefault(relid, {})[rowid] = row
        if changes:
            self.catalog = self.catalog.evolve(changes)

    def forget_columns(self, commit: Commit, prefix: bytes) -> None:
        """Columns kept for scans that a commit has touched."""
        columns = self.columns
        tau = commit.tau
        for key in scattered(commit.writes):
            if key.startswith(prefix):
                columns.apply(tau, key[4:])
        for run in runs_of(commit.writes):
            if run.low.startswith(prefix):
                columns.apply_run(tau, run.low[4:], run.first, len(run.values))
        for low, high in commit.deletes:
            if low.startswith(prefix):
                columns.forget(low[4:], high[4:])

    def snapshot(self) -> SharedSnapshot:
        """A snapshot of the newest state; to be closed by its user."""
        current = self._current
        if current is None or current.tau != self.engine.storage.current_tau:
            if current is not None:
                current.retire()
            current = self._current = SharedSnapshot(self.engine.storage.snapshot(self.oid))
        current.users += 1
        return current

    def settled_snapshot(self) -> SharedSnapshot | None:
        """As `shared_snapshot`, but of the newest state that is durable; None if there is none: then what is
        read in the newest one may be told only when that is durable."""
        durable_tau = self.engine.committer.durable_tau
        if durable_tau >= self.storage.current_tau:
            return self.shared_snapshot()
        settled = self._settled
        return settled if settled is not None and settled.tau == durable_tau else None

    def keep_settled(self) -> None:
        """The next commit is applied before it is durable. If the state before it is durable, or will be when
        the sync under way ends, it is kept for those who only read."""
        current = self._current
        if current is None or current.tau != self.storage.current_tau:
            return
        committer = self.engine.committer
        if committer.durable_tau >= current.tau:
            if self._settled is None:
                self._settled = current
                current.users += 1
        elif committer.syncing_tau == current.tau and self._boundary is None:
            self._boundary = current
            current.users += 1

    def forget_settled(self) -> None:
        """At the end."""
        for snapshot in (self._settled, self._boundary):
            if snapshot is not None:
                snapshot.close()
        self._settled = self._boundary = None

    def renew_settled(self) -> None:
        """More is durable than before."""
        if self._settled is not None:
            self._settled.close()
            self._settled = None
        boundary = self._boundary
        if boundary is not None and boundary.tau <= self.engine.committer.durable_tau:
            self._boundary = None
            if boundary.tau < self.storage.current_tau:
                self._settled = boundary
            else:
                boundary.close()

    def shared_snapshot(self) -> SharedSnapshot:
        """As `snapshot`, for a user who is done before anything else runs, and does not close it."""
        current = self._current
        if current is None or current.tau != self.engine.storage.current_tau:
            current = self.snapshot()
            current.users -= 1
        return current

    def retire_snapshot(self) -> None:
        """After a commit, and at the end: let go of the snapshot kept for the next transaction."""
        if self._current is not None:
            self._current.retire()
            self._current = None

    def committed_since(self, key: bytes, tau: int) -> bool:
        """Whether anybody committed to a key of this database after `tau`, as far as that is known."""
        return bool(self.engine.committed_since(self.prefix + key, tau))

    def catalog_rowid(self) -> int:
        """A fresh row id for a stored catalog row."""
        self._catalog_rowid += 1
        return self._catalog_rowid

    def next_rowid(self, storage_id: int, transaction: Any) -> int:
        """A fresh row id; the first of a relation is found behind the last stored row."""
        counter = self.rowid_counters.get(storage_id)
        if counter is None:
            counter = count(self._last_rowid(storage_id, transaction) + 1).__next__
            self.rowid_counters[storage_id] = counter
        return counter()

    def rowids(self, storage_id: int, number: int, transaction: Any) -> range:
        """`number` fresh row ids."""
        first = self.next_rowid(storage_id, transaction)
        self.rowid_counters[storage_id] = count(first + number).__next__
        return range(first, first + number)

    def _last_rowid(self, storage_id: int, transaction: Any) -> int:
        # The newest state, not the transaction's snapshot: others may have inserted since.
        snapshot = self.engine.storage.snapshot(self.oid)
        try:
            for key, _ in snapshot.scan(row_key(storage_id, 0), row_key(storage_id + 1, 0), reverse=True):
                return int.from_bytes(key[4:], "big")
        finally:
            snapshot.close()
        return 0


def catalog_rows(snapshot: Any) -> Any:
    """(catalog relid, row id, stored row) of all stored catalog rows of an environment."""
    for key, value in snapshot.scan(row_key(CATALOG_RELATION_FIRST, 0), row_key(CATALOG_RELATION_LAST, 0)):
        yield int.from_bytes(key[:4], "big"), int.from_bytes(key[4:12], "big"), bytes(value)
