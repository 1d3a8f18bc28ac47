"""Transactions without locks, as Aurora DSQL has them: who commits first wins.

Nothing waits and nothing is read again: what FOR UPDATE names, and the parents of foreign keys, are
validated reads, and the adjudicator decides at COMMIT. They are marks, too (CommitRequest): whoever deletes
a parent without having seen the child loses against a child that has committed first. A transaction
that has nothing but marks is adjudicated like any other.
"""

from collections.abc import Generator
from typing import Any

from gaveldb.journal.api import KEY_SHARE

from .rowlocks import GONE
from .transaction import Transaction


class OptimisticTransaction(Transaction):
    """A Transaction whose conflicts are found at COMMIT."""

    def __init__(self, session: Any, explicit: bool) -> None:
        super().__init__(session, explicit)
        self.locked = set()
        self.kept = set()

    def mark(self, key: bytes, marks: set[bytes]) -> None:
        """Put a key that has been read to `locked` or to `kept`."""
        if not key[0] & 0x80:
            self.validate_read(key)
            marks.add(key)
            self.has_writes = True  # COMMIT has something to ask for

    def lock_row(
        self,
        key: bytes,
        mode: int,
        policy: str = "block",
        relation: str = "",
        marked: bool = False,
        keys: tuple[int, ...] | None = None,
    ) -> bytes | bool | None:
        """A row that is only `marked` (FOR UPDATE and the like) counts as written (that two of them conflict
        is inferred), with FOR KEY SHARE its keys are kept; one that is written is adjudicated anyway."""
        if marked:
            if mode == KEY_SHARE:
                for one in self._key_entries(key) or (key,):
                    self.mark(one, self.kept)
            else:
                self.mark(key, self.locked)
        return None

    def _key_entries(self, key: bytes) -> list[bytes]:
        """The row's entries in the indexes that foreign keys can refer to."""
        value = self.get(key)
        if value is None:
            return []
        return [make(None, key, value)[0] for make in _entry_functions(self.catalog, key[:4])]

    def unique_entry(self, key: bytes, rows: bytes) -> bytes | None:
        """The entry as the snapshot has it."""
        return self.get(key)

    def claim(self, key: bytes) -> bool:
        """Nobody locks entries."""
        return True

    def lock_conflicting(self, key: bytes, mode: int) -> bytes:
        """The row as the snapshot has it."""
        value = self.get(key)
        assert value is not None
        return value

    def conflicting_entry(self, key: bytes, rows: bytes) -> bytes | None:
        """The entry as the snapshot has it; the row that it leads to must still be there at COMMIT."""
        entry = self.get(key)
        if entry is not None:
            self.validate_read(rows + entry[:8])
        return entry

    def lock_parent(
        self, entry_key: bytes, rows: bytes, *, newest: bool = False
    ) -> Generator[Any, Any, bool]:
        """The parent's entry must still be there at COMMIT."""
        found = self.get(entry_key) is not None
        if found:
            self.mark(entry_key, self.kept)
        return found
        yield GONE

    def lock_entry(self, key: bytes) -> Generator[Any, Any, None]:
        """There is nothing to wait for."""
        return
        yield GONE


def _entry_functions(catalog: Any, rows: bytes) -> list[Any]:
    """What makes a row's entries in the indexes that foreign keys can refer to; `rows`: its key's prefix."""
    found: list[Any] | None = catalog.cache.get(("entry_functions", rows))
    if found is None:
        from .compile.indexwriter import entry_function

        number = int.from_bytes(rows, "big")
        oid = next(row.oid for row in catalog.pg_class.rows() if row.relfilenode == number)
        relation = catalog.relation(oid)
        found = [
            entry_function(catalog, None, relation, index)
            for index in relation.indexes
            if index.unique and not index.deferrable and index.predicate is None
            if all(column.expr is None for column in index.keys)
        ]
        catalog.cache["entry_functions", rows] = found
    return found


def new_transaction(session: Any) -> Transaction:
    """The transaction of a session's next statement."""
    if session.database.locking:
        return Transaction(session, explicit=False)
    from .dsql.transaction import DsqlTransaction

    return DsqlTransaction(session, explicit=False)
