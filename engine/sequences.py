"""Sequences: outside transactions, never repeating, also after a crash.

The stored row of a sequence (row id 1 of its relation) is [last_value, log_cnt, is_called] and is
written RESERVE values ahead, as PostgreSQL logs SEQ_LOG_VALS ahead: after a crash the sequence
goes on behind the reserve. Nobody is answered before the reservation is durable
(`Transaction.waits`). A sequence that the running transaction itself has created or restarted has
a new storage number that nobody else knows: it is advanced in the transaction's own writes, at
once, and a savepoint does not take it back. A temporary one is advanced where the session keeps it.
"""

import functools
from asyncio import Future
from typing import TYPE_CHECKING, Any

import msgspec
from gaveldb.journal.api import CommitRequest
from gaveldb.storage.api import row_key

from .errors import SqlError
from .sqlstates import (
    NUMERIC_VALUE_OUT_OF_RANGE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
)

if TYPE_CHECKING:
    from .transaction import Transaction

RESERVE = 32
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_encode_database = functools.lru_cache(lambda oid: oid.to_bytes(4, "big"))


class SequenceState:
    """The in-memory state of a committed sequence; `remaining` values are reserved. `pending`: the newest
    reservation while it is not durable yet; whoever takes a value waits for it."""

    __slots__ = ("is_called", "last_value", "pending", "remaining")

    def __init__(self, last_value: int, is_called: bool) -> None:
        self.last_value = last_value
        self.is_called = is_called
        self.remaining = 0
        self.pending: Future[int] | None = None

    def settled(self, reservation: "Future[int]") -> None:
        """A reservation is durable, or has failed: then nothing is reserved."""
        failed = not reservation.cancelled() and reservation.exception() is not None
        if self.pending is reservation:
            self.pending = None
            if failed:
                self.remaining = 0


def initial_row(start: int) -> bytes:
    """The stored row of a fresh sequence."""
    return _pack([start, 0, False])


class Sequences:
    """All sequences of one database."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._states: dict[int, SequenceState] = {}

    def nextval(self, transaction: "Transaction", relid: int) -> int:
        """Advance; 2200H at the limit of a sequence without CYCLE."""
        row: Any = transaction.catalog.table("pg_sequence").get(relid)
        relation = transaction.catalog.relation(relid)
        storage_id = relation.storage_id
        key = row_key(storage_id, 1)
        local = _is_local(transaction, key)
        if local:
            last_value, _, is_called = _read_local(transaction, key)
            value = _next(row, relation.name, last_value, is_called)
            _write_local(transaction, key, _pack([value, 0, True]))
            return value
        state = self._state(transaction, storage_id, key)
        value = _next(row, relation.name, state.last_value, state.is_called)
        state.last_value = value
        state.is_called = True
        if state.remaining > 0:
            state.remaining -= 1
            pending = state.pending
            if pending is not None and transaction.waits[-1:] != [pending]:
                transaction.waits.append(pending)
        else:
            state.remaining = RESERVE
            reserved = value + row.seqincrement * RESERVE
            if row.seqincrement > 0:
                reserved = min(reserved, row.seqmax)
            else:
                reserved = max(reserved, row.seqmin)
            if reserved == value or row.seqcycle:
                state.remaining = 0
                reserved = value
            self._store(transaction, state, key, reserved, True)
        return value

    def setval(self, transaction: "Transaction", relid: int, value: int, is_called: bool) -> None:
        """Set the sequence's value, at once and for everybody."""
        row: Any = transaction.catalog.table("pg_sequence").get(relid)
        relation = transaction.catalog.relation(relid)
        if not row.seqmin <= value <= row.seqmax:
            raise SqlError(
                NUMERIC_VALUE_OUT_OF_RANGE,
                f'setval: value {value} is out of bounds for sequence "{relation.name}" '
                f"({row.seqmin}..{row.seqmax})",
            )
        key = row_key(relation.storage_id, 1)
        if _is_local(transaction, key):
            _write_local(transaction, key, _pack([value, 0, is_called]))
            return
        state = self._state(transaction, relation.storage_id, key)
        state.last_value = value
        state.is_called = is_called
        state.remaining = 0
        self._store(transaction, state, key, value, is_called)

    def read(self, transaction: "Transaction", relid: int) -> tuple[int, int, bool]:
        """(last_value, log_cnt, is_called) as SELECT * FROM sequence shows them."""
        relation = transaction.catalog.relation(relid)
        key = row_key(relation.storage_id, 1)
        if _is_local(transaction, key):
            return _read_local(transaction, key)
        state = self._state(transaction, relation.storage_id, key)
        return state.last_value, state.remaining, state.is_called

    def flush(self) -> dict[bytes, bytes]:
        """The exact values, for a clean shutdown."""
        prefix = _encode_database(self._database.oid)
        return {
            prefix + row_key(storage_id, 1): _pack([state.last_value, 0, state.is_called])
            for storage_id, state in self._states.items()
        }

    def _state(self, transaction: "Transaction", storage_id: int, key: bytes) -> SequenceState:
        state = self._states.get(storage_id)
        if state is None:
            stored = transaction.snapshot.get(key)
            if stored is None:
                raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, "sequence has no stored state")
            last_value, _, is_called = _unpack(stored)
            state = self._states[storage_id] = SequenceState(last_value, is_called)
        return state

    def _store(
        self, transaction: "Transaction", state: SequenceState, key: bytes, value: int, is_called: bool
    ) -> None:
        full_key = _encode_database(self._database.oid) + key
        engine = transaction.session.engine
        record = _pack([value, state.remaining, is_called])
        reservation = engine.commit(CommitRequest(engine.adjudicated_tau(), {full_key: record}))
        state.pending = reservation
        reservation.add_done_callback(state.settled)
        if reservation.done():  # refused at once: the disk is full
            state.settled(reservation)
            reservation.result()
        transaction.waits.append(reservation)


def _read_local(transaction: "Transaction", key: bytes) -> tuple[int, int, bool]:
    """(last_value, log_cnt, is_called) of a sequence that the transaction itself has written."""
    stored = transaction.get_latest(key)
    assert stored is not None
    last_value, log_cnt, is_called = _unpack(stored)
    return last_value, log_cnt, is_called


def _write_local(transaction: "Transaction", key: bytes, record: bytes) -> None:
    """Not as a part of the running command, which may be a query, or fail."""
    writes = transaction.written.get(key[:4])
    if key in transaction.pending:
        transaction.pending[key] = record
    elif writes is not None and key in writes.entries:
        writes.entries[key] = record
    else:
        transaction.session.temporary.apply({key: record})


def _is_local(transaction: "Transaction", key: bytes) -> bool:
    if key[0] & 0x80 or key in transaction.pending:
        return True
    writes = transaction.written.get(key[:4])
    return writes is not None and key in writes.entries


def _next(row: Any, name: str, last_value: int, is_called: bool) -> int:
    if not is_called:
        return last_value
    increment: int = row.seqincrement
    value = last_value + increment
    if increment > 0 and value > row.seqmax:
        if not row.seqcycle:
            raise SqlError(
                SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
                f'nextval: reached maximum value of sequence "{name}" ({row.seqmax})',
            )
        return int(row.seqmin)
    if increment < 0 and value < row.seqmin:
        if not row.seqcycle:
            raise SqlError(
                SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
                f'nextval: reached minimum value of sequence "{name}" ({row.seqmin})',
            )
        return int(row.seqmax)
    return value
