"""Transition and final functions of the aggregates over numbers, texts and bits (manual section 9.21).

Sums and squares of integers and numerics are kept exactly, in Python's own big numbers; double
precision ones by the Youngs-Cramer recurrences, as PostgreSQL's float.c.
"""

import math
from decimal import Decimal
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INTERNAL_ERROR
from ..types.floats import float_overflow
from ..types.numeric import (
    CONTEXT,
    INFINITY,
    MINUS_INFINITY,
    NAN,
    ZERO,
    display_scale,
    divide,
    finish,
    guard_context,
    numeric_div,
    round_scale,
    select_div_scale,
)
from ..values import Array

# --- sums ----------------------------------------------------------------------------------------------


@implements("int2_sum", "int4_sum")
def int4_sum(state: int | None, value: int | None) -> int | None:
    if value is None:
        return state
    return value if state is None else state + value


@implements("int8_sum")
def int8_sum(state: Decimal | None, value: int | None) -> Decimal | None:
    if value is None:
        return state
    return Decimal(value) if state is None else CONTEXT.add(state, Decimal(value))


class IntState:
    """Count, sum and sum of squares of integers."""

    __slots__ = ("count", "squares", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0
        self.squares = 0


@implements("int2_accum", "int4_accum", "int8_accum")
def int4_accum(state: IntState | None, value: int | None) -> IntState:
    if state is None:
        state = IntState()
    if value is not None:
        state.count += 1
        state.total += value
        state.squares += value * value
    return state


@implements("int2_accum_inv", "int4_accum_inv", "int8_accum_inv")
def int4_accum_inv(state: IntState, value: int | None) -> IntState:
    if value is not None:
        state.count -= 1
        state.total -= value
        state.squares -= value * value
    return state


@implements("int8_avg_accum")
def int8_avg_accum(state: IntState | None, value: int | None) -> IntState:
    if state is None:
        state = IntState()
    if value is not None:
        state.count += 1
        state.total += value
    return state


@implements("int8_avg_accum_inv")
def int8_avg_accum_inv(state: IntState, value: int | None) -> IntState:
    if value is not None:
        state.count -= 1
        state.total -= value
    return state


@implements("numeric_poly_combine", "int8_avg_combine")
def numeric_poly_combine(a: IntState | None, b: IntState | None) -> IntState | None:
    if b is None:
        return a
    if a is None:
        a = IntState()
    a.count += b.count
    a.total += b.total
    a.squares += b.squares
    return a


@implements("numeric_poly_sum")
def numeric_poly_sum(state: IntState | None, *_: Any) -> Decimal | None:
    return None if state is None or not state.count else Decimal(state.total)


def _average(total: Decimal, count: int) -> Decimal:
    return numeric_div(total, Decimal(count))


@implements("numeric_poly_avg")
def numeric_poly_avg(state: IntState | None, *_: Any) -> Decimal | None:
    return None if state is None or not state.count else _average(Decimal(state.total), state.count)


def _pair_state(state: Array) -> tuple[int, int]:
    if len(state.items) != 2:
        raise SqlError(INTERNAL_ERROR, "expected 2-element int8 array")
    return state.items[0], state.items[1]


def _int8_array(*items: int) -> Array:
    return Array(20, items, (len(items),), (1,))


@implements("int2_avg_accum", "int4_avg_accum")
def int4_avg_accum(state: Array, value: int) -> Array:
    items = state.items
    return Array(20, (items[0] + 1, items[1] + value), (2,), (1,))


@implements("int2_avg_accum_inv", "int4_avg_accum_inv")
def int4_avg_accum_inv(state: Array, value: int) -> Array:
    items = state.items
    return Array(20, (items[0] - 1, items[1] - value), (2,), (1,))


@implements("int4_avg_combine")
def int4_avg_combine(a: Array, b: Array) -> Array:
    (n, x), (m, y) = _pair_state(a), _pair_state(b)
    return _int8_array(n + m, x + y)


@implements("int8_avg")
def int8_avg(state: Array, *_: Any) -> Decimal | None:
    count, total = _pair_state(state)
    return _average(Decimal(total), count) if count else None


@implements("int2int4_sum")
def int2int4_sum(state: Array, *_: Any) -> int | None:
    count, total = _pair_state(state)
    return total if count else None


class NumericState:
    """Count, sum, sum of squares, specials and the largest display scale of numerics."""

    __slots__ = (
        "count",
        "infinities",
        "minus_infinities",
        "nans",
        "scale",
        "scale_count",
        "squares",
        "total",
    )

    def __init__(self) -> None:
        self.count = 0  # finite values
        self.total = ZERO
        self.squares = ZERO
        self.scale = 0
        self.scale_count = 0  # values with that scale
        self.nans = self.infinities = self.minus_infinities = 0

    @property
    def inputs(self) -> int:
        return self.count + self.nans + self.infinities + self.minus_infinities


def _add_special(state: NumericState, value: Decimal, sign: int) -> None:
    if value.is_nan():
        state.nans += sign
    elif value > 0:
        state.infinities += sign
    else:
        state.minus_infinities += sign


def _accumulate(state: NumericState | None, value: Decimal | None, squares: bool) -> NumericState:
    if state is None:
        state = NumericState()
    if value is None:
        return state
    if not value.is_finite():
        _add_special(state, value, 1)
        return state
    if squares:
        state.squares = CONTEXT.add(state.squares, CONTEXT.multiply(value, value))
    state.total = CONTEXT.add(state.total, value)
    state.count += 1
    scale = display_scale(value)
    if scale > state.scale:
        state.scale, state.scale_count = scale, 1
    elif scale == state.scale:
        state.scale_count += 1
    return state


def _remove(state: NumericState, value: Decimal | None, squares: bool) -> NumericState | None:
    """Take a value out; None if the state must be computed anew."""
    if value is None:
        return state
    if not value.is_finite():
        _add_special(state, value, -1)
        return state
    if display_scale(value) == state.scale:
        if state.scale_count > 1 or state.scale == 0:
            state.scale_count -= 1
        elif state.count == 1:
            state.scale = state.scale_count = 0
        else:
            return None
    state.count -= 1
    if state.count == 0:
        state.total = state.squares = ZERO
        return state
    if squares:
        state.squares = CONTEXT.subtract(state.squares, CONTEXT.multiply(value, value))
    total = CONTEXT.subtract(state.total, value)
    state.total = round_scale(total, state.scale)
    return state


@implements("numeric_accum")
def numeric_accum(state: NumericState | None, value: Decimal | None) -> NumericState:
    return _accumulate(state, value, True)


@implements("numeric_avg_accum")
def numeric_avg_accum(state: NumericState | None, value: Decimal | None) -> NumericState:
    return _accumulate(state, value, False)


@implements("numeric_accum_inv")
def numeric_accum_inv(state: NumericState, value: Decimal | None) -> NumericState | None:
    return _remove(state, value, True)


@implements("numeric_avg_accum_inv")
def numeric_avg_accum_inv(state: NumericState, value: Decimal | None) -> NumericState | None:
    return _remove(state, value, False)


@implements("numeric_combine", "numeric_avg_combine")
def numeric_combine(a: NumericState | None, b: NumericState | None) -> NumericState | None:
    if b is None:
        return a
    if a is None:
        a = NumericState()
    a.total = CONTEXT.add(a.total, b.total)
    a.squares = CONTEXT.add(a.squares, b.squares)
    for field in ("count", "nans", "infinities", "minus_infinities"):
        setattr(a, field, getattr(a, field) + getattr(b, field))
    if b.scale > a.scale:
        a.scale, a.scale_count = b.scale, b.scale_count
    elif b.scale == a.scale:
        a.scale_count += b.scale_count
    return a


def _special_sum(state: NumericState) -> Decimal | None:
    if state.nans or (state.infinities and state.minus_infinities):
        return NAN
    if state.infinities:
        return INFINITY
    return MINUS_INFINITY if state.minus_infinities else None


@implements("numeric_sum")
def numeric_sum(state: NumericState | None, *_: Any) -> Decimal | None:
    if state is None or not state.inputs:
        return None
    special = _special_sum(state)
    return finish(state.total) if special is None else special


@implements("numeric_avg")
def numeric_avg(state: NumericState | None, *_: Any) -> Decimal | None:
    if state is None or not state.inputs:
        return None
    special = _special_sum(state)
    return _average(finish(state.total), state.count) if special is None else special


def _spread(count: int, total: Decimal, squares: Decimal, sample: bool, variance: bool) -> Decimal | None:
    """Variance or standard deviation from exact sums (numeric.c's numeric_stddev_internal)."""
    if count <= (1 if sample else 0):
        return None
    n = Decimal(count)
    numerator = CONTEXT.subtract(CONTEXT.multiply(squares, n), CONTEXT.multiply(total, total))
    if numerator <= 0:
        return ZERO
    denominator = Decimal(count * (count - 1) if sample else count * count)
    scale = select_div_scale(numerator, denominator, display_scale(numerator), 0)
    result = divide(numerator, denominator, scale)
    if variance:
        return finish(result)
    return _sqrt(result, scale)


def _sqrt(value: Decimal, scale: int) -> Decimal:
    digits = max(value.adjusted() // 2 + scale + 4, 4)
    return round_scale(guard_context(digits).sqrt(value), scale)


def _register_spreads() -> None:
    def make(sample: bool, variance: bool) -> Any:
        def of_integers(state: IntState | None, *_: Any) -> Decimal | None:
            if state is None or not state.count:
                return None
            return _spread(state.count, Decimal(state.total), Decimal(state.squares), sample, variance)

        def of_numerics(state: NumericState | IntState | None, *_: Any) -> Decimal | None:
            if isinstance(state, IntState):  # int8_accum's, whose final function is numeric's
                return of_integers(state)
            if state is None or state.inputs <= (1 if sample else 0):
                return None
            if _special_sum(state) is not None:
                return NAN
            return _spread(state.count, state.total, state.squares, sample, variance)

        return of_integers, of_numerics

    for word, sample, variance in (
        ("var_samp", True, True),
        ("var_pop", False, True),
        ("stddev_samp", True, False),
        ("stddev_pop", False, False),
    ):
        of_integers, of_numerics = make(sample, variance)
        implements(f"numeric_poly_{word}")(of_integers)
        implements(f"numeric_{word}")(of_numerics)


_register_spreads()

# --- double precision ------------------------------------------------------------------------------------


def _floats(state: Array, count: int, name: str) -> tuple[float, ...]:
    if len(state.items) != count or state.elemtype != 701 or len(state.dims) != 1:
        raise SqlError(INTERNAL_ERROR, f"{name}: expected {count}-element float8 array")
    return state.items


def _float_array(*items: float) -> Array:
    return Array(701, items, (len(items),), (1,))


@implements("float8_accum", "float4_accum")
def float8_accum(state: Array, value: float) -> Array:
    n, sx, sxx = _floats(state, 3, "float8_accum")
    count = n + 1.0
    total = sx + value
    if n > 0.0:
        step = value * count - total
        spread = sxx + step * step / (count * n)
        if math.isinf(total) or math.isinf(spread):
            if not math.isinf(sx) and not math.isinf(value):
                float_overflow()
            spread = math.nan
    else:
        spread = math.nan if value - value != 0.0 else sxx
    return _float_array(count, total, spread)


@implements("float8_combine")
def float8_combine(a: Array, b: Array) -> Array:
    n1, sx1, sxx1 = _floats(a, 3, "float8_combine")
    n2, sx2, sxx2 = _floats(b, 3, "float8_combine")
    if n1 == 0.0:
        return b
    if n2 == 0.0:
        return a
    count, total = n1 + n2, sx1 + sx2
    difference = sx1 / n1 - sx2 / n2
    return _float_array(count, total, sxx1 + sxx2 + n1 * n2 * difference * difference / count)


@implements("float8_avg")
def float8_avg(state: Array, *_: Any) -> float | None:
    n, sx, _sxx = _floats(state, 3, "float8_avg")
    return sx / n if n else None


@implements("float8_var_pop")
def float8_var_pop(state: Array, *_: Any) -> float | None:
    n, _sx, sxx = _floats(state, 3, "float8_var_pop")
    return sxx / n if n else None


@implements("float8_var_samp")
def float8_var_samp(state: Array, *_: Any) -> float | None:
    n, _sx, sxx = _floats(state, 3, "float8_var_samp")
    return sxx / (n - 1.0) if n > 1.0 else None


@implements("float8_stddev_pop")
def float8_stddev_pop(state: Array, *_: Any) -> float | None:
    n, _sx, sxx = _floats(state, 3, "float8_stddev_pop")
    return math.sqrt(sxx / n) if n else None


@implements("float8_stddev_samp")
def float8_stddev_samp(state: Array, *_: Any) -> float | None:
    n, _sx, sxx = _floats(state, 3, "float8_stddev_samp")
    return math.sqrt(sxx / (n - 1.0)) if n > 1.0 else None


def _regr_state(state: Array) -> tuple[float, ...]:
    """N, Sx, Sxx, Sy, Syy, Sxy."""
    return _floats(state, 6, "float8_regr_accum")


@implements("float8_regr_accum")
def float8_regr_accum(state: Array, y: float, x: float) -> Array:
    n, sx, sxx, sy, syy, sxy = _regr_state(state)
    count, new_sx, new_sy = n + 1.0, sx + x, sy + y
    if n > 0.0:
        step_x, step_y, scale = x * count - new_sx, y * count - new_sy, 1.0 / (count * n)
        sxx += step_x * step_x * scale
        syy += step_y * step_y * scale
        sxy += step_x * step_y * scale
        if any(map(math.isinf, (new_sx, sxx, new_sy, syy, sxy))):
            if (
                ((math.isinf(new_sx) or math.isinf(sxx)) and not math.isinf(sx) and not math.isinf(x))
                or ((math.isinf(new_sy) or math.isinf(syy)) and not math.isinf(sy) and not math.isinf(y))
                or (math.isinf(sxy) and not any(map(math.isinf, (sx, x, sy, y))))
            ):
                float_overflow()
            sxx = math.nan if math.isinf(sxx) else sxx
            syy = math.nan if math.isinf(syy) else syy
            sxy = math.nan if math.isinf(sxy) else sxy
    else:
        if x - x != 0.0:
            sxx = sxy = math.nan
        if y - y != 0.0:
            syy = sxy = math.nan
    return _float_array(count, new_sx, sxx, new_sy, syy, sxy)


@implements("float8_regr_combine")
def float8_regr_combine(a: Array, b: Array) -> Array:
    n1, sx1, sxx1, sy1, syy1, sxy1 = _regr_state(a)
    n2, sx2, sxx2, sy2, syy2, sxy2 = _regr_state(b)
    if n1 == 0.0:
        return b
    if n2 == 0.0:
        return a
    n = n1 + n2
    dx, dy = sx1 / n1 - sx2 / n2, sy1 / n1 - sy2 / n2
    factor = n1 * n2 / n
    return _float_array(
        n,
        sx1 + sx2,
        sxx1 + sxx2 + factor * dx * dx,
        sy1 + sy2,
        syy1 + syy2 + factor * dy * dy,
        sxy1 + sxy2 + factor * dx * dy,
    )


@implements("float8_regr_sxx")
def float8_regr_sxx(state: Array, *_: Any) -> float | None:
    items = _regr_state(state)
    return items[2] if items[0] >= 1.0 else None


@implements("float8_regr_syy")
def float8_regr_syy(state: Array, *_: Any) -> float | None:
    items = _regr_state(state)
    return items[4] if items[0] >= 1.0 else None


@implements("float8_regr_sxy")
def float8_regr_sxy(state: Array, *_: Any) -> float | None:
    items = _regr_state(state)
    return items[5] if items[0] >= 1.0 else None


@implements("float8_regr_avgx")
def float8_regr_avgx(state: Array, *_: Any) -> float | None:
    items = _regr_state(state)
    return items[1] / items[0] if items[0] >= 1.0 else None


@implements("float8_regr_avgy")
def float8_regr_avgy(state: Array, *_: Any) -> float | None:
    items = _regr_state(state)
    return items[3] / items[0] if items[0] >= 1.0 else None


@implements("float8_covar_pop")
def float8_covar_pop(state: Array, *_: Any) -> float | None:
    items = _regr_state(state)
    return items[5] / items[0] if items[0] >= 1.0 else None


@implements("float8_covar_samp")
def float8_covar_samp(state: Array, *_: Any) -> float | None:
    items = _regr_state(state)
    return items[5] / (items[0] - 1.0) if items[0] >= 2.0 else None


@implements("float8_corr")
def float8_corr(state: Array, *_: Any) -> float | None:
    n, _sx, sxx, _sy, syy, sxy = _regr_state(state)
    if n < 1.0 or sxx == 0.0 or syy == 0.0:
        return None
    return sxy / math.sqrt(sxx * syy)


@implements("float8_regr_r2")
def float8_regr_r2(state: Array, *_: Any) -> float | None:
    n, _sx, sxx, _sy, syy, sxy = _regr_state(state)
    if n < 1.0 or sxx == 0.0:
        return None
    return 1.0 if syy == 0.0 else (sxy * sxy) / (sxx * syy)


@implements("float8_regr_slope")
def float8_regr_slope(state: Array, *_: Any) -> float | None:
    n, _sx, sxx, _sy, _syy, sxy = _regr_state(state)
    return None if n < 1.0 or sxx == 0.0 else sxy / sxx


@implements("float8_regr_intercept")
def float8_regr_intercept(state: Array, *_: Any) -> float | None:
    n, sx, sxx, sy, _syy, sxy = _regr_state(state)
    return None if n < 1.0 or sxx == 0.0 else (sy - sx * sxy / sxx) / n


# --- texts and anything ------------------------------------------------------------------------------------


def _collect(state: list[Any] | None, value: Any, delimiter: Any) -> list[Any] | None:
    if value is None:
        return state
    if state is None:
        return [value]
    if delimiter:
        state.append(delimiter)
    state.append(value)
    return state


@implements("string_agg_transfn")
def string_agg_transfn(state: list[str] | None, value: str | None, delimiter: str | None) -> list[str] | None:
    return _collect(state, value, delimiter)


@implements("string_agg_finalfn")
def string_agg_finalfn(state: list[str] | None, *_: Any) -> str | None:
    return None if state is None else "".join(state)


@implements("bytea_string_agg_transfn")
def bytea_string_agg_transfn(
    state: list[bytes] | None, value: bytes | None, delimiter: bytes | None
) -> list[bytes] | None:
    return _collect(state, value, delimiter)


@implements("bytea_string_agg_finalfn")
def bytea_string_agg_finalfn(state: list[bytes] | None, *_: Any) -> bytes | None:
    return None if state is None else b"".join(state)


@implements("any_value_transfn", inline="{0}")
def any_value_transfn(state: Any, _value: Any) -> Any:
    return state
