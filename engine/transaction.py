"""A transaction: one snapshot at a time, a set of writes, and at COMMIT one request to the journal room.

What holds:

1. Nothing is shared before COMMIT. Writes go to `pending` (the running command's), which the end of
   the command merges into `written`; reads see `written` over the snapshot, never `pending`, so a
   statement does not see its own effects. An error discards `pending`: statements are atomic.
2. Keys here are those inside an environment (storage/api.py); `commit_request` puts the database
   prefix in front. Catalog rows are rows: the catalog changes of a transaction are ordinary writes
   and, beside that, an evolved Catalog value that only this transaction sees.
3. Each written key carries the tau since which nobody may have committed it, or the adjudicator
   refuses: that of the command's end, since locks are held from before (engine/rowlocks.py); of
   catalog rows, and without locks (engine/optimistic.py), that of the snapshot. Without locks foreign
   keys and the catalog rows of the relations written are validated reads.
4. Relations numbered from TEMPORARY_FIRST on live in the session's memory: same layers, never
   journaled.
5. A savepoint is a mark in the undo list of `written` and a saved Catalog.
"""

import time
from asyncio import Future
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Any

from gaveldb.journal.api import MODES, BulkWrites, CommitRequest, KeyRange, Member, Run
from gaveldb.storage.api import SHARED_DATABASE

from .catalog.inheritance import ancestors, is_detaching
from .errors import SqlError
from .rowlocks import RowLocks, concurrent_update
from .serializable import make_serializable, note_read, note_scan, note_writes
from .sqlstates import ACTIVE_SQL_TRANSACTION, READ_ONLY_SQL_TRANSACTION, S_E_INVALID_SPECIFICATION
from .writes import Load, LoadedWrites, RelationWrites, spread

if TYPE_CHECKING:
    from .catalog.api import Catalog
    from .ending import TransactionEnd

TEMPORARY_FIRST = 0x8000_0000
SHARED_ROWID_FIRST = 1 << 40
BULK_MIN = 1000
SLICE_ENTRIES = 10_000

_U32 = Struct(">I")
_ROW_KEY = Struct(">IQ")
_FIRST_FOUR = itemgetter(slice(0, 4))
_MISSING = object()
EPOCH_OFFSET_US = 946_684_800_000_000  # 1970 to 2000


def definition_key(catalog: "Catalog", relid: int) -> bytes | None:
    """The key of a relation's pg_class row; None for one that only this session has."""
    table = catalog.pg_class
    row = table.get(relid)
    rowid = table.rowid(row) if row is not None else 1 << 62
    return _ROW_KEY.pack(1259, rowid) if rowid < 1 << 62 else None


class Savepoint:
    """What ROLLBACK TO needs to know."""

    __slots__ = (
        "catalog_state",
        "deferred",
        "locks",
        "name",
        "notifications",
        "portals",
        "range_deletes",
        "read_only",
        "settings",
        "undo_length",
    )

    def __init__(
        self,
        name: str,
        undo_length: int,
        catalog_state: Any,
        range_deletes: int,
        notifications: int,
        settings: Any,
        deferred: int,
    ) -> None:
        self.name = name
        self.undo_length = undo_length
        self.catalog_state = catalog_state
        self.range_deletes = range_deletes
        self.notifications = notifications
        self.settings = settings
        self.deferred = deferred
        self.read_only = False  # whether the transaction was then
        self.portals: frozenset[Any] = frozenset()  # open when it was made
        self.locks: list[int] = []  # how many locks the transaction held, by mode


NO_MARKS: set[bytes] = set()  # as in CommitRequest; only where there are no locks there are any


class Transaction(RowLocks):
    """One transaction of one session. `explicit`: between BEGIN and COMMIT."""

    sent: "Future[int] | None" = None  # what became of its commit request
    continues = False  # its command has committed a transaction before, and cannot be run again

    def __init__(self, session: "TransactionEnd", explicit: bool) -> None:
        self.session = session
        self.database = session.database
        self.explicit = explicit
        self.isolation = "read committed"
        self.uncommitted = False  # it is called READ UNCOMMITTED
        self.read_only = False
        self.deferrable = False
        self.locked = self.kept = NO_MARKS
        self.locking = self.database.locking
        now = time.time_ns() // 1000 - EPOCH_OFFSET_US
        self.transaction_timestamp = now
        self.statement_timestamp = now
        self.snapshot: Any = None
        self.written: dict[bytes, RelationWrites] = {}
        self.pending: dict[bytes, bytes | None] = {}
        self.loading: list[tuple[dict[bytes, bytes | None], bytes, Load]] = []  # beside which pending
        self.shared_writes: dict[bytes, bytes | None] = {}
        self.raw_writes: dict[bytes, bytes] = {}  # with their database prefix: storage's own commands
        self.base = 0
        self.bases: dict[bytes, int] = {}
        self.reads: dict[bytes, int] = {}
        self.read_ranges: list[tuple[KeyRange, int]] = []
        self.range_deletes: list[tuple[bytes, bytes]] = []
        self.fresh: set[bytes] = set()  # what the keys of relations begin with that it has made
        self.retained: list[Any] = []  # snapshots that open cursors go on reading
        self.undo: list[tuple[bytes, bytes, Any]] | None = None
        self.savepoints: list[Savepoint] = []
        self.waits: list[Future[Any]] = []
        self.notifications: list[tuple[str, str]] = []
        self.deferred: list[tuple[Any, Callable[..., Any]]] = []  # (constraint oid, check)
        self.constraint_modes: dict[int, bool] = {}  # SET CONSTRAINTS: constraint oid (0: all) -> deferred
        self.on_commit: list[Callable[[], None]] = []
        self.on_abort: list[Callable[[], None]] = []
        self.has_writes = False
        self.has_statements = False
        self.holds = [None] * len(MODES)
        self.has_holds = False
        self.used = set()
        self.strong = set()
        self.serial: Member | None = None  # see serializable.py
        self.listens = False  # it has executed LISTEN or UNLISTEN
        self.last_key_tau = 0
        self.commands = 0  # that have written
        self.seen_tau = 0  # of the newest state that was looked at besides the snapshot
        self.xid = 0
        self._catalog: Any = None
        self._catalog_changes: dict[int, dict[int, Any]] = {}
        self._catalog_base: Any = None  # the shared Catalog that _catalog was evolved from
        self._history: list[dict[int, dict[int, Any]]] = []  # all catalog changes, oldest first

    # --- snapshots ----------------------------------------------------------------------------

    def take_snapshot(self) -> None:
        """Make sure that there is a snapshot for the next command; READ COMMITTED: a new one."""
        snapshot = self.snapshot
        if snapshot is not None:
            if self.isolation != "read committed" or snapshot.tau == self.session.engine.applied_tau(
                self.database.oid
            ):
                return
            self.session.drain_portals()
            if self.session.portals and self.session.has_locking_portals():
                self.retained.append(snapshot)
            else:
                snapshot.close()
        self.snapshot = self.database.snapshot()
        if self.isolation == "serializable" and self.serial is None and self.locking:
            make_serializable(self)
        shared = self.session.current_catalog()
        if shared is not self._catalog_base:
            self._catalog_base = shared
            catalog = shared
            for changes in self._history:
                catalog = catalog.evolve(changes)
            self._catalog = catalog

    def renew_catalog(self) -> None:
        """The newest catalogs, whatever the snapshot: after a wait for a lock on a relation."""
        self.take_snapshot()
        shared = self.session.current_catalog()
        if shared is not self._catalog_base:
            self._catalog_base = shared
            catalog = shared
            for changes in self._history:
                catalog = catalog.evolve(changes)
            self._catalog = catalog

    def renew_snapshot(self) -> None:
        """For checks in the middle of a command: READ COMMITTED sees what has been committed by now."""
        if self.isolation == "read committed" and self.locking:
            self.take_snapshot()

    def forget_snapshot(self) -> None:
        """The command was no query (SET, LOCK TABLE, SAVEPOINT): if there has been none yet, the snapshot of
        the transaction is still to be taken."""
        if self.isolation == "read committed" or self.has_statements or self.has_writes:
            return
        if self.serial is not None:
            self.database.serializer.end(self.serial, False)
            self.serial = None
        self.release()

    def release(self) -> None:
        """Give the snapshot back."""
        if self.snapshot is not None:
            self.snapshot.close()
            self.snapshot = None
            while self.retained:
                self.retained.pop().close()

    # --- reading ------------------------------------------------------------------------------

    def get(self, key: bytes) -> bytes | None:
        """The value of `key` as this command sees it."""
        if self.serial is not None:
            note_read(self, self.serial, key)
        if self.written:
            writes = self.written.get(key[:4])
            if writes is not None:
                value = writes.entries.get(key, _MISSING)
                if value is not _MISSING:
                    return value  # type: ignore[return-value]
        if key[0] & 0x80:
            return self.session.temporary.get(key)
        return self.snapshot.get(key)

    def get_latest(self, key: bytes) -> bytes | None:
        """As `get`, but the running command's own writes are seen too (unique checks)."""
        value = self.pending.get(key, _MISSING)
        if value is not _MISSING:
            return value  # type: ignore[return-value]
        return self.get(key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Entries with low <= key < high, which lie in one relation, as this command sees them."""
        if self.serial is not None:
            note_scan(self, self.serial, low, high)
        base = self.session.temporary if low[0] & 0x80 else self.snapshot
        writes = self.written.get(low[:4]) if self.written else None
        if writes is None:
            return base.scan(low, high, reverse=reverse)
        keys = writes.keys_between(low, high)
        if not keys:
            return base.scan(low, high, reverse=reverse)
        return _merge(base.scan(low, high, reverse=reverse), keys, writes.entries, reverse)

    def scan_latest(self, low: bytes, high: bytes) -> Iterator[tuple[bytes, bytes]]:
        """As `scan`, but the running command's own writes are seen too (constraint checks)."""
        pending = self.pending
        keys = sorted(key for key in pending if low <= key < high) if pending else None
        if not keys:
            return self.scan(low, high)
        return _merge(self.scan(low, high), keys, pending, False)

    def last_key(self, prefix: bytes, known: bytes | None) -> bytes:
        """No key that begins with the prefix is greater in the newest state, except for those of the running
        command. `known`: what was the answer before, in this command."""
        end = (int.from_bytes(prefix, "big") + 1).to_bytes(4, "big")
        if prefix[0] & 0x80 or prefix in self.written:
            return end
        if not self.locking:
            snapshot = self.snapshot
        elif known is not None and self.last_key_tau == self.database.storage.current_tau:
            return known
        else:
            snapshot = self.database.shared_snapshot()
            self.last_key_tau = snapshot.tau
        for key, _ in snapshot.scan(prefix, end, reverse=True):
            return bytes(key)
        return prefix

    def plain_snapshot(self, low: bytes) -> Any | None:
        """The Snapshot itself if this transaction has written nothing to low's relation (faster
        bulk scans), else None; None if it is to be told what is read."""
        if self.serial is not None or low[0] & 0x80 or (self.written and low[:4] in self.written):
            return None
        return self.snapshot

    def column_chunks(self, relation: Any, positions: Sequence[int], missing: Sequence[Any]) -> Any:
        """Columns kept in memory (storage/columnar.py), or None: read the rows."""
        if self._history or self._catalog_changes:
            return None  # what short rows lack is not settled before the new definition is committed
        storage_id = relation.storage_id
        snapshot = self.plain_snapshot(storage_id.to_bytes(4, "big"))
        if snapshot is None:
            return None
        database = self.database
        return database.columns.chunks(
            snapshot, self.session.engine.storage.current_tau, storage_id, positions, missing
        )

    # --- writing ------------------------------------------------------------------------------

    def put(self, key: bytes, value: bytes) -> None:
        """Write in the running command."""
        self.pending[key] = value

    def load_rows(self, prefix: bytes, first: int, values: list[bytes]) -> None:
        """Write rows with fresh, consecutive row ids in the running command, which will not ask for them."""
        if not self.locking or self.serial is not None or self.undo is not None or prefix[0] & 0x80:
            self.pending.update(spread(prefix, first, values))
            return
        if self.loading:
            pending, before, load = self.loading[-1]
            if pending is self.pending and before == prefix and load.first + len(load.values) == first:
                load.values.extend(values)
                return
        self.loading.append((self.pending, prefix, Load(first, values)))

    def delete(self, key: bytes) -> None:
        """Delete in the running command."""
        self.pending[key] = None

    def delete_range(self, low: bytes, high: bytes) -> None:
        """Everything in the range goes at COMMIT; the caller stops using it (a relation that is
        dropped or has got a new storage number)."""
        self.range_deletes.append((low, high))
        self.has_writes = True

    def add_raw_write(self, key: bytes, value: bytes) -> None:
        """A write with its database prefix that goes into the commit as it is (CREATE DATABASE)."""
        self.raw_writes[key] = value
        self.has_writes = True

    def next_rowid(self, storage_id: int) -> int:
        """A fresh row id of the relation; never given twice."""
        counter = self.database.rowid_counters.get(storage_id)
        if counter is not None:
            return counter()
        if storage_id & 0x8000_0000:
            return self.session.temporary.next_rowid(storage_id)
        return self.database.next_rowid(storage_id, self)

    def rowids(self, storage_id: int, count: int) -> range:
        """`count` fresh row ids."""
        if storage_id & 0x8000_0000:
            return self.session.temporary.rowids(storage_id, count)
        return self.database.rowids(storage_id, count, self)

    def forbid_if_read_only(self, command: str) -> None:
        """25006 in a READ ONLY transaction."""
        if self.read_only:
            raise SqlError(READ_ONLY_SQL_TRANSACTION, f"cannot execute {command} in a read-only transaction")

    def allow_read_only(self, read_only: bool) -> None:
        """25001 if READ ONLY may no longer be taken back."""
        if self.read_only and not read_only:
            if self.savepoints:
                raise SqlError(
                    ACTIVE_SQL_TRANSACTION,
                    "cannot set transaction read-write mode inside a read-only transaction",
                )
            if self.has_statements:
                raise SqlError(
                    ACTIVE_SQL_TRANSACTION, "transaction read-write mode must be set before any query"
                )

    def validate_read(self, key: bytes) -> None:
        """COMMIT fails with 40001 if somebody commits to `key` after this command's snapshot."""
        if not key[0] & 0x80:
            self.reads.setdefault(key, self.snapshot.tau)

    def validate_range(self, low: bytes, high: bytes) -> None:
        """As validate_read for all keys of a range."""
        if not low[0] & 0x80:
            self.read_ranges.append((KeyRange(low, high), self.snapshot.tau))

    def uses_row(self, key: bytes) -> None:
        """A relation that this transaction writes must not change its definition meanwhile: `key` is that
        of its pg_class row. Where there are locks, that of the relation sees to it."""
        if not self.locking and key not in self.reads:
            self.reads[key] = self.snapshot.tau

    def uses_relation(self, relid: int) -> None:
        """As uses_row, by the relation's oid."""
        key = definition_key(self.catalog, relid)
        if key is not None:
            self.uses_row(key)

    def end_command(self) -> None:
        """Merge the command's writes: later commands see them."""
        if self.serial is not None:
            note_writes(self, self.serial, self.pending)
        pending = self.pending
        if not pending and not self.loading:
            return
        if self.session.portals:
            self.session.drain_portals()
        self.has_writes = True
        self.commands += 1
        if self.locking and not self._history and not self._catalog_changes:
            tau = self.database.storage.current_tau  # nobody has written these keys since they were locked
        else:
            tau = self.snapshot.tau if self.snapshot is not None else 0
        if self.loading:
            self._end_loading(tau)
        if not self.base:
            self.base = tau
        elif tau != self.base:
            self._note_bases(pending, tau)
        written = self.written
        undo = self.undo
        self.pending = {}
        if undo is None and len(pending) >= BULK_MIN:
            relations = set(map(_FIRST_FOUR, pending))
            if len(relations) <= 3:
                self._merge_bulk(pending, relations)
                return
        for key, value in pending.items():
            relation = key[:4]
            writes = written.get(relation)
            if writes is None:
                writes = written[relation] = RelationWrites()
            entries = writes.entries
            if undo is not None:
                undo.append((relation, key, entries.get(key, _MISSING)))
            if writes.ordered is not None and key not in entries:
                writes.ordered = None
            entries[key] = value

    def _end_loading(self, tau: int) -> None:
        """What the running command has loaded; short loads are like other writes. A command around this one
        may have loaded, too: with a `pending` of its own."""
        loading, self.loading = self.loading, []
        for item in loading:
            pending, prefix, load = item
            if pending is not self.pending:
                self.loading.append(item)
            elif len(load.values) < BULK_MIN or self.undo is not None:
                pending.update(spread(prefix, load.first, load.values))
            else:
                writes = self.written.get(prefix)
                if not isinstance(writes, LoadedWrites):
                    writes = self.written[prefix] = LoadedWrites(prefix, writes)
                writes.loads.append(load._replace(base=tau))
                writes.ordered = None

    def _note_bases(self, pending: dict[bytes, bytes | None], tau: int) -> None:
        """The keys of this command have another base than those of the first one."""
        fresh = self.fresh
        if fresh and len(pending) >= BULK_MIN and fresh.issuperset(map(_FIRST_FOUR, pending)):
            return
        bases = self.bases
        for key in pending:
            if key not in bases and key[:4] not in fresh and not self._has_written(key):
                bases[key] = tau

    def _merge_bulk(self, pending: dict[bytes, bytes | None], relations: set[bytes]) -> None:
        """As the end of end_command: relation by relation."""
        for relation in relations:
            part = pending
            if len(relations) > 1:
                part = {key: value for key, value in pending.items() if key.startswith(relation)}
            writes = self.written.get(relation)
            if writes is None:
                writes = self.written[relation] = RelationWrites()
                writes.entries = part
            else:
                writes.entries.update(part)
                writes.ordered = None

    def abort_command(self) -> None:
        """Forget the command's writes."""
        if self.loading:
            self.loading = [item for item in self.loading if item[0] is not self.pending]
        self.pending = {}
        if self._catalog_changes:
            self._catalog_changes = {}

    def assigned_xid(self) -> int:
        """The transaction's number, given when somebody first asks for it."""
        if not self.xid:
            self.xid = self.session.engine.next_xid()
        return self.xid

    def _has_written(self, key: bytes) -> bool:
        writes = self.written.get(key[:4])
        return writes is not None and key in writes.entries

    # --- catalogs -----------------------------------------------------------------------------

    @property
    def catalog(self) -> "Catalog":
        """The catalogs as this transaction sees them, its own changes included."""
        if self._catalog_changes:
            changes, self._catalog_changes = self._catalog_changes, {}
            self._history.append(changes)
            self._catalog = self._catalog.evolve(changes)
        return self._catalog

    @property
    def base_catalog(self) -> "Catalog":
        """The catalogs without the latest changes: for row shapes only, cheaper than `catalog`."""
        return self._catalog

    def detached_since(self, oid: int) -> bool:
        """Whether a partition, or one above it, has been detached, be it for the first half only, since the
        catalogs of this transaction."""
        newest, mine = self.session.current_catalog(), self._catalog_base
        if newest is mine:
            return False
        return any(
            not newest.pg_inherits.find("inhrelid", below) or is_detaching(newest, below)
            for below in (oid, *ancestors(mine, oid))
            if mine.pg_inherits.find("inhrelid", below)
        )

    def changed_catalog(self) -> bool:
        """Whether this transaction has catalog changes of its own."""
        return bool(self._history or self._catalog_changes)

    def catalog_insert(self, table: str, row: Any, *, temporary: bool = False) -> int:
        """Insert a row into a system catalog; returns its row id. `temporary`: it belongs to a
        temporary object and stays in this session."""
        relid = self._catalog.table(table).relid
        if temporary:
            rowid = self.session.temporary_catalog_rowid()
        elif self._catalog.table(table).shared:
            rowid = SHARED_ROWID_FIRST + self.new_oid()  # databases count their own rows only
        else:
            rowid = self.database.catalog_rowid()
        self._catalog_write(table, relid, rowid, row)
        return rowid

    def catalog_update(self, table: str, old: Any, new: Any) -> None:
        """Replace a row of a system catalog."""
        catalog_table = self.catalog.table(table)
        self._catalog_write(table, catalog_table.relid, catalog_table.rowid(old), new)

    def catalog_touch(self, table: str, row: Any) -> None:
        """Write a row as it is: transactions that use it concurrently conflict with this one."""
        self.catalog_update(table, row, row)

    def catalog_delete(self, table: str, row: Any) -> None:
        """Delete a row of a system catalog."""
        catalog_table = self.catalog.table(table)
        self._catalog_write(table, catalog_table.relid, catalog_table.rowid(row), None)

    def _catalog_write(self, table: str, relid: int, rowid: int, row: Any) -> None:
        catalog_table = self._catalog.table(table)
        self._catalog_changes.setdefault(relid, {})[rowid] = row
        value = None if row is None else catalog_table.pack_row(row)
        if row is None and rowid < 1 << 32:
            value = b"\xc0"  # a built-in row is hidden by a stored nil
        key = _ROW_KEY.pack(relid, rowid)
        if key in self.database.reserved:
            raise concurrent_update()
        self.has_writes = True
        if rowid >= 1 << 62:
            return  # of this session only; kept in _history
        if catalog_table.shared:
            self.shared_writes[key] = value
        else:
            self.pending[key] = value

    def new_oid(self) -> int:
        """A fresh oid for a catalog row."""
        return self.session.engine.new_oid()

    def new_storage_id(self, temporary: bool = False, kind: str = "") -> int:
        """A fresh relation number for keys. `kind`: pg_class.relkind; others than tables and indexes may be
        written by other transactions, too, before this one commits."""
        oid = self.new_oid()
        if temporary:
            return oid | TEMPORARY_FIRST
        if kind and kind in "rmi":
            self.fresh.add(oid.to_bytes(4, "big"))
        return oid

    # --- savepoints ---------------------------------------------------------------------------

    def savepoint(self, name: str) -> None:
        """SAVEPOINT name."""
        if self.undo is None:
            self.undo = []
        _ = self.catalog
        state = (self._catalog, self._catalog_base, len(self._history), dict(self.shared_writes))
        self.savepoints.append(
            Savepoint(
                name,
                len(self.undo),
                state,
                len(self.range_deletes),
                len(self.notifications),
                self.session.settings.mark(),
                len(self.deferred),
            )
        )
        self.savepoints[-1].read_only = self.read_only

    def _find_savepoint(self, name: str) -> int:
        for index in range(len(self.savepoints) - 1, -1, -1):
            if self.savepoints[index].name == name:
                return index
        raise SqlError(S_E_INVALID_SPECIFICATION, f'savepoint "{name}" does not exist')

    def release_savepoint(self, name: str) -> None:
        """RELEASE SAVEPOINT name."""
        index = self._find_savepoint(name)
        self.read_only = self.savepoints[index].read_only
        del self.savepoints[index:]
        if not self.savepoints:
            self.undo = None

    def rollback_to(self, name: str) -> None:
        """ROLLBACK TO SAVEPOINT name; the savepoint stays."""
        index = self._find_savepoint(name)
        point = self.savepoints[index]
        self.read_only = point.read_only
        del self.savepoints[index + 1 :]
        self.abort_command()
        undo = self.undo
        assert undo is not None
        written = self.written
        while len(undo) > point.undo_length:
            relation, key, old = undo.pop()
            writes = written[relation]
            if old is _MISSING:
                del writes.entries[key]
                writes.ordered = None
            else:
                writes.entries[key] = old
        catalog, base, history, shared_writes = point.catalog_state
        del self._history[history:]
        if base is self._catalog_base:
            self._catalog = catalog
        else:
            catalog = self._catalog_base
            for changes in self._history:
                catalog = catalog.evolve(changes)
            self._catalog = catalog
        self._catalog_changes = {}
        self.shared_writes = dict(shared_writes)
        del self.range_deletes[point.range_deletes :]
        del self.notifications[point.notifications :]
        del self.deferred[point.deferred :]
        self.session.settings.rollback_to(point.settings)

    # --- the end ------------------------------------------------------------------------------

    def is_large(self) -> bool:
        """Whether making the request of COMMIT at once would keep others waiting."""
        return sum([writes.count() for writes in self.written.values()]) > SLICE_ENTRIES

    def commit_request(self) -> CommitRequest | None:
        """What goes to the adjudicator, or None if nothing has to be journaled."""
        prefix = self.database.prefix
        gone = self._gone()
        writes: dict[bytes, bytes | None] = {}
        for relation, relation_writes in self.written.items():
            if not relation[0] & 0x80 and relation not in gone:
                for key, value in relation_writes.entries.items():
                    writes[prefix + key] = value
        return self._request(writes)

    def commit_request_steps(self) -> Generator[None, None, CommitRequest | None]:
        """As commit_request; yields when others should have a turn."""
        prefix = self.database.prefix
        gone = self._gone()
        writes: dict[bytes, bytes | None] = {}
        runs: list[Run] = []
        for relation, relation_writes in self.written.items():
            if relation[0] & 0x80 or relation in gone:
                continue
            for load in relation_writes.loads:
                base = None if relation in self.fresh else load.base
                runs.append(Run(prefix + relation, load.first, load.values, base))
            entries = relation_writes.apart()
            keys = map(prefix.__add__, entries)
            items = zip(keys, entries.values(), strict=True)
            before = -1
            while before < len(writes):
                before = len(writes)
                writes.update(islice(items, SLICE_ENTRIES))
                if len(writes) == before + SLICE_ENTRIES:
                    yield
        return self._request(writes, runs)

    def _gone(self) -> Collection[bytes]:
        """Relations made and dropped (or given fresh storage) in this transaction leave nothing behind."""
        return {low for low, high in self.range_deletes if len(low) == 4} if self.range_deletes else ()

    def _request(self, writes: dict[bytes, bytes | None], runs: Sequence[Run] = ()) -> CommitRequest | None:
        prefix = self.database.prefix
        checked = None
        if self.fresh:
            gone = self._gone()
            checked = [
                prefix + key
                for relation, of_relation in self.written.items()
                if not relation[0] & 0x80 and relation not in gone and relation not in self.fresh
                for key in of_relation.apart()
            ]
        if self.shared_writes:
            shared = _U32.pack(SHARED_DATABASE)
            for key, value in self.shared_writes.items():
                writes[shared + key] = value
                if checked is not None:
                    checked.append(shared + key)
        if self.raw_writes:
            writes.update(self.raw_writes)
            if checked is not None:
                checked.extend(self.raw_writes)
        deletes: Sequence[KeyRange] = ()
        if self.range_deletes:
            deletes = [
                KeyRange(prefix + low, prefix + high) for low, high in self.range_deletes if not low[0] & 0x80
            ]
        if not writes and not deletes and not runs and not (self.locked or self.kept):
            return None
        tau = self.base or (self.snapshot.tau if self.snapshot is not None else 0)
        bases = {prefix + key: at for key, at in self.bases.items()} if self.bases else None
        reads: Sequence[tuple[bytes, int]] = ()
        if self.reads:
            reads = [(prefix + key, at) for key, at in self.reads.items()]
        ranges: Sequence[tuple[KeyRange, int]] = ()
        if self.read_ranges:
            ranges = [(KeyRange(prefix + span.low, prefix + span.high), at) for span, at in self.read_ranges]
        single = not (self.shared_writes or self.raw_writes)
        all_writes = BulkWrites(writes, list(runs)) if runs else writes
        request = CommitRequest(
            tau, all_writes, deletes, bases, reads, ranges, checked=checked, single=single
        )
        if self.locked or self.kept:
            request = request._replace(
                locked=[prefix + key for key in self.locked], kept=[prefix + key for key in self.kept]
            )
        return request

    def touches_temporary(self) -> bool:
        """Whether it has written to temporary relations, or made or changed some."""
        return any(relation[0] & 0x80 for relation in self.written) or any(
            rowid >= 1 << 62 for changes in self._history for rows in changes.values() for rowid in rows
        )

    def apply_temporary(self) -> None:
        """After COMMIT: temporary relations and their catalog rows become the session's."""
        for relation, writes in self.written.items():
            if relation[0] & 0x80:
                self.session.temporary.apply(writes.entries)
        for low, high in self.range_deletes:
            if low[0] & 0x80:
                self.session.temporary.delete_range(low, high)
        local: dict[int, dict[int, Any]] = {}
        for changes in (*self._history, self._catalog_changes):
            for relid, rows in changes.items():
                for rowid, row in rows.items():
                    if rowid >= 1 << 62:
                        local.setdefault(relid, {})[rowid] = row
        if local:
            self.session.merge_temporary_catalog(local)


def _merge(
    base: Iterator[tuple[bytes, bytes]], keys: list[bytes], entries: dict[bytes, bytes | None], reverse: bool
) -> Iterator[tuple[bytes, bytes]]:
    """The base scan with the written keys laid over it; both in key order."""
    if reverse:
        keys = keys[::-1]
    snapshot = [(key, entries[key]) for key in keys]  # later commands may write on
    index = 0
    count = len(snapshot)
    written_key, written_value = snapshot[0]
    for item in base:
        key = item[0]
        while index < count and (written_key > key if reverse else written_key < key):
            if written_value is not None:
                yield written_key, written_value
            index += 1
            if index < count:
                written_key, written_value = snapshot[index]
        if index < count and written_key == key:
            if written_value is not None:
                yield written_key, written_value
            index += 1
            if index < count:
                written_key, written_value = snapshot[index]
            continue
        yield item
    while index < count:
        written_key, written_value = snapshot[index]
        if written_value is not None:
            yield written_key, written_value
        index += 1
