"""Aggregates that rows can be taken out of again, for window frames that move.

Sums of numeric values count as such only if all have the same scale: the scale of a sum is that of
the rows in it. (Floating-point sums are computed anew for each frame, as PostgreSQL does.)
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from .accumulate import EXACT, int8_checked, numeric_average

Moving = tuple[Callable[..., None], Callable[[], Any], Callable[..., None]]  # add, result, remove


class MovingKind(NamedTuple):
    """How to make the functions; `numeric`: the values are Decimals."""

    make: Callable[[], Moving]
    numeric: bool = False

    def applies(self, arguments: Sequence[Any]) -> bool:
        """Whether these arguments (a tuple per row, None for rows that are filtered out) allow it."""
        if not self.numeric:
            return True
        exponents = {
            item[0].as_tuple().exponent for item in arguments if item is not None and item[0] is not None
        }
        return not exponents or (len(exponents) == 1 and isinstance(exponents.pop(), int))


def _count() -> Moving:
    number = 0

    def add(*values: Any) -> None:
        nonlocal number
        if not values or values[0] is not None:
            number += 1

    def remove(*values: Any) -> None:
        nonlocal number
        if not values or values[0] is not None:
            number -= 1

    return add, lambda: number, remove


def _sum(final: Callable[[Any, int], Any]) -> Callable[[], Moving]:
    def make() -> Moving:
        total = number = 0

        def add(value: Any) -> None:
            nonlocal total, number
            if value is not None:
                total += value
                number += 1

        def remove(value: Any) -> None:
            nonlocal total, number
            if value is not None:
                total -= value
                number -= 1

        return add, lambda: final(total, number) if number else None, remove

    return make


def _numeric_sum(final: Callable[[Any, int], Any]) -> Callable[[], Moving]:
    plus, minus = EXACT.add, EXACT.subtract

    def make() -> Moving:
        total: Any = None
        number = 0

        def add(value: Any) -> None:
            nonlocal total, number
            if value is not None:
                total = value if total is None else plus(total, value)
                number += 1

        def remove(value: Any) -> None:
            nonlocal total, number
            if value is not None:
                total = minus(total, value)
                number -= 1

        return add, lambda: final(total, number) if number else None, remove

    return make


MOVING: dict[tuple[str, str], MovingKind] = {  # by prosrc of the transition and final functions
    ("int8inc", ""): MovingKind(_count),
    ("int8inc_any", ""): MovingKind(_count),
    ("int2_sum", ""): MovingKind(_sum(lambda total, n: int8_checked(total))),
    ("int4_sum", ""): MovingKind(_sum(lambda total, n: int8_checked(total))),
    ("int8_avg_accum", "numeric_poly_sum"): MovingKind(_sum(lambda total, n: Decimal(total))),
    ("int2_avg_accum", "int8_avg"): MovingKind(_sum(numeric_average)),
    ("int4_avg_accum", "int8_avg"): MovingKind(_sum(numeric_average)),
    ("int8_avg_accum", "numeric_poly_avg"): MovingKind(_sum(numeric_average)),
    ("numeric_avg_accum", "numeric_sum"): MovingKind(_numeric_sum(lambda total, n: total), True),
    ("numeric_avg_accum", "numeric_avg"): MovingKind(_numeric_sum(numeric_average), True),
}
