"""Mathematical functions on double precision (manual section 9.3) and the random functions."""

import math
import random
from collections.abc import Callable
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    INVALID_ARGUMENT_FOR_LOG,
    INVALID_ARGUMENT_FOR_POWER_FUNCTION,
    INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION,
    INVALID_PARAMETER_VALUE,
    NUMERIC_VALUE_OUT_OF_RANGE,
)
from ..types.floats import float_overflow, float_underflow
from ..types.integers import int4_overflow
from ..values import Array

generator = random.Random()  # of this process; setseed() makes it repeat itself


def _out_of_range() -> SqlError:
    return SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")


def _checked(function: Callable[[float], float], value: float) -> float:
    """Run a libm function with PostgreSQL's answers for overflow and domain errors."""
    try:
        return function(value)
    except OverflowError:
        float_overflow()
    except ValueError:
        raise _out_of_range() from None


def _register_plain() -> None:
    plain: dict[str, Callable[[float], float]] = {
        "dsin": math.sin,
        "dcos": math.cos,
        "dtan": math.tan,
        "dasin": math.asin,
        "dacos": math.acos,
        "datan": math.atan,
        "dtanh": math.tanh,
        "dasinh": math.asinh,
        "dacosh": math.acosh,
        "dcbrt": math.cbrt,
        "derf": math.erf,
        "derfc": math.erfc,
    }

    def make(function: Callable[[float], float]) -> Callable[[float], float]:
        return lambda value: _checked(function, value)

    for name, function in plain.items():
        implements(name)(make(function))


_register_plain()


@implements("dsinh")
def dsinh(value: float) -> float:
    try:
        return math.sinh(value)
    except OverflowError:
        return math.copysign(math.inf, value)


@implements("dcosh")
def dcosh(value: float) -> float:
    try:
        return math.cosh(value)
    except OverflowError:
        return math.inf


@implements("datanh")
def datanh(value: float) -> float:
    if abs(value) == 1.0:
        return math.copysign(math.inf, value)
    return _checked(math.atanh, value)


@implements("dcot")
def dcot(value: float) -> float:
    tangent = _checked(math.tan, value)
    return 1.0 / tangent if tangent else math.copysign(math.inf, tangent)


@implements("datan2")
def datan2(y: float, x: float) -> float:
    return math.atan2(y, x)


@implements("dgamma")
def dgamma(value: float) -> float:
    if value != value or value == math.inf:
        return value
    try:
        result = math.gamma(value)
    except (OverflowError, ValueError):
        float_overflow()
    if math.isinf(result):
        float_overflow()
    if result == 0.0:
        float_underflow()
    return result


@implements("dlgamma")
def dlgamma(value: float) -> float:
    try:
        result = math.lgamma(value)
    except (OverflowError, ValueError):
        float_overflow()
    if math.isinf(result) and not math.isinf(value):
        float_overflow()
    return result


# --- degrees: exact at the multiples of 30 and 45, as float.c makes them -----------------------------

_RADIAN = math.pi / 180.0
_SIN_30 = math.sin(30.0 * _RADIAN)
_ONE_MINUS_COS_60 = 1.0 - math.cos(60.0 * _RADIAN)
_ASIN_HALF, _ACOS_HALF = math.asin(0.5), math.acos(0.5)
_ASIN_ONE, _ACOS_ZERO, _ATAN_ONE = math.asin(1.0), math.acos(0.0), math.atan(1.0)


def _sind_q1(value: float) -> float:
    if value <= 30.0:
        return math.sin(value * _RADIAN) / _SIN_30 / 2.0
    return _cosd_0_60(90.0 - value)


def _cosd_0_60(value: float) -> float:
    return 1.0 - (1.0 - math.cos(value * _RADIAN)) / _ONE_MINUS_COS_60 / 2.0


def _cosd_q1(value: float) -> float:
    if value <= 60.0:
        return _cosd_0_60(value)
    return math.sin((90.0 - value) * _RADIAN) / _SIN_30 / 2.0


_TAN_45 = _sind_q1(45.0) / _cosd_q1(45.0)
_COT_45 = _cosd_q1(45.0) / _sind_q1(45.0)


def _degrees_argument(value: float) -> float:
    if math.isinf(value):
        raise _out_of_range()
    return math.fmod(value, 360.0)


@implements("dsind")
def dsind(value: float) -> float:
    if value != value:
        return value
    angle, sign = _degrees_argument(value), 1.0
    if angle < 0.0:
        angle, sign = -angle, -sign
    if angle > 180.0:
        angle, sign = 360.0 - angle, -sign
    if angle > 90.0:
        angle = 180.0 - angle
    return sign * _sind_q1(angle)


@implements("dcosd")
def dcosd(value: float) -> float:
    if value != value:
        return value
    angle, sign = abs(_degrees_argument(value)), 1.0
    if angle > 180.0:
        angle = 360.0 - angle
    if angle > 90.0:
        angle, sign = 180.0 - angle, -sign
    return sign * _cosd_q1(angle)


def _quadrant(value: float) -> tuple[float, float]:
    angle, sign = _degrees_argument(value), 1.0
    if angle < 0.0:
        angle, sign = -angle, -sign
    if angle > 180.0:
        angle, sign = 360.0 - angle, -sign
    if angle > 90.0:
        angle, sign = 180.0 - angle, -sign
    return angle, sign


@implements("dtand")
def dtand(value: float) -> float:
    if value != value:
        return value
    angle, sign = _quadrant(value)
    cosine = _cosd_q1(angle)
    tangent = _sind_q1(angle) / cosine if cosine else math.inf
    return sign * (tangent / _TAN_45) + 0.0


@implements("dcotd")
def dcotd(value: float) -> float:
    if value != value:
        return value
    angle, sign = _quadrant(value)
    sine = _sind_q1(angle)
    cotangent = _cosd_q1(angle) / sine if sine else math.copysign(math.inf, sine)
    return sign * (cotangent / _COT_45) + 0.0


def _asind_q1(value: float) -> float:
    if value <= 0.5:
        return math.asin(value) / _ASIN_HALF * 30.0
    return 90.0 - math.acos(value) / _ACOS_HALF * 60.0


def _acosd_q1(value: float) -> float:
    if value <= 0.5:
        return 90.0 - math.asin(value) / _ASIN_HALF * 30.0
    return math.acos(value) / _ACOS_HALF * 60.0


@implements("dasind")
def dasind(value: float) -> float:
    if value != value:
        return value
    if not -1.0 <= value <= 1.0:
        raise _out_of_range()
    return _asind_q1(value) if value >= 0.0 else -_asind_q1(-value)


@implements("dacosd")
def dacosd(value: float) -> float:
    if value != value:
        return value
    if not -1.0 <= value <= 1.0:
        raise _out_of_range()
    return _acosd_q1(value) if value >= 0.0 else 90.0 + _asind_q1(-value)


@implements("datand")
def datand(value: float) -> float:
    return math.atan(value) / _ATAN_ONE * 45.0


@implements("datan2d")
def datan2d(y: float, x: float) -> float:
    return math.atan2(y, x) / _ATAN_ONE * 45.0


# --- powers and logarithms ---------------------------------------------------------------------------


def _power_error(text: str) -> SqlError:
    return SqlError(INVALID_ARGUMENT_FOR_POWER_FUNCTION, text)


@implements("dsqrt")
def dsqrt(value: float) -> float:
    if value < 0:
        raise _power_error("cannot take square root of a negative number")
    return math.sqrt(value)


@implements("dpow")
def dpow(base: float, exponent: float) -> float:
    if base == 0.0 and exponent < 0:
        raise _power_error("zero raised to a negative power is undefined")
    if base < 0 and math.isfinite(exponent) and exponent != math.floor(exponent) and math.isfinite(base):
        raise _power_error("a negative number raised to a non-integer power yields a complex result")
    if base == -math.inf and math.isfinite(exponent) and exponent != math.floor(exponent):
        raise _power_error("a negative number raised to a non-integer power yields a complex result")
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        float_overflow()
    if result == 0.0 and base != 0.0 and math.isfinite(base) and math.isfinite(exponent):
        float_underflow()
    return result


@implements("dexp")
def dexp(value: float) -> float:
    try:
        result = math.exp(value)
    except OverflowError:
        float_overflow()
    if result == 0.0 and not math.isinf(value):
        float_underflow()
    return result


def _logarithm(function: Callable[[float], float], value: float) -> float:
    if value == 0.0:
        raise SqlError(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero")
    if value < 0:
        raise SqlError(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number")
    return function(value)


@implements("dlog1")
def dlog1(value: float) -> float:
    return _logarithm(math.log, value)


@implements("dlog10")
def dlog10(value: float) -> float:
    return _logarithm(math.log10, value)


def _whole(function: Callable[[float], int], value: float) -> float:
    return math.copysign(float(function(value)), value) if value - value == 0.0 else value


@implements("dround")
def dround(value: float) -> float:
    return _whole(round, value)


@implements("dceil")
def dceil(value: float) -> float:
    return (
        _whole(math.ceil, value)
        if abs(value) < 2.0**53 and value <= 0
        else (float(math.ceil(value)) if value - value == 0.0 else value)
    )


@implements("dfloor")
def dfloor(value: float) -> float:
    if value - value != 0.0:
        return value
    result = float(math.floor(value))
    return math.copysign(result, value) if result == 0.0 else result


@implements("dtrunc")
def dtrunc(value: float) -> float:
    return _whole(math.trunc, value)


@implements("dsign")
def dsign(value: float) -> float:
    return 1.0 if value > 0 else -1.0 if value < 0 else 0.0


@implements("degrees")
def degrees(value: float) -> float:
    result = value / _RADIAN
    if math.isinf(result) and not math.isinf(value):
        float_overflow()
    return result


@implements("radians")
def radians(value: float) -> float:
    return value * _RADIAN


@implements("dpi", inline="3.141592653589793")
def dpi() -> float:
    return math.pi


@implements("width_bucket_float8")
def width_bucket_float8(operand: float, low: float, high: float, count: int) -> int:
    code = INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION
    if count <= 0:
        raise SqlError(code, "count must be greater than zero")
    if operand != operand or low != low or high != high:
        raise SqlError(code, "operand, lower bound, and upper bound cannot be NaN")
    if math.isinf(low) or math.isinf(high):
        raise SqlError(code, "lower and upper bounds must be finite")
    if low == high:
        raise SqlError(code, "lower bound cannot equal upper bound")
    if low < high:
        before, after = operand < low, operand >= high
    else:
        before, after = operand > low, operand <= high
    if before:
        return 0
    if after:
        if count == 2**31 - 1:
            int4_overflow()
        return count + 1
    span = high - low
    if math.isinf(span):
        place = (operand / 2 - low / 2) / (high / 2 - low / 2)
    else:
        place = (operand - low) / span
    return min(int(count * place), count - 1) + 1


@implements("width_bucket_array", bind=True)
def width_bucket_array(site: Any) -> Callable[[Any, Array], int]:
    from ..types.compare import compare_values

    compare = compare_values(site.catalog, site.arg_types[0])

    def width_bucket(operand: Any, thresholds: Array) -> int:
        if len(thresholds.dims) > 1:
            from ..sqlstates import ARRAY_SUBSCRIPT_ERROR

            raise SqlError(ARRAY_SUBSCRIPT_ERROR, "thresholds must be one-dimensional array")
        if None in thresholds.items:
            from ..sqlstates import NULL_VALUE_NOT_ALLOWED

            raise SqlError(NULL_VALUE_NOT_ALLOWED, "thresholds array must not contain NULLs")
        low, high = 0, len(thresholds.items)
        while low < high:
            middle = (low + high) // 2
            if compare(operand, thresholds.items[middle]) < 0:
                high = middle
            else:
                low = middle + 1
        return low

    return width_bucket


# --- random --------------------------------------------------------------------------------------------


@implements("drandom")
def drandom() -> float:
    return generator.random()


@implements("drandom_normal")
def drandom_normal(mean: float, deviation: float) -> float:
    return generator.gauss(0.0, 1.0) * deviation + mean


@implements("int4random", "int8random")
def int4random(low: int, high: int) -> int:
    if low > high:
        raise SqlError(INVALID_PARAMETER_VALUE, "lower bound must be less than or equal to upper bound")
    return generator.randint(low, high)


@implements("setseed")
def setseed(seed: float) -> str:
    if not -1.0 <= seed <= 1.0:
        from ..types.floats import float8_text

        raise SqlError(
            INVALID_PARAMETER_VALUE, f"setseed parameter {float8_text(seed)} is out of allowed range [-1,1]"
        )
    generator.seed(seed)
    return ""
