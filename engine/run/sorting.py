"""Sorting of saved rows, whose field 0 is the sort key, with breaths.

Up to RUN rows are sorted in one go. More are sorted in runs; then the key space is cut at sampled
keys, and each piece, made of a slice of every run, is sorted by itself (timsort merges the slices
at C speed), so rows come out piece by piece. Stable throughout.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from ..errors import SqlError
from ..sqlstates import INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE

RUN = 8192
ITEM0 = itemgetter(0)


class Descending:
    """A sort key in reverse order."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __lt__(self, other: "Descending") -> bool:
        return bool(other.key < self.key)

    def __gt__(self, other: "Descending") -> bool:
        return bool(self.key < other.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and bool(self.key == other.key)

    __hash__ = None  # type: ignore[assignment]


def sorted_chunks(rows: list[Any], reverse: bool) -> Iterator[list[Any] | None]:
    """The rows in order, in lists; None is a breath. `rows` is emptied."""
    if len(rows) <= RUN:
        rows.sort(key=ITEM0, reverse=reverse)
        for start in range(0, len(rows), 512):
            yield rows[start : start + 512]
        return
    runs = []
    for start in range(0, len(rows), RUN):
        run = rows[start : start + RUN]
        run.sort(key=ITEM0, reverse=reverse)
        runs.append(run)
        yield None
    rows.clear()
    yield from _merge(runs, reverse)


def _merge(runs: list[list[Any]], reverse: bool) -> Iterator[list[Any] | None]:
    step = max(RUN // 16, len(runs))
    samples = sorted([run[i][0] for run in runs for i in range(step, len(run), step)], reverse=reverse)
    cuts = samples[:: max(1, RUN // step // 4)]
    starts = [0] * len(runs)
    for cut in [*cuts, None]:
        piece: list[Any] = []
        for number, run in enumerate(runs):
            start = starts[number]
            if cut is None:
                end = len(run)
            elif reverse:
                end = _descending_end(run, cut, start)
            else:
                end = bisect_right(run, cut, start, key=ITEM0)
            piece += run[start:end]
            starts[number] = end
        piece.sort(key=ITEM0, reverse=reverse)
        for start in range(0, len(piece), 512):
            yield piece[start : start + 512]
        yield None


def _descending_end(run: list[Any], cut: Any, low: int) -> int:
    """The end of the rows that do not come after `cut` in a descending run."""
    high = len(run)
    while low < high:
        middle = (low + high) // 2
        if run[middle][0] < cut:
            high = middle
        else:
            low = middle + 1
    return low


def limit_count(count: int | None) -> int:
    """LIMIT's value: -1 if there is none."""
    if count is None:
        return -1
    if count < 0:
        raise SqlError(INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT must not be negative")
    return count


def limit_offset(offset: int | None) -> int:
    """OFFSET's value."""
    if offset is None:
        return 0
    if offset < 0:
        raise SqlError(INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, "OFFSET must not be negative")
    return offset


__all__ = ["ITEM0", "Descending", "bisect_left", "limit_count", "limit_offset", "sorted_chunks"]
