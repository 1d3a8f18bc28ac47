"""What a query collects in memory (sorts, hash tables, groups, CTEs), held against the dsql mode's limit.

Generated code counts the rows of each of its collections and shows one now and then (Frame.hold): the more
bytes it has, the sooner the next. Sizes are about those of PostgreSQL's tuples, not of Python's; inferred.
"""

from typing import Any

HEADER = 24  # of a row
FIXED = 8  # of a value that is neither text nor made of others
EVERY_ROWS = 512
EVERY_BYTES = 64 << 10


def size_of(value: Any) -> int:
    """About how many bytes a value takes."""
    kind = type(value)
    if kind is str or kind is bytes:
        return len(value) + 4
    if isinstance(value, tuple | list | set):
        return sum(map(size_of, value))
    if kind is dict:
        return sum([size_of(key) + size_of(item) for key, item in value.items()])
    return FIXED


class QueryMemory:
    """One for a run of a plan."""

    __slots__ = ("_held", "_limits", "_most", "_step")

    def __init__(self, ctx: Any) -> None:
        self._limits = ctx.session.engine.limits
        self._most: int = self._limits["query_memory"]
        self._step = min(EVERY_BYTES, self._most >> 4)
        self._held: dict[str, tuple[int, int]] = {}  # rows and bytes by collection

    def look(self, collection: str, rows: int, row: Any) -> int:
        """There are so many rows, the last one is `row`; returns at how many to look again. A collection
        that has become smaller is a new one in the place of the old."""
        size = size_of(row) + HEADER
        held = self._held
        before, total = held.get(collection, (0, 0))
        if rows <= before:
            before = total = 0
        held[collection] = rows, total + (rows - before) * size
        now = sum([size for _, size in held.values()])
        if now > self._most:
            raise self._limits.error("query_memory", now)
        return rows + min(EVERY_ROWS, self._step // size + 1)
