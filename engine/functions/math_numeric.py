"""Mathematical functions on numeric (manual section 9.3): scales chosen as PostgreSQL 18 chooses them."""

import math
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    DIVISION_BY_ZERO,
    INVALID_ARGUMENT_FOR_LOG,
    INVALID_ARGUMENT_FOR_POWER_FUNCTION,
    INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION,
    INVALID_PARAMETER_VALUE,
    NUMERIC_VALUE_OUT_OF_RANGE,
)
from ..types.integers import int4_overflow
from ..types.numeric import (
    CONTEXT,
    DISPLAY_SCALE_MAX,
    INFINITY,
    MIN_SIG_DIGITS,
    MINUS_INFINITY,
    NAN,
    ONE,
    SCALE_MAX,
    ZERO,
    display_scale,
    divide,
    finish,
    first_digit_weight,
    guard_context,
    overflow,
    round_scale,
    unit,
)

_LOG10_E = 0.434294481903252
_RESULT_SCALE_MAX = 2000


def _clamp_scale(scale: int, *scales: int) -> int:
    return min(max(scale, *scales, 0), DISPLAY_SCALE_MAX)


@implements("numeric_round")
def numeric_round(value: Decimal, scale: int) -> Decimal:
    if not value.is_finite():
        return value
    scale = max(min(scale, SCALE_MAX), -131_072)
    result = round_scale(value, scale)
    return finish(round_scale(result, 0)) if scale < 0 else finish(result)


@implements("numeric_trunc")
def numeric_trunc(value: Decimal, scale: int) -> Decimal:
    if not value.is_finite():
        return value
    scale = max(min(scale, SCALE_MAX), -131_072)
    result = value.quantize(unit(scale), rounding=ROUND_DOWN, context=CONTEXT)
    return round_scale(result, max(scale, 0))


@implements("numeric_ceil")
def numeric_ceil(value: Decimal) -> Decimal:
    if not value.is_finite():
        return value
    return finish(value.quantize(ONE, rounding=ROUND_CEILING, context=CONTEXT))


@implements("numeric_floor")
def numeric_floor(value: Decimal) -> Decimal:
    if not value.is_finite():
        return value
    return finish(value.quantize(ONE, rounding=ROUND_FLOOR, context=CONTEXT))


@implements("numeric_sign")
def numeric_sign(value: Decimal) -> Decimal:
    if value.is_nan():
        return NAN
    return ONE if value > 0 else -ONE if value < 0 else ZERO


@implements("numeric_scale")
def numeric_scale(value: Decimal) -> int | None:
    return display_scale(value) if value.is_finite() else None


@implements("numeric_min_scale")
def numeric_min_scale(value: Decimal) -> int | None:
    return display_scale(numeric_trim_scale(value)) if value.is_finite() else None


@implements("numeric_trim_scale")
def numeric_trim_scale(value: Decimal) -> Decimal:
    if not value.is_finite():
        return value
    return finish(CONTEXT.normalize(value)) if value else ZERO


def _scaled_pair(a: Decimal, b: Decimal) -> tuple[int, int, int]:
    scale = max(display_scale(a), display_scale(b))
    return int(a.copy_abs().scaleb(scale, CONTEXT)), int(b.copy_abs().scaleb(scale, CONTEXT)), scale


@implements("numeric_gcd")
def numeric_gcd(a: Decimal, b: Decimal) -> Decimal:
    if not (a.is_finite() and b.is_finite()):
        return NAN
    x, y, scale = _scaled_pair(a, b)
    return Decimal(math.gcd(x, y)).scaleb(-scale, CONTEXT)


@implements("numeric_lcm")
def numeric_lcm(a: Decimal, b: Decimal) -> Decimal:
    if not (a.is_finite() and b.is_finite()):
        return NAN
    x, y, scale = _scaled_pair(a, b)
    return finish(Decimal(math.lcm(x, y)).scaleb(-scale, CONTEXT))


@implements("numeric_fac")
def numeric_fac(value: int) -> Decimal:
    if value < 0:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "factorial of a negative number is undefined")
    if value > 32177:
        overflow()
    return Decimal(math.factorial(value))


@implements("numeric_sqrt")
def numeric_sqrt(value: Decimal) -> Decimal:
    if value < 0 if not value.is_nan() else False:
        raise SqlError(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number")
    if not value.is_finite():
        return value
    weight = first_digit_weight(value)[1]
    numerator = (weight + 1) * 4
    result_weight = (numerator // 2 if numerator >= 0 else -(-numerator // 2)) - 1
    scale = _clamp_scale(MIN_SIG_DIGITS - result_weight, display_scale(value))
    digits = max(value.adjusted() // 2 + scale + 4, 4)
    return round_scale(guard_context(digits).sqrt(value), scale)


def _exp(value: Decimal, scale: int) -> Decimal:
    """exp() rounded to a scale, with PostgreSQL's limits."""
    approximate = float(value)
    if abs(approximate) >= _RESULT_SCALE_MAX * 3:
        if approximate > 0:
            overflow()
        return round_scale(ZERO, scale)
    digits = max(int(approximate * _LOG10_E) + scale + 10, 10)
    return round_scale(guard_context(digits).exp(value), scale)


@implements("numeric_exp")
def numeric_exp(value: Decimal) -> Decimal:
    if not value.is_finite():
        return ZERO if value == MINUS_INFINITY else value
    weight = min(max(float(value) * _LOG10_E, -_RESULT_SCALE_MAX), _RESULT_SCALE_MAX)
    return finish(_exp(value, _clamp_scale(MIN_SIG_DIGITS - int(weight), display_scale(value))))


def _check_log(value: Decimal) -> None:
    if value < 0:
        raise SqlError(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number")
    if value == 0:
        raise SqlError(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero")


def estimate_ln_dweight(value: Decimal) -> int:
    """The decimal weight of ln(value), as numeric.c estimates it."""
    if value <= 0:
        return 0
    if Decimal("0.9") <= value <= Decimal("1.1"):
        difference = CONTEXT.subtract(value, ONE)
        if not difference:
            return 0
        first, weight = first_digit_weight(difference)
        return weight * 4 + int(math.log10(first))
    # ln(value) from its leading digits
    adjusted = value.adjusted()
    leading = float(value.scaleb(-adjusted, CONTEXT))
    logarithm = abs(math.log(leading) + adjusted * 2.302585092994046)
    return int(math.log10(logarithm)) if logarithm else 0


def _ln(value: Decimal, scale: int) -> Decimal:
    return round_scale(guard_context(max(scale + 12, 20)).ln(value), scale)


@implements("numeric_ln")
def numeric_ln(value: Decimal) -> Decimal:
    if value.is_nan():
        return value
    _check_log(value)
    if not value.is_finite():
        return value
    scale = _clamp_scale(MIN_SIG_DIGITS - estimate_ln_dweight(value), display_scale(value))
    return _ln(value, scale)


@implements("numeric_log")
def numeric_log(base: Decimal, value: Decimal) -> Decimal:
    if base.is_nan() or value.is_nan():
        return NAN
    if not (base.is_finite() and value.is_finite()):
        for argument in sorted((base, value)):  # a negative one is reported first
            _check_log(argument)
        if base.is_finite():
            return value
        return NAN if not value.is_finite() else ZERO
    _check_log(base)
    _check_log(value)
    base_weight, value_weight = estimate_ln_dweight(base), estimate_ln_dweight(value)
    weight = value_weight - base_weight
    scale = _clamp_scale(MIN_SIG_DIGITS - weight, display_scale(base), display_scale(value))
    ln_base = _ln(base, max(scale + weight - base_weight + 8, 0))
    ln_value = _ln(value, max(scale + weight - value_weight + 8, 0))
    if not ln_base:
        raise SqlError(DIVISION_BY_ZERO, "division by zero")
    return finish(divide(ln_value, ln_base, scale))


def _is_integral(value: Decimal) -> bool:
    return not value.is_finite() or value == value.to_integral_value(rounding=ROUND_DOWN, context=CONTEXT)


def _is_odd(value: Decimal) -> bool:
    return value.is_finite() and _is_integral(value) and CONTEXT.remainder(value, Decimal(2)) != 0


def _power_error(text: str) -> SqlError:
    return SqlError(INVALID_ARGUMENT_FOR_POWER_FUNCTION, text)


def _power_int(base: Decimal, exponent: int, exponent_scale: int) -> Decimal:
    """A power with an integral 32-bit exponent."""
    if not base:
        if exponent < 0:
            raise _power_error("zero raised to a negative power is undefined")
        return round_scale(ONE if exponent == 0 else ZERO, max(MIN_SIG_DIGITS, display_scale(base)))
    adjusted = base.adjusted()
    mantissa = float(base.copy_abs().scaleb(-adjusted, CONTEXT))
    weight = exponent * (math.log10(mantissa) + adjusted)
    if weight > 131_072:
        overflow()
    if weight + 1 < -DISPLAY_SCALE_MAX:
        return round_scale(ZERO, DISPLAY_SCALE_MAX)
    scale = _clamp_scale(MIN_SIG_DIGITS - int(weight), display_scale(base), exponent_scale)
    digits = max(int(weight) + scale + 12, 20)
    extra = len(str(abs(exponent)))
    result = guard_context(digits + extra).power(base, Decimal(exponent))
    return finish(round_scale(result, scale))


def _power_special(base: Decimal, exponent: Decimal) -> Decimal:
    if base.is_nan():
        return ONE if exponent == 0 else NAN
    if exponent.is_nan():
        return ONE if base == 1 else NAN
    if base == 0 and exponent < 0:
        raise _power_error("zero raised to a negative power is undefined")
    if base < 0 and not _is_integral(exponent):
        raise _power_error("a negative number raised to a non-integer power yields a complex result")
    if base == 1 or exponent == 0:
        return ONE
    if base == 0:
        return ZERO
    if not exponent.is_finite():
        if base == -1:
            return ONE
        above = not base.is_finite() or base.copy_abs() > 1
        return INFINITY if above == (exponent > 0) else ZERO
    if exponent < 0:
        return ZERO
    return MINUS_INFINITY if base < 0 and _is_odd(exponent) else INFINITY


@implements("numeric_power")
def numeric_power(base: Decimal, exponent: Decimal) -> Decimal:
    if not (base.is_finite() and exponent.is_finite()):
        return _power_special(base, exponent)
    if base == 0 and exponent < 0:
        raise _power_error("zero raised to a negative power is undefined")
    integral = _is_integral(exponent)
    if integral and -(2**31) <= exponent < 2**31:
        return _power_int(base, int(exponent), display_scale(exponent))
    if not base:
        return round_scale(ZERO, MIN_SIG_DIGITS)
    negative = base < 0
    if negative:
        if not integral:
            raise _power_error("a negative number raised to a non-integer power yields a complex result")
        base = base.copy_abs()
    ln_weight = estimate_ln_dweight(base)
    rough_scale = max(8 - ln_weight, 0)
    rough = round_scale(CONTEXT.multiply(_ln(base, rough_scale), exponent), rough_scale)
    logarithm = float(rough)
    if abs(logarithm) > _RESULT_SCALE_MAX * 3.01:
        if logarithm > 0:
            overflow()
        return round_scale(ZERO, DISPLAY_SCALE_MAX)
    weight = int(logarithm * _LOG10_E)
    scale = _clamp_scale(MIN_SIG_DIGITS - weight, display_scale(base), display_scale(exponent))
    local = max(max(scale + weight, 0) - ln_weight + 8, 0)
    product = round_scale(CONTEXT.multiply(_ln(base, local), exponent), local)
    result = finish(_exp(product, scale))
    return result.copy_negate() if negative and _is_odd(exponent) and result else result


@implements("width_bucket_numeric")
def width_bucket_numeric(operand: Decimal, low: Decimal, high: Decimal, count: int) -> int:
    if count <= 0:
        raise SqlError(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "count must be greater than zero")
    if operand.is_nan() or low.is_nan() or high.is_nan():
        raise SqlError(
            INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION,
            "operand, lower bound, and upper bound cannot be NaN",
        )
    if not (low.is_finite() and high.is_finite()):
        raise SqlError(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower and upper bounds must be finite")
    if low == high:
        raise SqlError(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower bound cannot equal upper bound")
    if low < high:
        before, after = operand < low, operand >= high
    else:
        before, after = operand > low, operand <= high
    if before:
        return 0
    if after:
        if count >= 2**31 - 1:
            int4_overflow()
        return count + 1
    part = CONTEXT.multiply(CONTEXT.subtract(operand, low), Decimal(count))
    return int(CONTEXT.divide_int(part, CONTEXT.subtract(high, low))) + 1


def _check_series(value: Decimal, what: str) -> None:
    if not value.is_finite():
        kind = "NaN" if value.is_nan() else "infinity"
        raise SqlError(INVALID_PARAMETER_VALUE, f"{what} cannot be {kind}")


@implements("generate_series_numeric")
def generate_series_numeric(start: Decimal, stop: Decimal) -> Iterator[Decimal]:
    return generate_series_step_numeric(start, stop, ONE)


@implements("generate_series_step_numeric")
def generate_series_step_numeric(start: Decimal, stop: Decimal, step: Decimal) -> Iterator[Decimal]:
    _check_series(start, "start value")
    _check_series(stop, "stop value")
    _check_series(step, "step size")
    if not step:
        raise SqlError(INVALID_PARAMETER_VALUE, "step size cannot equal zero")

    def values() -> Iterator[Decimal]:
        current = start
        while current <= stop if step > 0 else current >= stop:
            yield current
            current = CONTEXT.add(current, step)

    return values()


@implements("numeric_random")
def numeric_random(low: Decimal, high: Decimal) -> Decimal:
    for value, what in ((low, "lower bound"), (high, "upper bound")):
        _check_series(value, what)
    if low > high:
        raise SqlError(INVALID_PARAMETER_VALUE, "lower bound must be less than or equal to upper bound")
    from .math_float import generator

    x, y = low, high
    scale = max(display_scale(x), display_scale(y))
    first, last = int(x.scaleb(scale, CONTEXT)), int(y.scaleb(scale, CONTEXT))
    return Decimal(generator.randint(first, last)).scaleb(-scale, CONTEXT)
