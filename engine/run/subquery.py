"""What generated code of subqueries in expressions calls."""

from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import SqlError
from ..sqlstates import ARRAY_SUBSCRIPT_ERROR, CARDINALITY_VIOLATION
from ..values import Array, make_array


def more_than_one_row() -> NoReturn:
    """21000."""
    raise SqlError(CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression")


class Once:
    """A function without arguments whose first result is remembered."""

    __slots__ = ("_done", "_function", "_result")

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._done = False
        self._result: Any = None

    def __call__(self) -> Any:
        if not self._done:
            self._result = self._function()
            self._done = True
        return self._result


class RowSet:
    """The rows of an uncorrelated IN subquery as a set of key tuples (PostgreSQL's hashed SubPlan):
    `has` is True, False or None (unknown)."""

    __slots__ = ("_load", "_loaded", "_members", "_partial")

    def __init__(self, load: Callable[[], list[tuple[Any, ...]]]) -> None:
        self._load = load
        self._loaded = False
        self._members: set[tuple[Any, ...]] = set()
        self._partial: list[tuple[Any, ...]] = []  # rows with a NULL

    def has(self, key: tuple[Any, ...]) -> bool | None:
        if not self._loaded:
            for row in self._load():
                if None in row:
                    self._partial.append(row)
                else:
                    self._members.add(row)
            self._loaded = True
        if None not in key:
            if key in self._members:
                return True
            return None if any(_may_equal(key, row) for row in self._partial) else False
        if not self._members and not self._partial:
            return False
        if len(key) == 1:
            return None
        rows = [*self._members, *self._partial]
        return None if any(_may_equal(key, row) for row in rows) else False


def _may_equal(key: tuple[Any, ...], row: tuple[Any, ...]) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(key, row, strict=True))


def array_of_rows(elemtype: int, items: list[Any], arrays: bool) -> Array:
    """ARRAY(subquery)."""
    if not arrays:
        return make_array(elemtype, items)
    if not items:
        return Array(elemtype, (), (), ())
    from .arrays import stack_arrays

    for item in items:
        if item is None:
            raise SqlError(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate null arrays")
    return stack_arrays(elemtype, items)
