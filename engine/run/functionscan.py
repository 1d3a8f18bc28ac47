"""Set-returning functions at run time."""

from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import Any

from ..errors import SqlError
from ..sqlstates import DATATYPE_MISMATCH
from ..values import Record, RowType

CHUNK = 256
RECORDOID = 2249


def breathing(items: Iterable[Any]) -> Iterator[list[Any]]:
    """The items in lists of limited length."""
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def fields_of(item: Any, width: int) -> tuple[Any, ...]:
    """The columns of one row result: a tuple, a Record, or NULL."""
    if item is None:
        return (None,) * width
    if type(item) is Record:
        found = len(item.values)
        if found == width:
            return item.values
        if found < width or item.rowtype.typid == RECORDOID:
            raise _other_row(found, width)
        return item.values[:width]  # the type got columns since the query was analysed
    if isinstance(item, tuple):
        return item
    return (item,)


def _other_row(returned: int, expected: int) -> SqlError:
    plural = "" if returned == 1 else "s"
    return SqlError(
        DATATYPE_MISMATCH,
        "function return row and query-specified return row do not match",
        detail=f"Returned row contains {returned} attribute{plural}, but query expects {expected}.",
    )


def zip_functions(functions: list[tuple[Iterable[Any], int, bool]]) -> Iterator[tuple[Any, ...]]:
    """ROWS FROM: the functions' columns side by side, shorter ones filled up with NULL."""
    parts = [
        _rows(items, width) if is_row else ((item,) for item in items) for items, width, is_row in functions
    ]
    widths = [width for _, width, _ in functions]
    for row in zip_longest(*parts):
        out: list[Any] = []
        for fields, width in zip(row, widths, strict=True):
            out += (None,) * width if fields is None else fields
        yield tuple(out)


def _rows(items: Iterable[Any], width: int) -> Iterator[tuple[Any, ...]]:
    return (fields_of(item, width) for item in items)


def lockstep(*calls: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Set-returning calls of a target list, the shorter ones filled up with NULL."""
    return zip_longest(*calls)


def as_records(items: Iterable[Any], shape: RowType) -> Iterator[Any]:
    """Row results as Records."""
    for item in items:
        yield item if item is None or type(item) is Record else Record(shape, tuple(item))
