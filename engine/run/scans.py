"""Key ranges in chunks, so that generated loops look at the clock once per chunk and not per row."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

CHUNK = 512


def value_chunks(transaction: Any, low: bytes, high: bytes) -> Iterator[list[bytes]]:
    """The values of a key range in lists; straight from the snapshot if nothing was written there."""
    snapshot = transaction.plain_snapshot(low)
    if snapshot is not None and hasattr(snapshot, "value_chunks"):
        return snapshot.value_chunks(low, high, size=CHUNK)  # type: ignore[no-any-return]
    return _values(transaction.scan(low, high))


def _values(entries: Iterator[tuple[bytes, bytes]]) -> Iterator[list[bytes]]:
    while chunk := [value for _, value in islice(entries, CHUNK)]:
        yield chunk


def entry_chunks(
    transaction: Any, low: bytes, high: bytes, reverse: bool = False
) -> Iterator[list[tuple[bytes, bytes]]]:
    """The entries of a key range in lists."""
    snapshot = transaction.plain_snapshot(low)
    if snapshot is not None and hasattr(snapshot, "chunks"):
        return snapshot.chunks(low, high, reverse=reverse, size=CHUNK)  # type: ignore[no-any-return]
    return _entries(transaction.scan(low, high, reverse=reverse))


def _entries(entries: Iterator[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    while chunk := list(islice(entries, CHUNK)):
        yield chunk
