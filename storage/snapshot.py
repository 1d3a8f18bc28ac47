"""An LMDB read transaction as a Snapshot.

`get` is the transaction's own method, bound when the snapshot is opened, as long as the environment
holds no key beyond LMDB's length. Scans take entries from LMDB's iterator in chunks and compare
only the last key of each with the upper bound, so a row costs no Python code of ours.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from .longkeys import BUCKET_SIZE, SHORT_MAX, bucket_key, expand, look_up

FIRST_KEY = b"\x00\x00"  # below it is the environment's own entry
CHUNK_FIRST = 4
CHUNK_MAX = 1024

Entry = tuple[bytes, bytes]


class LmdbSnapshot:
    """One environment at one tau. `get` returns the value or None."""

    __slots__ = ("_has_buckets", "_transaction", "close", "get", "tau")

    def __init__(self, transaction: Any, tau: int, has_buckets: bool) -> None:
        self.tau = tau
        self._transaction = transaction
        self._has_buckets = has_buckets
        self.get: Callable[[bytes], bytes | None] = self._get_any if has_buckets else transaction.get
        self.close: Callable[[], None] = transaction.abort

    def _get_any(self, key: bytes) -> bytes | None:
        if len(key) <= SHORT_MAX:
            value: bytes | None = self._transaction.get(key)
            return value
        content = self._transaction.get(bucket_key(key))
        return None if content is None else look_up(content, key)

    # --- scans --------------------------------------------------------------------------------

    def scan(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[Entry]:
        """See api.Snapshot."""
        return chain.from_iterable(self.chunks(low, high, reverse=reverse))

    def chunks(
        self, low: bytes, high: bytes, *, reverse: bool = False, size: int = CHUNK_MAX
    ) -> Iterator[list[Entry]]:
        """The entries of a scan in lists of up to `size`; the first ones are short, so that who
        wants few entries pays for few."""
        if low < FIRST_KEY:
            low = FIRST_KEY
        if self._has_buckets:
            return self._chunks_any(low, high, reverse, size)
        return self._reverse_chunks(low, high, size) if reverse else self._chunks(low, high, size)

    def values(self, low: bytes, high: bytes) -> Iterator[bytes]:
        """The values of a scan."""
        return chain.from_iterable(self.value_chunks(low, high))

    def value_chunks(self, low: bytes, high: bytes, *, size: int = CHUNK_MAX) -> Iterator[list[bytes]]:
        """The values of a scan in lists of up to `size`."""
        if low < FIRST_KEY:
            low = FIRST_KEY
        if self._has_buckets:
            for chunk in self._chunks_any(low, high, False, size):
                yield [value for _, value in chunk]
            return
        cursor = self._transaction.cursor()
        if low >= high or not cursor.set_range(low) or cursor.key() >= high:
            return
        values_behind = cursor.iternext(False, True)
        wanted = min(CHUNK_FIRST, size)
        before = low
        while values := list(islice(values_behind, wanted)):
            last = cursor.key()  # of the last value taken; empty if there are no more
            if (last or self._last_key()) < high:
                yield values
                before = last + b"\x00"
                if not last:
                    return
            else:
                cursor.set_range(before)
                yield [value for key, value in islice(cursor.iternext(), wanted) if key < high]
                return
            wanted = min(wanted * 4, size)

    def keys(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[bytes]:
        """The keys of a scan."""
        for key, _ in self.scan(low, high, reverse=reverse):
            yield key

    def _last_key(self) -> bytes:
        cursor = self._transaction.cursor()
        cursor.last()
        key: bytes = cursor.key()
        return key

    def _chunks(self, low: bytes, high: bytes, size: int) -> Iterator[list[Entry]]:
        cursor = self._transaction.cursor()
        if low >= high or not cursor.set_range(low):
            return
        entries = cursor.iternext()
        wanted = min(CHUNK_FIRST, size)
        while chunk := list(islice(entries, wanted)):
            if chunk[-1][0] >= high:
                yield [entry for entry in chunk if entry[0] < high]
                return
            yield chunk
            wanted = min(wanted * 4, size)

    def _reverse_chunks(self, low: bytes, high: bytes, size: int) -> Iterator[list[Entry]]:
        cursor = self._transaction.cursor()
        if low >= high:
            return
        if cursor.set_range(high):
            if not cursor.prev():
                return
        elif not cursor.last():
            return
        entries = cursor.iterprev()
        wanted = min(CHUNK_FIRST, size)
        while chunk := list(islice(entries, wanted)):
            if chunk[-1][0] < low:
                yield [entry for entry in chunk if entry[0] >= low]
                return
            yield chunk
            wanted = min(wanted * 4, size)

    def _chunks_any(self, low: bytes, high: bytes, reverse: bool, size: int) -> Iterator[list[Entry]]:
        """As above, where there are buckets. The bounds of the LMDB keys are those of the keys,
        except that a long bound may lie inside a bucket."""
        first = bucket_key(low) if len(low) > SHORT_MAX else low
        last = high
        if len(high) > SHORT_MAX:
            last = bucket_key(high) + b"\x00"
        chunks = self._reverse_chunks(first, last, size) if reverse else self._chunks(first, last, size)
        for chunk in chunks:
            entries: list[Entry] = []
            for entry in chunk:
                if len(entry[0]) == BUCKET_SIZE:
                    inside = [e for e in expand(*entry) if low <= e[0] < high]
                    entries.extend(reversed(inside) if reverse else inside)
                elif low <= entry[0] < high:
                    entries.append(entry)
            if entries:
                yield entries
