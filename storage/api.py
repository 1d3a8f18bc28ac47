"""The door of the storage room: snapshots of one database's ordered keyspace.

Inside an environment keys have no database prefix: `relation u32 | rowid u64` big-endian for rows,
`relation u32 | encoded key columns [| rowid u64]` for index entries (storage/keys.py). Keys may be
of any length up to 2^16; the store hides LMDB's limit of 511 bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gaveldb.journal.api import Clock, KeyRange, Timestamp

from .columnar import ColumnStore
from .keys import (
    ENCODERS,
    NULL_FIRST,
    NULL_LAST,
    VALUE,
    array_encoder,
    column_encoder,
    describe,
    encode_array,
    encode_bool,
    encode_bpchar,
    encode_bytes,
    encode_float8,
    encode_int8,
    encode_interval,
    encode_numeric,
    encode_record,
    encode_text,
    encode_timetz,
    encode_uint4,
    encode_uuid,
    index_span,
    invert,
    key_encoder,
    record_encoder,
    relation_of,
    relation_prefix,
    row_key,
    row_span,
    rowid_bytes,
    rowid_of,
    successor,
)
from .rows import decode_row, encode_row

if TYPE_CHECKING:
    from .opening import OpenStorage

__all__ = [
    "DATABASE_PREFIX_BYTES",
    "ENCODERS",
    "NULL_FIRST",
    "NULL_LAST",
    "SHARED_DATABASE",
    "VALUE",
    "ColumnStore",
    "Snapshot",
    "Storage",
    "Timestamp",
    "array_encoder",
    "column_encoder",
    "create_database_write",
    "database_prefix",
    "database_range",
    "decode_row",
    "describe",
    "drop_database_write",
    "encode_array",
    "encode_bool",
    "encode_bpchar",
    "encode_bytes",
    "encode_float8",
    "encode_int8",
    "encode_interval",
    "encode_numeric",
    "encode_record",
    "encode_row",
    "encode_text",
    "encode_timetz",
    "encode_uint4",
    "encode_uuid",
    "index_span",
    "invert",
    "key_encoder",
    "open_storage",
    "record_encoder",
    "relation_of",
    "relation_prefix",
    "row_key",
    "row_span",
    "rowid_bytes",
    "rowid_of",
    "successor",
]

DATABASE_PREFIX_BYTES = 4  # the journal's keys: database u32 | key inside the environment
SHARED_DATABASE = 0


def database_prefix(database: int) -> bytes:
    """What a database's keys begin with in CommitRequests and subscriptions."""
    return database.to_bytes(4, "big")


def database_range(database: int) -> KeyRange:
    """All keys of a database in CommitRequests and subscriptions."""
    return KeyRange(database.to_bytes(4, "big"), (database + 1).to_bytes(4, "big"))


class Snapshot(Protocol):
    """A consistent view of one environment; holds every commit acknowledged before it was opened."""

    tau: int

    def get(self, key: bytes) -> bytes | None: ...

    def scan(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Entries with low <= key < high in key order (or the reverse). A C-level iterator where
        possible: it is the scan loop's hot path. Valid until the snapshot is closed."""

    def chunks(
        self, low: bytes, high: bytes, *, reverse: bool = False, size: int = 1024
    ) -> Iterator[list[tuple[bytes, bytes]]]:
        """The same in lists of up to `size` entries, the first ones short: for batches and breaths."""

    def values(self, low: bytes, high: bytes) -> Iterator[bytes]:
        """Only the values: the fastest way through a whole table."""

    def value_chunks(self, low: bytes, high: bytes, *, size: int = 1024) -> Iterator[list[bytes]]: ...

    def keys(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class Storage(Protocol):
    """All environments of one data directory. Only the journal writes to them: a database is
    created or dropped by a commit whose writes contain `create_database_write(...)` or
    `drop_database_write(...)`, best the one that changes pg_database."""

    current_tau: Timestamp
    """Everything at or before it is in the environments; what a snapshot opened now will have."""

    def snapshot(self, database: int) -> Snapshot:
        """Never waits. Raises NoSuchDatabase."""

    def databases(self) -> list[int]: ...

    def size(self, database: int) -> int:
        """Bytes used."""


def create_database_write(database: int, template: int | None) -> tuple[bytes, bytes]:
    """Key and value to add to a commit's writes so that it creates the database's environment,
    empty or as a copy of the template's. Two of one name conflict, as any key does."""
    from .environments import create_database_write as write

    return write(database, template)


def drop_database_write(database: int) -> tuple[bytes, bytes]:
    """Key and value to add to a commit's writes so that it drops the environment."""
    from .environments import drop_database_write as write

    return write(database)


def open_storage(
    data_dir: "Path | str | None", *, journals: int = 1, clock: "Clock | None" = None
) -> "OpenStorage":
    """Open or create a data directory (None: everything in memory): takes its lock, recovers, and
    starts the pipeline. The result has `.committer` (journal.api.Committer), `.feed`
    (journal.api.Feed), `.storage` (Storage), `.pipeline`, and the coroutines `.checkpoint()` and
    `.close()`. The first commit binds it to the running loop. Raises DirectoryLocked,
    JournalCorrupt."""
    from .opening import open_storage as opened

    return opened(data_dir, journals=journals, clock=clock)
