"""Counters of EXPLAIN ANALYZE."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any


class NodeStatistics:
    """What one plan node did: times in seconds, inclusive of the nodes below."""

    __slots__ = ("first_seconds", "loops", "rows", "total_seconds")

    def __init__(self) -> None:
        self.rows = 0
        self.loops = 0
        self.first_seconds = 0.0
        self.total_seconds = 0.0


def timed(statistics: NodeStatistics, rows: Iterator[Any]) -> Iterator[Any]:
    """The rows of a node, counted and timed; breaths (None) pass uncounted."""
    statistics.loops += 1
    first = True
    while True:
        start = perf_counter()
        row = next(rows, statistics)
        spent = perf_counter() - start
        statistics.total_seconds += spent
        if first:
            statistics.first_seconds += spent
        if row is statistics:
            return
        if row is not None:
            first = False
            statistics.rows += 1
        yield row
