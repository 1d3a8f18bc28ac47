"""Two-phase commit: PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED (manual, PREPARE TRANSACTION).

A prepared transaction is a row of relation 2 of the shared environment: what it is called, what it has
written, and its locks. That row is committed as any other, so it is as durable as a commit; and it goes in
the same commit that brings the writes, or in one that brings nothing. Until then the transaction's locks
stay, in the name of a Prepared instead of a session; after a restart they are taken again from the row.
"""

import time
from collections.abc import Generator
from typing import Any

import msgspec
from gaveldb.journal.api import CommitRequest, Hold, KeyRange
from gaveldb.storage.api import SHARED_DATABASE, row_key

from .catalog.privileges import is_superuser
from .errors import SqlError
from .lockwait import AdvisoryKey, RelationKey, VirtualKey
from .rowlocks import RowLocks
from .sqlstates import (
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_PARAMETER_VALUE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    OUT_OF_MEMORY,
    UNDEFINED_OBJECT,
)
from .transaction import EPOCH_OFFSET_US, Transaction
from .writes import RelationWrites

RELATION = 2
GID_BYTES_MAX = 200
FIRST_NORMAL_RELATION = (16_384).to_bytes(4, "big")
_SHARED = SHARED_DATABASE.to_bytes(4, "big")
_LOW, _HIGH = row_key(RELATION, 0), row_key(RELATION + 1, 0)
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class Prepared:
    """A prepared transaction: the owner of its locks, where a session was before."""

    pid = 0

    def __init__(self, database: Any, gid: str, owner: int, prepared_at: int, number: int) -> None:
        self.database = database
        self.gid = gid
        self.owner = owner
        self.prepared_at = prepared_at  # microseconds since 2000
        self.number = number  # of its row
        self.writes: dict[bytes, bytes | None] = {}  # with database prefixes, as in CommitRequest
        self.deletes: list[KeyRange] = []
        self.transaction: Any = None  # what holds the locks
        self.busy = False  # COMMIT PREPARED or ROLLBACK PREPARED is under way

    @property
    def key(self) -> bytes:
        """Of its row."""
        return _SHARED + row_key(RELATION, self.number)

    def _catalog_keys(self) -> list[bytes]:
        return [key[4:] for key in self.writes if key[4:8] < FIRST_NORMAL_RELATION]

    def reserve(self) -> None:
        """Nobody may change the catalog rows that it is going to change."""
        self.database.reserved.update(self._catalog_keys())

    def release(self) -> None:
        """See reserve."""
        self.database.reserved.difference_update(self._catalog_keys())


class _Remains(RowLocks):
    """What is left of a Transaction after a restart: its writes, for those that wait for them, and locks."""

    def __init__(self, prepared: Prepared, xid: int) -> None:
        self.prepared = prepared
        self.database = prepared.database
        self.xid = xid
        self.serial = None
        self.holds = []
        self.has_holds = True
        self.used = set()
        self.strong = set()
        self.on_commit = []
        self.pending = {}
        self.written = {}

    def hold(self, mode: int) -> Hold:
        """See RowLocks; `holds` is not by mode here."""
        found = next((hold for hold in self.holds if hold is not None and hold.mode == mode), None)
        if found is None:
            found = Hold(self.prepared, mode)
            self.holds.append(found)
        return found

    def assigned_xid(self) -> int:
        """The transaction's number."""
        return self.xid


# --- PREPARE TRANSACTION ------------------------------------------------------------------------------


def prepare(session: Any, gid: str) -> Generator[Any, Any, None]:
    """PREPARE TRANSACTION, in a transaction block that has not failed."""
    engine, database, transaction = session.engine, session.database, session.transaction
    try:
        _check(session, gid)
        yield from session.commit_checks(transaction)
        _refuse(session)
        request = yield from transaction.commit_request_steps()
        prepared = Prepared(
            database, gid, session.role, time.time_ns() // 1000 - EPOCH_OFFSET_US, engine.new_oid()
        )
        if request is not None:
            prepared.writes, prepared.deletes = dict(request.writes), list(request.deletes)
        prepared.transaction = transaction
        row = _pack(_state(prepared, transaction))
        if session.faults is not None and request is not None:  # COMMIT PREPARED must not fail
            yield from session.faults.at_commit(request)
        reservation = engine.reservation()
        if reservation is not None:
            yield reservation
        engine.prepared[gid] = prepared
        session.committing = future = engine.commit(
            CommitRequest(
                request.base if request is not None else engine.adjudicated_tau(),
                {prepared.key: row},
                bases=None,
                reads=request.reads if request is not None else (),
                read_ranges=request.read_ranges if request is not None else (),
            )
        )
        yield future
        future.result()
    except BaseException as error:
        if engine.prepared.get(gid) is not None and engine.prepared[gid].transaction is transaction:
            del engine.prepared[gid]
        session._abort()
        raise engine.commit_error(error) from None
    _hand_over(session, transaction, prepared)


def _check(session: Any, gid: str) -> None:
    engine = session.engine
    if len(gid.encode()) >= GID_BYTES_MAX:
        raise SqlError(INVALID_PARAMETER_VALUE, f'transaction identifier "{gid}" is too long')
    limit = engine.max_prepared
    if not limit:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "prepared transactions are disabled",
            hint='Set "max_prepared_transactions" to a nonzero value.',
        )
    if gid in engine.prepared:
        raise SqlError(DUPLICATE_OBJECT, f'transaction identifier "{gid}" is already in use')
    if len(engine.prepared) >= limit:
        raise SqlError(
            OUT_OF_MEMORY,
            "maximum number of prepared transactions reached",
            hint=f'Increase "max_prepared_transactions" (currently {limit}).',
        )


def _refuse(session: Any) -> None:
    """0A000 for what cannot outlive its session."""
    transaction = session.transaction
    what = None
    if transaction.touches_temporary():
        what = "operated on temporary objects"
    elif transaction.notifications or transaction.listens:
        what = "executed LISTEN, UNLISTEN, or NOTIFY"
    elif any(
        portal.declared and portal.holdable and not portal.stored for portal in session.portals.values()
    ):
        what = "created a cursor WITH HOLD"
    if what is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"cannot PREPARE a transaction that has {what}")


def _state(prepared: Prepared, transaction: Transaction) -> list[Any]:
    """The row: all that a restart needs."""
    locks = [
        (hold.mode, [_packed_key(key) for key in hold.keys if not isinstance(key, VirtualKey)])
        for hold in transaction.holds
        if hold is not None and hold.keys
    ]
    noted = [(mode, [[0, oid]]) for locks in transaction.used for oid, mode in locks.locks]
    return [
        prepared.gid,
        prepared.owner,
        prepared.database.oid,
        prepared.database.name,
        prepared.prepared_at,
        transaction.assigned_xid(),
        list(prepared.writes.items()),
        [(low, high) for low, high in prepared.deletes],
        locks + noted,
        sorted(transaction.strong),
        transaction.serial.all_reads() if transaction.serial is not None else None,
    ]


def _packed_key(key: Any) -> Any:
    if isinstance(key, RelationKey):
        return [0, key.oid]
    if isinstance(key, AdvisoryKey):
        return [1, *key]
    return key


def _unpacked_key(stored: Any) -> Any:
    if type(stored) is bytes:
        return stored
    return RelationKey(stored[1]) if stored[0] == 0 else AdvisoryKey(*stored[1:])


def _hand_over(session: Any, transaction: Transaction, prepared: Prepared) -> None:
    """The session is free; the locks and what the Serializer knows stay."""
    for hold in transaction.holds:
        if hold is not None:
            hold.owner = prepared
    transaction.session = prepared
    prepared.reserve()
    session.transaction = None
    session.portals.clear()
    transaction.release()
    session.engine.blocks -= 1
    session.settings.commit()


# --- COMMIT PREPARED, ROLLBACK PREPARED ----------------------------------------------------------------


def finish(session: Any, gid: str, commit: bool) -> Generator[Any, Any, None]:
    """COMMIT PREPARED or ROLLBACK PREPARED."""
    engine = session.engine
    prepared = engine.prepared.get(gid)
    if prepared is None or prepared.busy:
        raise SqlError(UNDEFINED_OBJECT, f'prepared transaction with identifier "{gid}" does not exist')
    if session.role != prepared.owner and not is_superuser(session.current_catalog(), session.role):
        raise SqlError(
            INSUFFICIENT_PRIVILEGE,
            "permission denied to finish prepared transaction",
            hint="Must be superuser or the user that prepared the transaction.",
        )
    if prepared.database is not session.database:
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "prepared transaction belongs to another database",
            hint="Connect to the database where the transaction was prepared to finish it.",
        )
    prepared.busy = True
    try:
        writes: dict[bytes, bytes | None] = {**prepared.writes} if commit else {}
        writes[prepared.key] = None
        deletes = prepared.deletes if commit else ()
        session.committing = future = engine.commit(CommitRequest(engine.adjudicated_tau(), writes, deletes))
        yield future
        future.result()
    except BaseException as error:
        prepared.busy = False
        raise engine.commit_error(error) from None
    del engine.prepared[gid]
    prepared.release()
    transaction = prepared.transaction
    if commit:
        session.last_commit = future, time.time_ns() // 1000 - EPOCH_OFFSET_US
        for hook in transaction.on_commit:
            hook()
    if transaction.serial is not None:
        prepared.database.serializer.end(transaction.serial, commit)
    transaction.release_locks()


# --- restart --------------------------------------------------------------------------------------------


def restore(engine: Any, snapshot: Any) -> None:
    """The prepared transactions that the shared environment has, with their locks."""
    for key, value in snapshot.scan(_LOW, _HIGH):
        gid, owner, oid, name, prepared_at, xid, writes, deletes, locks, strong, serial = _unpack(
            bytes(value)
        )
        database = engine.database(oid, name)
        prepared = Prepared(database, gid, owner, prepared_at, int.from_bytes(bytes(key)[4:], "big"))
        prepared.writes = dict(writes)
        prepared.deletes = [KeyRange(low, high) for low, high in deletes]
        remains = _Remains(prepared, xid)
        for full in prepared.writes:
            if full.startswith(database.prefix):
                relation = full[4:8]
                remains.written.setdefault(relation, RelationWrites()).entries[full[4:]] = prepared.writes[
                    full
                ]
        for mode, keys in locks:
            hold = Hold(prepared, mode)
            remains.holds.append(hold)
            for stored in keys:
                database.locks.enter(hold, _unpacked_key(stored))
        for relation_oid in strong:
            remains.strong.add(relation_oid)
            database.strong[relation_oid] = database.strong.get(relation_oid, 0) + 1
        prepared.transaction = remains
        prepared.reserve()
        if serial is not None:
            remains.serial = database.serializer.restore(serial, [key[4:] for key in prepared.writes])
        engine.prepared[gid] = prepared


def rows(engine: Any) -> list[tuple[Any, ...]]:
    """pg_prepared_xacts."""
    return [
        (one.transaction.assigned_xid(), one.gid, one.prepared_at, one.owner, one.database.oid)
        for one in engine.prepared.values()
    ]
