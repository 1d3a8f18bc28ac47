"""Row-id sets for bitmap scans."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from .scans import value_chunks

CHUNK = 256


def index_rowids(transaction: Any, low: bytes, high: bytes) -> Iterator[list[int]]:
    """The row ids of a range of index entries, in lists."""
    from_bytes = int.from_bytes
    for chunk in value_chunks(transaction, low, high):
        yield [from_bytes(value[:8], "big") for value in chunk]


def sorted_rowids(bitmap: Any) -> Iterator[list[int]]:
    """The row ids in order, in lists."""
    rowids = iter(bitmap)
    while chunk := list(islice(rowids, CHUNK)):
        yield chunk
