"""Columns of stored tables, kept in memory for scans that come again: a subscriber of the crossbar.

1. A relation's rows are cut into segments by row id. A segment holds the values of some positions of
   its rows' msgpack arrays, one sequence per position.
2. A segment made from a snapshot at tau t holds for every snapshot at or after t until a commit touches
   it; then it is dropped (`apply`, before the commit is acknowledged). A segment may be kept only if
   nothing was committed to the relation after its snapshot.
3. Nothing is kept of a relation before its second scan, and all together stays below a budget: the
   relation used longest ago goes first.
4. The values are those of the rows; types are the engine's business.
"""

import gc
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec

from .keys import relation_prefix, row_key

SEGMENT_BITS = 12
SEGMENT_ROWS = 1 << SEGMENT_BITS
BYTES_MAX = 192 << 20
_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1

_decode = msgspec.msgpack.Decoder().decode

Columns = tuple[Sequence[Any], ...]


class _Snapshot(Protocol):
    tau: int

    def scan(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]: ...

    def values(self, low: bytes, high: bytes) -> Iterator[bytes]: ...


class _Segment:
    """Some columns of the rows of one range of row ids."""

    __slots__ = ("columns", "rows", "tau")

    def __init__(self, tau: int, rows: int) -> None:
        self.tau = tau
        self.rows = rows
        self.columns: dict[int, Sequence[Any]] = {}


class _Relation:
    """What is known of one relation's columns; `changed` is the tau of the last commit to it."""

    __slots__ = ("bytes", "changed", "kept", "scans", "segments")

    def __init__(self, tau: int) -> None:
        self.kept = True  # False once it is out of the store; scans may still be under way
        self.changed = tau
        self.scans = 0
        self.segments: dict[int, _Segment] = {}
        self.bytes = 0


class ColumnStore:
    """The columns of one database's relations."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._relations: dict[bytes, _Relation] = {}  # by key prefix; the one used last stands last
        self._bytes_max = bytes_max
        self._bytes = 0

    @property
    def empty(self) -> bool:
        """Whether commits may be ignored."""
        return not self._relations

    def apply(self, tau: int, key: bytes) -> None:
        """A commit at tau has written a key (without database prefix)."""
        relation = self._relations.get(key[:4])
        if relation is not None:
            relation.changed = tau
            if relation.segments:
                segment = relation.segments.pop(int.from_bytes(key[4:12], "big") >> SEGMENT_BITS, None)
                if segment is not None:
                    self._account(relation, -_size(segment))

    def apply_run(self, tau: int, prefix: bytes, first: int, count: int) -> None:
        """As apply, for `count` consecutive row ids of a relation."""
        for segment in range(first >> SEGMENT_BITS, (first + count - 1 >> SEGMENT_BITS) + 1):
            self.apply(tau, prefix + (segment << SEGMENT_BITS).to_bytes(8, "big"))

    def forget(self, low: bytes, high: bytes) -> None:
        """A range of keys was deleted."""
        for prefix in [prefix for prefix in self._relations if low[:4] <= prefix < high]:
            self._drop(prefix)

    def chunks(
        self,
        snapshot: _Snapshot,
        current_tau: int,
        relation_id: int,
        positions: Sequence[int],
        missing: Sequence[Any],
    ) -> Iterator[Columns] | None:
        """The columns at `positions` of all rows, in row id order, one item per segment; for no
        positions the item is a single sequence of as many Nones as there are rows. Rows shorter
        than a position have `missing` there. None: not this time; read the rows."""
        prefix = relation_prefix(relation_id)
        relation = self._relations.pop(prefix, None)
        if relation is None:
            relation = _Relation(current_tau)
        self._relations[prefix] = relation
        relation.scans += 1
        if relation.scans < 2:
            return None
        return self._segments(snapshot, relation, relation_id, tuple(positions), missing)

    def _segments(
        self,
        snapshot: _Snapshot,
        relation: _Relation,
        relation_id: int,
        positions: tuple[int, ...],
        missing: Sequence[Any],
    ) -> Iterator[Columns]:
        number = 0
        end = row_key(relation_id + 1, 0)
        while True:
            segment = relation.segments.get(number)
            if segment is None or segment.tau > snapshot.tau or not segment.columns.keys() >= set(positions):
                low = row_key(relation_id, number << SEGMENT_BITS)
                rows = list(snapshot.values(low, row_key(relation_id, (number + 1) << SEGMENT_BITS)))
                if not rows:
                    following = next(iter(snapshot.scan(low, end)), None)
                    if following is None:
                        return
                    number = int.from_bytes(following[0][4:12], "big") >> SEGMENT_BITS
                    continue
                segment = self._read(snapshot, relation, number, rows, positions, missing)
            if positions:
                yield tuple([segment.columns[position] for position in positions])
            else:
                yield ([None] * segment.rows,)
            number += 1

    def _read(
        self,
        snapshot: _Snapshot,
        relation: _Relation,
        number: int,
        rows: list[bytes],
        positions: tuple[int, ...],
        missing: Sequence[Any],
    ) -> _Segment:
        segment = _Segment(snapshot.tau, len(rows))
        old = relation.segments.get(number)
        if old is not None and old.tau <= snapshot.tau:
            segment.columns.update(old.columns)
        absent = [position for position in positions if position not in segment.columns]
        if absent:
            collecting = gc.isenabled()
            gc.disable()  # thousands of lists for a millisecond, none of them garbage before it ends
            decoded = list(map(_decode, rows))
            width = max(absent) + 1
            if min(map(len, decoded)) < width:
                for row in decoded:
                    row.extend(missing[len(row) : width])
            for position in absent:
                segment.columns[position] = _column([row[position] for row in decoded])
            del decoded
            if collecting:
                gc.enable()
        if relation.kept and relation.changed <= snapshot.tau:
            if old is not None:
                self._account(relation, -_size(old))
            relation.segments[number] = segment
            self._account(relation, _size(segment))
        return segment

    def _account(self, relation: _Relation, size: int) -> None:
        relation.bytes += size
        self._bytes += size
        while self._bytes > self._bytes_max and self._relations:
            self._drop(next(iter(self._relations)))

    def _drop(self, prefix: bytes) -> None:
        relation = self._relations.pop(prefix)
        self._bytes -= relation.bytes
        relation.kept = False
        relation.bytes = 0
        relation.segments = {}


def _column(values: list[Any]) -> Sequence[Any]:
    """The values as compactly as goes: 8 bytes each if all are 64-bit integers or all floats."""
    kinds = set(map(type, values))
    if kinds == {int}:
        if min(values) >= _INT64_MIN and max(values) <= _INT64_MAX:
            return array("q", values)
    elif kinds == {float}:
        return array("d", values)
    return values


def _size(segment: _Segment) -> int:
    """An estimate of the bytes held."""
    total = 200
    for column in segment.columns.values():
        if isinstance(column, array):
            total += 8 * len(column)
        else:
            total += 8 * len(column) + sum([_VALUE_SIZE.get(type(value), 100) for value in column[:64]]) * (
                len(column) // 64 + 1
            )
    return total


_VALUE_SIZE = {type(None): 0, bool: 0, int: 32, float: 24, str: 80, bytes: 60}
