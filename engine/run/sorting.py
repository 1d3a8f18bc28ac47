"""Sorting of saved rows, whose field 0 is the sort key, with breaths and temporary files.

Rows are sorted in runs of RUN; then the key space is cut at sampled
keys, and each piece, made of a slice of every run, is sorted by itself (timsort merges the slices
at C speed), so rows come out piece by piece. Stable throughout.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

from ..errors import SqlError
from ..sqlstates import INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE
from .spill import SpillFile, budget, size_of

RUN = 2048
GROUP = 8
BLOCK = 512
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


_INVERTED = bytes(range(255, -1, -1))


def inverted_text(text: str) -> bytes:
    """A key that sorts in the reverse order of texts (which have no zero byte)."""
    return text.encode().translate(_INVERTED) + b"\xff"


class Sorter:
    """The rows of one sort. `run` takes RUN rows at a time; when they become more than work_mem allows,
    further runs go to a temporary file."""

    __slots__ = ("_file", "_group", "_kept", "_most", "_reverse", "_runs", "_spilled")

    def __init__(self, ctx: Any, reverse: bool) -> None:
        self._reverse = reverse
        self._runs: list[list[Any]] = []
        self._group: list[list[Any]] = []
        self._kept = 0
        self._most = budget(ctx)
        self._file: SpillFile | None = None
        self._spilled: list[list[tuple[int, int]]] = []  # the blocks of each run

    def run(self, rows: list[Any]) -> list[Any]:
        """Sort a run; returns an empty list for the next one. GROUP runs become a larger one at once."""
        rows.sort(key=ITEM0, reverse=self._reverse)
        self._group.append(rows)
        if len(self._group) == GROUP:
            self._keep(list(chain.from_iterable(self._group)))
            self._group = []
        return []

    def _keep(self, rows: list[Any]) -> None:
        rows.sort(key=ITEM0, reverse=self._reverse)
        if self._file is None:
            sample = rows[::64]
            self._kept += sum([size_of(row) for row in sample]) * len(rows) // len(sample)
            if self._kept <= self._most:
                self._runs.append(rows)
                return
            self._file = SpillFile()
        self._spilled.append(
            [self._file.write(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
        )

    def chunks(self, rows: list[Any]) -> Iterator[list[Any] | None]:
        """The rows of all runs and of the last one in order, in lists; None is a breath."""
        rows.sort(key=ITEM0, reverse=self._reverse)
        runs = [*self._runs, *self._group]
        if not runs and not self._spilled:
            for start in range(0, len(rows), 512):
                yield rows[start : start + 512]
            return
        if rows:
            runs.append(rows)
        self._runs, self._group = [], []
        if self._file is not None:
            yield from self._merge_spilled(runs, self._file)
        yield from _merge(runs, self._reverse)

    def _merge_spilled(self, runs: list[list[Any]], file: SpillFile) -> Iterator[list[Any] | None]:
        """Merge until no file has another block; then `runs` holds what is left."""
        reverse = self._reverse
        kept = len(runs)
        waiting = [iter(blocks) for blocks in self._spilled]
        runs += [[] for _ in waiting]
        starts = [0] * len(runs)
        live = set(range(kept, len(runs)))
        while True:
            for number in sorted(live):
                if starts[number] == len(runs[number]):
                    block = next(waiting[number - kept], None)
                    if block is None:
                        live.discard(number)
                        runs[number] = []
                    else:
                        runs[number] = file.read(block)
                    starts[number] = 0
            if not live:
                break
            lasts = [runs[number][-1][0] for number in live]
            cut = max(lasts) if reverse else min(lasts)
            piece: list[Any] = []
            for number, run in enumerate(runs):
                start = starts[number]
                if start == len(run):
                    continue
                if reverse:
                    end = _descending_end(run, cut, start)
                else:
                    end = bisect_right(run, cut, start, key=ITEM0)
                piece += run[start:end]
                starts[number] = end
            piece.sort(key=ITEM0, reverse=reverse)
            for start in range(0, len(piece), 512):
                yield piece[start : start + 512]
            yield None
        runs[:] = [run[start:] for run, start in zip(runs, starts, strict=True) if start < len(run)]


def _merge(runs: list[list[Any]], reverse: bool) -> Iterator[list[Any] | None]:
    if not runs:
        return
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
            run[start:end] = [None] * (end - start)  # so that rows go when they have been read
            starts[number] = end
        piece.sort(key=ITEM0, reverse=reverse)
        for start in range(0, len(piece), 512):
            yield piece[start : start + 512]
        yield None


def sorted_chunks(ctx: Any, rows: list[Any], reverse: bool) -> Iterator[list[Any] | None]:
    """All rows in order, in lists; None is a breath."""
    sorter = Sorter(ctx, reverse)
    for start in range(0, len(rows) - RUN, RUN):
        sorter.run(rows[start : start + RUN])
        yield None
    yield from sorter.chunks(rows[(max(len(rows) - 1, 0)) // RUN * RUN :])


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


__all__ = [
    "ITEM0",
    "RUN",
    "Descending",
    "Sorter",
    "inverted_text",
    "limit_count",
    "limit_offset",
    "sorted_chunks",
]
