"""Key ranges in chunks, so that generated loops look at the clock once per chunk and not per row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import msgspec

CHUNK = 512
_decode = msgspec.msgpack.Decoder().decode


class ColumnScan:
    """What a scan of a whole table wants: the stored values at some positions of its rows.

    `width`: rows may be shorter than this and are then extended from `missing`; 0: they never are.
    """

    __slots__ = ("missing", "pick", "positions", "relation", "span", "width")

    def __init__(
        self,
        relation: Any,
        span: tuple[bytes, bytes],
        positions: Sequence[int],
        missing: Sequence[Any],
        width: int,
    ) -> None:
        self.relation = relation
        self.span = span
        self.positions = positions
        self.missing = missing
        self.width = width
        self.pick: Callable[[Any], Any] | None = itemgetter(*positions) if positions else None

    def chunks(self, transaction: Any) -> Iterator[Iterable[Any]]:
        """Iterables of tuples of the values; of the values themselves if there is one position, of
        anything, one per row, if there is none."""
        columns = transaction.column_chunks(self.relation, self.positions, self.missing)
        if columns is not None:
            if len(self.positions) > 1:
                for segment in columns:
                    yield zip(*segment, strict=True)
            else:
                for segment in columns:
                    yield segment[0]
            return
        pick, width, missing = self.pick, self.width, self.missing
        for chunk in value_chunks(transaction, *self.span):
            if pick is None:
                yield chunk
                continue
            # lazily: hundreds of lists alive at once would set off the garbage collector
            rows: Iterable[Any] = map(_decode, chunk)
            yield map(pick, _padded(rows, width, missing) if width else rows)


def _padded(rows: Iterable[Any], width: int, missing: Sequence[Any]) -> Iterator[Any]:
    for row in rows:
        if len(row) < width:
            row.extend(missing[len(row) :])
        yield row


def value_chunks(transaction: Any, low: bytes, high: bytes) -> Iterator[list[bytes]]:
    """The values of a key range in lists; straight from the snapshot if nothing was written there."""
    snapshot = transaction.plain_snapshot(low)
    if snapshot is not None and hasattr(snapshot, "value_chunks"):
        return snapshot.value_chunks(low, high, size=CHUNK)
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
        return snapshot.chunks(low, high, reverse=reverse, size=CHUNK)
    return _entries(transaction.scan(low, high, reverse=reverse))


def _entries(entries: Iterator[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    while chunk := list(islice(entries, CHUNK)):
        yield chunk
