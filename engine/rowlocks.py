"""Row locks of a Transaction (manual sections 13.2 and 13.3.2), on the lock table of its database.

1. Whoever changes, deletes or locks a row holds its lock (the row's key) to the end of the transaction, and
   whoever inserts a unique index entry the entry's. So a commit conflicts with nobody, and READ COMMITTED
   never sees 40001; the adjudicator would find it if a lock had been forgotten.
2. A lock is given back when its transaction's writes are applied, which may be before they are durable. So
   whoever gets a lock finds in the newest state of the store what the last holder has left (`newest`),
   and is not told that it is committed before all it has seen is durable (ending.py).
3. What was locked may have changed since the snapshot. READ COMMITTED goes on with the newest version of
   the row, which the plan checks again (engine/compile/lock.py); above that level it is 40001.
"""

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import msgspec
from gaveldb.journal.api import KEY_SHARE, NO_KEY_UPDATE, SHARE, UPDATE, Hold, Member

from .errors import SqlError
from .lockwait import StatementRestart, WouldBlock, lock, lock_steps, wait_for, wait_steps
from .run.strand import on_stack
from .serializable import note_writes
from .sqlstates import LOCK_NOT_AVAILABLE, T_R_SERIALIZATION_FAILURE

if TYPE_CHECKING:
    from .database import Database

STRENGTHS = {"keyshare": KEY_SHARE, "share": SHARE, "nokeyupdate": NO_KEY_UPDATE, "update": UPDATE}
MOVED_ROWS_MAX = 100_000  # more are not remembered: rows moved long ago count as deleted
GONE = False  # lock_row: the row is not there any more, or is to be skipped
_MISSING = object()
_decode = msgspec.msgpack.Decoder().decode


def concurrent_update(what: str = "update") -> SqlError:
    """40001 of a transaction whose snapshot is older than what it wants to change."""
    return SqlError(T_R_SERIALIZATION_FAILURE, f"could not serialize access due to concurrent {what}")


def moved_row() -> SqlError:
    """40001 of a row that has gone to another partition: it cannot be followed there."""
    return SqlError(
        T_R_SERIALIZATION_FAILURE,
        "tuple to be locked was already moved to another partition due to concurrent update",
    )


class RowLocks:
    """What a Transaction does with rows that others may have locked."""

    session: Any
    database: "Database"
    isolation: str
    serial: Member | None
    snapshot: Any
    written: dict[bytes, Any]
    pending: dict[bytes, bytes | None]
    holds: list[Hold | None]  # by mode, made when they are needed
    has_holds: bool
    on_commit: list[Any]
    seen_tau: int
    used: set[Any]  # RelationLocks that are only noted, see relationlocks.py
    strong: set[int]  # the relations that this transaction has entered into Database.strong

    def hold(self, mode: int) -> Hold:
        """What this transaction holds in a mode: rows, relations, advisory locks."""
        found = self.holds[mode]
        if found is None:
            self.has_holds = True
            found = self.holds[mode] = Hold(self.session, mode)
        return found

    def release_locks(self) -> None:
        """The transaction has ended."""
        if self.used:
            self.used.clear()
        if self.strong:
            strong = self.database.strong
            for oid in self.strong:
                strong[oid] -= 1
                if not strong[oid]:
                    del strong[oid]
            self.strong.clear()
        if self.has_holds:
            release = self.database.locks.release
            for hold in self.holds:
                if hold is not None and hold.keys:
                    release(hold)

    def lock_marks(self) -> list[int]:
        """How many locks there are by mode, for a savepoint."""
        return [len(hold.keys) if hold is not None else 0 for hold in self.holds]

    def release_locks_after(self, marks: list[int]) -> None:
        """Give back what was locked since a savepoint."""
        for hold, mark in zip(self.holds, marks, strict=True):
            if hold is not None and len(hold.keys) > mark:
                self.database.locks.release(hold, mark)

    # --- rows -------------------------------------------------------------------------------------

    def lock_row(
        self,
        key: bytes,
        mode: int,
        policy: str = "block",
        relation: str = "",
        marked: bool = False,
        keys: tuple[int, ...] | None = None,
    ) -> bytes | bool | None:
        """Lock a row that the snapshot has, to write it or because it is `marked` (FOR UPDATE and the like).
        None: it is as the snapshot has it; bytes: its newest version, in READ COMMITTED; GONE: it was
        deleted, or is locked and `policy` is "skip". Policy "error": 55P03. `keys`: with FOR KEY SHARE, the
        places of the columns without which a change is none."""
        hold = self.holds[mode] or self.hold(mode)
        held = self.database.locks.held
        found = held.get(key)
        if found is None:
            held[key] = hold
            hold.keys.append(key)
        elif found is not hold and not self._lock_held(hold, key, policy, relation):
            return GONE
        if self.snapshot.tau == self.database.storage.current_tau:
            return None
        return self._changed(key, marked, keys)

    def _lock_held(self, hold: Hold, key: bytes, policy: str, relation: str) -> bool:
        locks = self.database.locks
        if locks.try_acquire(hold, key):
            return True
        if policy == "skip":
            return False
        if policy == "error":
            raise SqlError(LOCK_NOT_AVAILABLE, f'could not obtain lock on row in relation "{relation}"')
        lock(self.session, hold, key)
        return True

    def _changed(self, key: bytes, marked: bool, keys: tuple[int, ...] | None) -> bytes | bool | None:
        """What has become of a locked row since the snapshot; see lock_row."""
        writes = self.written.get(key[:4])
        if writes is not None and key in writes.entries:
            return None  # nobody else has had it since
        database = self.database
        if not database.committed_since(key, self.snapshot.tau):
            return None
        value = self._get_newest(key)
        moved = value is None and key in database.moved
        if keys is not None and value is not None:
            old, new = _decode(self.snapshot.get(key)), _decode(value)
            if all(old[place] == new[place] for place in keys):
                return None
        if self.isolation != "read committed":
            raise concurrent_update("update" if value is not None or marked or moved else "delete")
        if moved:
            raise moved_row()
        return GONE if value is None else value

    def note_move(self, key: bytes) -> None:
        """A row goes to another partition: whoever waits for it shall not take it for deleted."""
        moved = self.database.moved
        while len(moved) > MOVED_ROWS_MAX:
            moved.pop(next(iter(moved)))
        self.on_commit.append(lambda: moved.setdefault(key))

    # --- unique entries ---------------------------------------------------------------------------

    def newest(self, key: bytes) -> bytes | None:
        """The value of a key in the newest state, with this transaction's writes over it."""
        writes = self.written.get(key[:4])
        if writes is not None:
            value = writes.entries.get(key, _MISSING)
            if value is not _MISSING:
                return value
        if key[0] & 0x80:
            return self.session.temporary.get(key)
        if self.snapshot.tau == self.database.storage.current_tau:
            value = self.snapshot.get(key)
            return value
        return self._get_newest(key)

    def _get_newest(self, key: bytes) -> bytes | None:
        snapshot = self.database.shared_snapshot()
        self.seen_tau = snapshot.tau
        value: bytes | None = snapshot.get(key)
        return value

    def unique_entry(self, key: bytes, rows: bytes) -> bytes | None:
        """The entry that stands in the way of a new one; None if there is none, and then its key is locked.
        Waits for whoever is about to insert or to delete it. `rows`: what the keys of the rows begin with.
        SERIALIZABLE tells 40001 of the entry before 23505."""
        entry = self._unique_entry(key, rows)
        if entry is not None and self.serial is not None:
            note_writes(self, self.serial, (key,))
        return entry

    def _unique_entry(self, key: bytes, rows: bytes) -> bytes | None:
        entry = self.newest(key)
        while True:
            if entry is not None:
                if not self._wait_for_writer(rows + entry[:8]):
                    return entry
            elif key[0] & 0x80:
                return None
            else:
                if self.claim(key):
                    return None
                lock(self.session, self.hold(UPDATE), key)
            entry = self.newest(key)

    def claim(self, key: bytes) -> bool:
        """Lock an entry that is known not to be there, if nobody else has locked it."""
        return self.database.locks.try_acquire(self.holds[UPDATE] or self.hold(UPDATE), key)

    def conflicting_entry(self, key: bytes, rows: bytes) -> bytes | None:
        """As unique_entry, for ON CONFLICT: an entry that the snapshot does not have is 40001 above READ
        COMMITTED."""
        entry = self.unique_entry(key, rows)
        if entry is not None and self.isolation != "read committed" and not key[0] & 0x80:
            row = rows + entry[:8]
            writes = self.written.get(rows)
            if (writes is None or row not in writes.entries) and self.snapshot.get(row) is None:
                raise concurrent_update()
        return entry

    def lock_conflicting(self, key: bytes, mode: int) -> bytes:
        """Lock the row that ON CONFLICT DO UPDATE is about to change; its newest version. If that had to be
        waited for, the row may have gone, or have another key: the statement begins again."""
        if not key[0] & 0x80:
            tau = self.database.storage.current_tau
            try:
                self.lock_row(key, mode)
            except SqlError:
                if key not in self.database.moved:
                    raise
                raise StatementRestart from None
            if self.database.storage.current_tau != tau:
                raise StatementRestart
        value = self.newest(key)
        assert value is not None, "its entry was found in the same state"
        return value

    def _wait_for_writer(self, row: bytes) -> bool:
        """Wait for the end of another transaction that has changed a row; False if there is none."""
        session = self.session
        locks = self.database.locks
        if not any(
            hold.owner.transaction is not None and hold.owner.transaction.has_written(row)
            for hold in locks.conflicting(session, row, SHARE)
        ):
            return False
        hold = Hold(session, SHARE)
        request = locks.acquire(hold, row, asyncio.get_running_loop())
        if request is not None:
            if not on_stack():  # the lock is not for keeping
                locks.withdraw(request)
                raise WouldBlock
            wait_for(session, request)
        locks.release(hold)
        return True

    def has_written(self, key: bytes) -> bool:
        """Whether this transaction has written to the key."""
        if key in self.pending:
            return True
        writes = self.written.get(key[:4])
        return writes is not None and key in writes.entries

    # --- foreign keys and deferred unique constraints ---------------------------------------------

    def lock_parent(
        self, entry_key: bytes, rows: bytes, *, newest: bool = False
    ) -> Generator[Any, Any, bool]:
        """Lock the row of a unique index entry FOR KEY SHARE, so that neither goes before this transaction
        has ended; False if there is no such entry. `newest`: at all levels the newest state is looked at, as
        PostgreSQL does in partitioned tables."""
        hold = self.hold(KEY_SHARE)
        locks = self.database.locks
        strict = self.isolation != "read committed"
        row = b""
        while True:
            entry = self.get(entry_key) if strict and not newest else self.newest(entry_key)
            if entry is None:
                if row in self.database.moved:
                    raise moved_row()
                return False
            row = rows + entry[:8]
            if row[0] & 0x80 or self.has_written(row):
                return True
            request = None
            if not locks.try_acquire(hold, row):
                request = locks.acquire(hold, row, asyncio.get_running_loop())
            if request is not None:
                yield from wait_steps(self.session, request)
                if strict and newest and self.newest(entry_key) != entry:
                    raise concurrent_update()
            if strict and not newest:
                if self.database.committed_since(entry_key, self.snapshot.tau):
                    gone = self._get_newest(entry_key) is None
                    raise concurrent_update("delete" if gone else "update")
                return True
            if self.newest(entry_key) == entry:
                return True

    def lock_entry(self, key: bytes) -> Generator[Any, Any, None]:
        """Lock an index entry, or what several begin with, waiting in a generator."""
        if not key[0] & 0x80:
            yield from lock_steps(self.session, self.hold(UPDATE), key)

    def get(self, key: bytes) -> bytes | None:
        """See Transaction."""
        raise NotImplementedError
