"""The writes of a commit that loads rows in bulk: runs of consecutive keys beside scattered ones.

A load writes thousands of rows to row ids that nobody else has, one behind the other. A run says so
in three words; to spell the keys out, hash them, remember each of them in the window and cut their
prefixes off again would cost more than all the rest of the load. Whoever does not care about speed
takes BulkWrites for the mapping of keys to values that it is.
"""

from collections.abc import ItemsView, Iterator, Mapping
from struct import Struct
from typing import NamedTuple

_NUMBER = Struct(">Q").pack


class Run(NamedTuple):
    """Keys `low | number` for consecutive numbers (u64) from `first` on, and their values.

    `base`: since when nobody may have committed to these keys, None: nobody else knows the relation.
    """

    low: bytes
    first: int
    values: list[bytes]
    base: int | None = None

    def bounds(self) -> tuple[bytes, bytes]:
        """low <= key < high for exactly the keys of the run."""
        return self.low + _NUMBER(self.first), self.low + _NUMBER(self.first + len(self.values))

    def keys(self, start: int = 0, end: int | None = None) -> list[bytes]:
        """The keys at these places."""
        low, first = self.low, self.first
        stop = len(self.values) if end is None else end
        return [low + _NUMBER(number) for number in range(first + start, first + stop)]

    def cut(self, low: bytes, high: bytes) -> "Run | None":
        """The part with low <= key < high."""
        start = self._place(low)
        values = self.values[start : self._place(high)]
        return self._replace(first=self.first + start, values=values) if values else None

    def _place(self, key: bytes) -> int:
        """How many of the run's keys are smaller."""
        head = key[: len(self.low)]
        if head != self.low:
            return 0 if head < self.low else len(self.values)
        tail = key[len(self.low) :]
        number = int.from_bytes(tail[:8].ljust(8, b"\x00"), "big") + (len(tail) > 8)
        return min(max(number - self.first, 0), len(self.values))


class BulkWrites(Mapping[bytes, "bytes | None"]):
    """Scattered `entries` and `runs`; no key is in two of them."""

    __slots__ = ("entries", "runs")

    def __init__(self, entries: "dict[bytes, bytes | None]", runs: list[Run]) -> None:
        self.entries = entries
        self.runs = runs

    def __len__(self) -> int:
        return len(self.entries) + sum([len(run.values) for run in self.runs])

    def __iter__(self) -> Iterator[bytes]:
        yield from self.entries
        for run in self.runs:
            yield from map(run.low.__add__, map(_NUMBER, range(run.first, run.first + len(run.values))))

    def __getitem__(self, key: bytes) -> bytes | None:
        if key in self.entries:
            return self.entries[key]
        for run in self.runs:
            part = run.cut(key, key + b"\x00")
            if part is not None:
                return part.values[0]
        raise KeyError(key)

    def items(self) -> ItemsView[bytes, bytes | None]:
        """As of every Mapping, without looking each key up."""
        return _Items(self)


class _Items(ItemsView[bytes, "bytes | None"]):
    _mapping: BulkWrites

    def __iter__(self) -> Iterator[tuple[bytes, bytes | None]]:
        yield from self._mapping.entries.items()
        for run in self._mapping.runs:
            yield from zip(run.keys(), run.values, strict=True)


Writes = dict[bytes, "bytes | None"] | BulkWrites


def scattered(writes: Writes) -> dict[bytes, bytes | None]:
    """The entries that are in no run."""
    return writes if type(writes) is dict else writes.entries  # type: ignore[union-attr]


def runs_of(writes: Writes) -> list[Run]:
    """The runs, none of a plain dict."""
    return [] if type(writes) is dict else writes.runs  # type: ignore[union-attr]
