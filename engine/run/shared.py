"""Rows that several readers share and that are made on demand: materialised CTEs."""

from collections.abc import Iterator
from typing import Any

from .graveyard import bury

_END: Any = object()


class SharedRows:
    """A row generator whose rows are kept, so that each reader sees all of them from the start. The
    source runs only as far as the foremost reader has got (LIMIT on a recursive CTE ends it)."""

    __slots__ = ("_source", "rows")

    def __init__(self, source: Iterator[Any]) -> None:
        self._source: Iterator[Any] | None = source
        self.rows: list[Any] = []

    def read(self) -> Iterator[Any]:
        """All rows; None is a breath of the source."""
        rows = self.rows
        place = 0
        while True:
            while place < len(rows):
                if place % 512 == 511:
                    yield None
                yield rows[place]
                place += 1
            source = self._source
            if source is None:
                return
            row = next(source, _END)
            if row is _END:
                self._source = None
            elif row is None:
                yield None
            else:
                rows.append(row)

    def __del__(self) -> None:
        bury(self.rows)

    def rest(self) -> Iterator[None]:
        """Run the source to its end (data-modifying CTEs); yields breaths."""
        source = self._source
        if source is not None:
            for row in source:
                if row is None:
                    yield None
                else:
                    self.rows.append(row)
            self._source = None
