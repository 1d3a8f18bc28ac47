"""Key ranges: cutting commits to them, and finding who covers a key."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from .api import Commit, KeyRange

T = TypeVar("T")


def cut(commit: Commit, ranges: Sequence[KeyRange]) -> Commit | None:
    """The part of a commit inside the ranges, None if there is none."""
    if len(ranges) == 1:
        low, high = ranges[0]
        keys = commit.writes
        if keys and all(low <= first and last <= high for first, last in commit.deletes):
            if commit.single:
                database = next(iter(keys))[:4]
                inside = low <= database and database + b"\xff" * 600 < high
            else:
                inside = low <= min(keys) and max(keys) < high
            if inside:
                return commit
        writes = {key: value for key, value in commit.writes.items() if low <= key < high}
    else:
        writes = {
            key: value
            for key, value in commit.writes.items()
            if any(low <= key < high for low, high in ranges)
        }
    deletes: Sequence[KeyRange] = ()
    if commit.deletes:
        deletes = [
            KeyRange(max(first, low), min(last, high))
            for first, last in commit.deletes
            for low, high in ranges
            if first < high and low < last
        ]
    if writes or deletes:
        return Commit(commit.tau, writes, deletes)
    return None


class Cover(Generic[T]):
    """An interval map: which owners' ranges cover a key.

    The keyspace falls into stretches at every bound of a range; each stretch has its owners.
    """

    __slots__ = ("_bounds", "_owners")

    def __init__(self, ranges: Iterable[tuple[KeyRange, T]] = ()) -> None:
        pairs = list(ranges)
        self._bounds = sorted({bound for span, _ in pairs for bound in span})
        self._owners: list[tuple[T, ...]] = [()]
        for low in self._bounds:
            owners: list[T] = []
            for span, owner in pairs:
                if span.low <= low < span.high and owner not in owners:
                    owners.append(owner)
            self._owners.append(tuple(owners))

    def touched(self, commit: Commit) -> list[T]:
        """The owners of ranges that the commit touches, each once."""
        bounds = self._bounds
        if not bounds:
            return []
        found: list[T] = []
        writes = commit.writes
        if writes:
            stretches: Iterable[int]
            if len(writes) == 1:
                (key,) = writes
                stretches = (bisect_right(bounds, key),)
            else:
                first, last = bisect_right(bounds, min(writes)), bisect_right(bounds, max(writes))
                if first == last:
                    stretches = (first,)
                else:
                    stretches = dict.fromkeys([bisect_right(bounds, key) for key in writes])
            for stretch in stretches:
                for owner in self._owners[stretch]:
                    if owner not in found:
                        found.append(owner)
        for low, high in commit.deletes:
            for stretch in range(bisect_right(bounds, low), bisect_right(bounds, high) + 1):
                for owner in self._owners[stretch]:
                    if owner not in found:
                        found.append(owner)
        return found
