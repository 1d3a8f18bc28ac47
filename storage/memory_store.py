"""A store in memory: sorted keys, for tests, simulation and `--in-memory`.

Open snapshots stay consistent by an undo list each: when a commit changes a key, every open
snapshot notes the value the key had, unless it has a note on it already.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from sortedcontainers import SortedDict

from .errors import SnapshotClosed

CHUNK = 256

Writes = dict[bytes, bytes | None]
Operation = Writes | tuple[bytes, bytes]
Entry = tuple[bytes, bytes]


class MemoryStore:
    """One database's keyspace."""

    def __init__(self) -> None:
        self.entries: SortedDict[bytes, bytes] = SortedDict()
        self.applied_tau = 0
        self.batch_start = 0
        self._open: dict[int, MemorySnapshot] = {}
        self._size = 0

    def snapshot(self, tau: int) -> "MemorySnapshot":
        snapshot = MemorySnapshot(self, tau)
        self._open[id(snapshot)] = snapshot
        return snapshot

    def forget(self, snapshot: "MemorySnapshot") -> None:
        self._open.pop(id(snapshot), None)

    def size(self) -> int:
        return self._size

    def reserve(self, entries: int, size: int) -> None:
        """There is room as long as there is memory."""

    def write_one(self, key: bytes, value: bytes | None, tau: int, batch_start: int) -> None:
        self.write(({key: value},), tau, batch_start)

    def write(self, operations: Sequence[Operation], tau: int, batch_start: int) -> None:
        for operation in operations:
            if isinstance(operation, dict):
                self._put(operation)
            else:
                low, high = operation
                self._put(dict.fromkeys(list(self.entries.irange(low, high, (True, False)))))
        self.applied_tau = tau
        self.batch_start = batch_start

    def _put(self, writes: Writes) -> None:
        entries = self.entries
        for snapshot in self._open.values():
            note = snapshot.undo.setdefault
            for key in writes:
                note(key, entries.get(key))
        for key, value in writes.items():
            old = entries.get(key)
            if old is not None:
                self._size -= len(key) + len(old)
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = value
                self._size += len(key) + len(value)

    def branch(self) -> "MemoryStore":
        """A copy."""
        copied = MemoryStore()
        copied.entries = self.entries.copy()
        copied._size = self._size
        return copied

    def sync(self) -> None:
        pass

    def close(self) -> None:
        for snapshot in list(self._open.values()):
            snapshot.close()


class MemorySnapshot:
    """A consistent view of a MemoryStore; same methods as LmdbSnapshot."""

    __slots__ = ("_store", "tau", "undo")

    def __init__(self, store: MemoryStore, tau: int) -> None:
        self._store: MemoryStore | None = store
        self.tau = tau
        self.undo: Writes = {}

    def get(self, key: bytes) -> bytes | None:
        undo = self.undo
        if undo and key in undo:
            return undo[key]
        value: bytes | None = self._entries().get(key)
        return value

    def _entries(self) -> "SortedDict[bytes, bytes]":
        if self._store is None:
            raise SnapshotClosed("the snapshot is closed")
        return self._store.entries

    def scan(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[Entry]:
        return chain.from_iterable(self.chunks(low, high, reverse=reverse))

    def chunks(
        self, low: bytes, high: bytes, *, reverse: bool = False, size: int = CHUNK
    ) -> Iterator[list[Entry]]:
        self._entries()
        while low < high:
            chunk, low, high = self._next_chunk(low, high, reverse, size)
            if chunk:
                yield chunk

    def _next_chunk(
        self, low: bytes, high: bytes, reverse: bool, size: int
    ) -> tuple[list[Entry], bytes, bytes]:
        """Up to `size` entries of the store, what the undo list has among them, and what is left."""
        entries = self._entries()
        keys = list(islice(entries.irange(low, high, (True, False), reverse), size))
        first, last = low, high
        if len(keys) == size:
            if reverse:
                first = keys[-1]
            else:
                last = keys[-1] + b"\x00"
        undo = self.undo
        if undo:
            keys = sorted({*keys, *(key for key in undo if first <= key < last)}, reverse=reverse)
        chunk: list[Entry] = []
        for key in keys:
            value = undo[key] if undo and key in undo else entries.get(key)
            if value is not None:
                chunk.append((key, value))
        return (chunk, low, first) if reverse else (chunk, last, high)

    def values(self, low: bytes, high: bytes) -> Iterator[bytes]:
        return chain.from_iterable(self.value_chunks(low, high))

    def value_chunks(self, low: bytes, high: bytes, *, size: int = CHUNK) -> Iterator[list[bytes]]:
        for chunk in self.chunks(low, high, size=size):
            yield [value for _, value in chunk]

    def keys(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[bytes]:
        for key, _ in self.scan(low, high, reverse=reverse):
            yield key

    def close(self) -> None:
        store = self._store
        if store is not None:
            self._store = None
            store.forget(self)
