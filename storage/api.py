"""The door of the storage room: snapshots of one database's ordered keyspace.

Inside an environment keys have no database prefix: `relation u32 | rowid u64` big-endian for rows,
`relation u32 | encoded key columns [| rowid u64]` for index entries (storage/keys.py). Keys may be
of any length up to 2^16; the store hides LMDB's limit of 511 bytes.
"""

from collections.abc import Iterator
from typing import Protocol

DATABASE_PREFIX_BYTES = 4  # the journal's keys: database u32 | key inside the environment
SHARED_DATABASE = 0


class Snapshot(Protocol):
    """A consistent view of one environment; holds every commit acknowledged before it was opened."""

    tau: int

    def get(self, key: bytes) -> bytes | None: ...

    def scan(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Entries with low <= key < high in key order (or the reverse). A C-level iterator where
        possible: it is the scan loop's hot path. Valid until the snapshot is closed."""

    def close(self) -> None: ...


class Storage(Protocol):
    """All environments of one data directory."""

    def snapshot(self, database: int) -> Snapshot:
        """Never waits."""

    def databases(self) -> list[int]: ...

    def create_database(self, database: int, template: int | None) -> None: ...

    def drop_database(self, database: int) -> None: ...

    def size(self, database: int) -> int:
        """Bytes used."""
