"""Ordered-set and hypothetical-set aggregates: their final functions over sorted argument rows.

The state is an accumulate.SortedRows: `rows` are (sort key, argument values...) in order. The direct
arguments follow; those behind them (aggfinalextra) are always NULL.
"""

import math
from typing import Any

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import NUMERIC_VALUE_OUT_OF_RANGE
from ..types.compare import hash_key
from ..values import Array, Interval
from .accumulate import SortedRows


def _check(fraction: float) -> None:
    if not 0 <= fraction <= 1:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f"percentile value {fraction:.6g} is not between 0 and 1")


def _disc(state: SortedRows, fraction: float | None) -> Any:
    if fraction is None:
        return None
    _check(fraction)
    rows = state.rows
    if not rows:
        return None
    return rows[max(math.ceil(fraction * len(rows)), 1) - 1][1]


def _between_floats(low: float, high: float, part: float) -> float:
    return low + part * (high - low)


def _between_intervals(low: Interval, high: Interval, part: float) -> Interval:
    """low + part * (high - low), the fractions of months and days carried down."""
    months = (high.months - low.months) * part
    whole_months = math.trunc(months)
    days = (high.days - low.days) * part
    carried = round((months - whole_months) * 30, 6)
    whole_days = math.trunc(days)
    rest = round(days - whole_days + carried - math.trunc(carried), 6)
    if abs(rest) >= 1:
        whole_days += math.trunc(rest)
        rest -= math.trunc(rest)
    microseconds = round((high.microseconds - low.microseconds) * part + rest * 86_400_000_000)
    return Interval(
        low.months + whole_months,
        low.days + whole_days + math.trunc(carried),
        low.microseconds + microseconds,
    )


def _cont(state: SortedRows, fraction: float | None, between: Any) -> Any:
    if fraction is None:
        return None
    _check(fraction)
    rows = state.rows
    if not rows:
        return None
    place = fraction * (len(rows) - 1)
    first, last = math.floor(place), math.ceil(place)
    low = rows[first][1]
    return low if first == last else between(low, rows[last][1], place - first)


def _multi(state: SortedRows, fractions: Array | None, one: Any, elemtype: int) -> Array | None:
    if fractions is None or not state.rows:
        return None
    return Array(elemtype, tuple([one(state, f) for f in fractions.items]), fractions.dims, fractions.lowers)


@implements("percentile_disc_final")
def percentile_disc_final(state: SortedRows, fraction: float | None, *extra: Any) -> Any:
    return _disc(state, fraction)


@implements("percentile_cont_float8_final")
def percentile_cont_float8_final(state: SortedRows, fraction: float | None, *extra: Any) -> Any:
    return _cont(state, fraction, _between_floats)


@implements("percentile_cont_interval_final")
def percentile_cont_interval_final(state: SortedRows, fraction: float | None, *extra: Any) -> Any:
    return _cont(state, fraction, _between_intervals)


@implements("percentile_disc_multi_final", bind=True)
def percentile_disc_multi_final(site: CallSite) -> Any:
    elemtype = site.catalog.element_type(site.result_type)
    return lambda state, fractions, *extra: _multi(state, fractions, _disc, elemtype)


@implements("percentile_cont_float8_multi_final")
def percentile_cont_float8_multi_final(state: SortedRows, fractions: Array | None, *extra: Any) -> Any:
    return _multi(state, fractions, lambda s, f: _cont(s, f, _between_floats), 701)


@implements("percentile_cont_interval_multi_final")
def percentile_cont_interval_multi_final(state: SortedRows, fractions: Array | None, *extra: Any) -> Any:
    return _multi(state, fractions, lambda s, f: _cont(s, f, _between_intervals), 1186)


@implements("mode_final", bind=True)
def mode_final(site: CallSite) -> Any:
    """The most frequent value, the first in order among equals."""
    key = hash_key(site.catalog, site.result_type)

    def mode(state: SortedRows, *extra: Any) -> Any:
        best, best_count = None, 0
        last: Any = mode
        count = 0
        for row in state.rows:
            current = row[1] if key is None else key(row[1])
            count = count + 1 if current == last else 1
            last = current
            if count > best_count:
                best, best_count = row[1], count
        return best

    return mode


# --- hypothetical sets ----------------------------------------------------------------------------


def _compare(state: SortedRows, row: tuple[Any, ...], direct: tuple[Any, ...]) -> int:
    """The order of a row and the hypothetical one."""
    for value, given, (key, descending, nulls_first) in zip(row[1:], direct, state.order, strict=False):
        if value is None or given is None:
            if value is given:
                continue
            return -1 if (value is None) == nulls_first else 1
        a, b = (value, given) if key is None else (key(value), key(given))
        if a != b:
            return -1 if (a < b) != descending else 1
    return 0


def _direct(state: SortedRows, args: tuple[Any, ...]) -> tuple[Any, ...]:
    return args[: len(state.order)]


@implements("hypothetical_rank_final")
def hypothetical_rank_final(state: SortedRows, *args: Any) -> int:
    direct = _direct(state, args)
    return 1 + sum(1 for row in state.rows if _compare(state, row, direct) < 0)


@implements("hypothetical_dense_rank_final")
def hypothetical_dense_rank_final(state: SortedRows, *args: Any) -> int:
    direct = _direct(state, args)
    return 1 + len({row[0] for row in state.rows if _compare(state, row, direct) < 0})


@implements("hypothetical_percent_rank_final")
def hypothetical_percent_rank_final(state: SortedRows, *args: Any) -> float:
    if not state.rows:
        return 0.0
    return (hypothetical_rank_final(state, *args) - 1) / len(state.rows)


@implements("hypothetical_cume_dist_final")
def hypothetical_cume_dist_final(state: SortedRows, *args: Any) -> float:
    direct = _direct(state, args)
    upto = 1 + sum(1 for row in state.rows if _compare(state, row, direct) <= 0)
    return upto / (len(state.rows) + 1)
