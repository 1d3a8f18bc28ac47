"""What generated aggregate code calls: exact sums, averages, sorted argument rows."""

from collections.abc import Callable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, NamedTuple

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS
from ..sqlstates import NUMERIC_VALUE_OUT_OF_RANGE

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
numeric_add_exact = EXACT.add


def int8_checked(total: int) -> int:
    """A sum of integers as int8; 22003 if it is too large."""
    if not -(2**63) <= total < 2**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
    return total


_divide: Callable[[Decimal, Decimal], Decimal] | None = None


def numeric_average(total: Any, count: int) -> Decimal:
    """total / count as numeric division rounds."""
    global _divide
    if _divide is None:
        _divide = IMPLEMENTATIONS["numeric_div"].function
    return _divide(total if type(total) is Decimal else Decimal(total), Decimal(count))


class SortedRows(NamedTuple):
    """The rows of an ordered-set aggregate: tuples (sort key, argument values...), sorted;
    `order` has (key function or None, descending, nulls first) per argument."""

    rows: list[Any]
    order: tuple[tuple[Callable[[Any], Any] | None, bool, bool], ...]
