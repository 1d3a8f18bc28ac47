"""The rows of a session's temporary relations: memory of the session, with a Snapshot's interface.

Never journaled; a transaction lays its own writes over it as over a snapshot and applies them at
COMMIT (engine/transaction.py).
"""

from collections.abc import Iterator
from typing import Any


class TemporaryStore:
    """An ordered map of keys; relation numbers have their highest bit set."""

    def __init__(self) -> None:
        self._entries: Any = None  # sortedcontainers.SortedDict, made when first needed
        self._next_rowid: dict[int, int] = {}

    def get(self, key: bytes) -> bytes | None:
        """The stored value."""
        return None if self._entries is None else self._entries.get(key)

    def scan(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Entries with low <= key < high; the set is fixed when the scan starts."""
        entries = self._entries
        if entries is None:
            return iter(())
        keys = list(entries.irange(low, high, (True, False), reverse=reverse))
        return iter([(key, entries[key]) for key in keys])

    def next_rowid(self, storage_id: int) -> int:
        """A fresh row id."""
        rowid = self._next_rowid.get(storage_id, 0) + 1
        self._next_rowid[storage_id] = rowid
        return rowid

    def rowids(self, storage_id: int, count: int) -> range:
        """`count` fresh row ids."""
        first = self._next_rowid.get(storage_id, 0) + 1
        self._next_rowid[storage_id] = first + count - 1
        return range(first, first + count)

    def apply(self, writes: dict[bytes, bytes | None]) -> None:
        """A committed transaction's writes."""
        entries = self._entries
        if entries is None:
            from sortedcontainers import SortedDict

            entries = self._entries = SortedDict()
        for key, value in writes.items():
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = value

    def delete_range(self, low: bytes, high: bytes) -> None:
        """Drop everything with low <= key < high."""
        if self._entries is not None:
            for key in list(self._entries.irange(low, high, (True, False))):
                del self._entries[key]
