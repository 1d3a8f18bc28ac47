"""What a transaction has written to one relation: entries by key, and rows loaded in bulk as runs."""

from bisect import bisect_left
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

_ROWID = Struct(">Q").pack


class Load(NamedTuple):
    """Rows of consecutive row ids. `base`: since when nobody may have committed to their keys."""

    first: int
    values: list[bytes]
    base: int = 0


class RelationWrites:
    """Keys share their first four bytes; the sorted key list is made when a scan needs it."""

    __slots__ = ("entries", "ordered")

    loads: Sequence[Load] = ()

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes | None] = {}
        self.ordered: list[bytes] | None = None

    def keys_between(self, low: bytes, high: bytes) -> list[bytes]:
        ordered = self.ordered
        if ordered is None:
            ordered = self.ordered = sorted(self.entries)
        return ordered[bisect_left(ordered, low) : bisect_left(ordered, high)]

    def apart(self) -> dict[bytes, bytes | None]:
        """The entries without the loads."""
        return self.entries

    def count(self) -> int:
        """How many keys."""
        return len(self.entries)


class LoadedWrites(RelationWrites):
    """With loads, which go to COMMIT as they are if nobody asks for `entries` before."""

    __slots__ = ("_entries", "_prefix", "loads")

    def __init__(self, prefix: bytes, before: RelationWrites | None = None) -> None:
        self._prefix = prefix
        self._entries: dict[bytes, bytes | None] = before.entries if before is not None else {}
        self.loads: list[Load] = []
        self.ordered = None

    @property
    def entries(self) -> dict[bytes, bytes | None]:
        """All keys: the loads are taken apart for good."""
        loads, self.loads = self.loads, []
        for load in loads:
            self._entries.update(spread(self._prefix, load.first, load.values))
        return self._entries

    @entries.setter
    def entries(self, entries: dict[bytes, bytes | None]) -> None:
        self._entries = entries

    def apart(self) -> dict[bytes, bytes | None]:
        """See RelationWrites."""
        return self._entries

    def count(self) -> int:
        """See RelationWrites."""
        return len(self._entries) + sum([len(load.values) for load in self.loads])


def spread(prefix: bytes, first: int, values: Sequence[bytes]) -> dict[bytes, bytes]:
    """The keys and values of rows from the row id `first` on."""
    keys = [prefix + _ROWID(rowid) for rowid in range(first, first + len(values))]
    return dict(zip(keys, values, strict=True))
