"""Transactions without locks, as Aurora DSQL has them: who commits first wins.

Nothing waits and nothing is read again: what FOR UPDATE names, and the parents of foreign keys, are
validated reads, and the adjudicator decides at COMMIT.
"""

from collections.abc import Generator
from typing import Any

from .rowlocks import GONE
from .transaction import Transaction


class OptimisticTransaction(Transaction):
    """A Transaction whose conflicts are found at COMMIT."""

    def lock_row(
        self,
        key: bytes,
        mode: int,
        policy: str = "block",
        relation: str = "",
        marked: bool = False,
        keys: tuple[int, ...] | None = None,
    ) -> bytes | bool | None:
        """A row that is only `marked` (FOR UPDATE and the like) must not have changed at COMMIT; one that is
        written is adjudicated anyway."""
        if marked:
            self.validate_read(key)
        return None

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
            self.validate_read(entry_key)
        return found
        yield GONE

    def lock_entry(self, key: bytes) -> Generator[Any, Any, None]:
        """There is nothing to wait for."""
        return
        yield GONE


def new_transaction(session: Any) -> Transaction:
    """The transaction of a session's next statement."""
    if session.database.locking:
        return Transaction(session, explicit=False)
    from .dsql.transaction import DsqlTransaction

    return DsqlTransaction(session, explicit=False)
