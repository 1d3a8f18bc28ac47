"""interval: input and output, comparison, arithmetic, justification, conversions."""

from math import isinf
from struct import Struct
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import DATETIME_VALUE_OUT_OF_RANGE, DIVISION_BY_ZERO, INVALID_PARAMETER_VALUE
from ..values import INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY, Array, Interval
from .calendar import (
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    USECS_PER_DAY,
    USECS_PER_HOUR,
    USECS_PER_MINUTE,
    checked_interval,
    interval_out_of_range,
    is_infinite,
    truncated_divmod,
)
from .datetime_common import MAX_PRECISION, receive_with, round_precision, too_precise, typmod_numbers
from .datetime_format import format_interval
from .hashing import fold_int8, hash_uint32, hash_uint32_extended
from .integers import COMPARISONS
from .interval_parse import FULL_PRECISION, FULL_RANGE, MASKS, parse_interval

_PACKED = Struct(">qii")
_BY_FIELDS = {
    MASKS.year: " year",
    MASKS.month: " month",
    MASKS.day: " day",
    MASKS.hour: " hour",
    MASKS.minute: " minute",
    MASKS.second: " second",
    MASKS.year | MASKS.month: " year to month",
    MASKS.day | MASKS.hour: " day to hour",
    MASKS.day | MASKS.hour | MASKS.minute: " day to minute",
    MASKS.day | MASKS.hour | MASKS.minute | MASKS.second: " day to second",
    MASKS.hour | MASKS.minute: " hour to minute",
    MASKS.hour | MASKS.minute | MASKS.second: " hour to second",
    MASKS.minute | MASKS.second: " minute to second",
    FULL_RANGE: "",
}


@implements("interval_in", context=True)
def interval_in(ctx: Any, text: str, _parameter: int = 0, typmod: int = -1) -> Interval:
    if typmod < 0:
        return parse_interval(text, ctx.settings.intervalstyle)
    return interval_scale(parse_interval(text, ctx.settings.intervalstyle, typmod >> 16 & FULL_RANGE), typmod)


@implements("interval_out", context=True)
def interval_out(ctx: Any, value: Interval) -> str:
    return format_interval(value, ctx.settings.intervalstyle)


@implements("interval_recv")
def interval_recv(data: bytes, _parameter: int = 0, typmod: int = -1) -> Interval:
    microseconds, days, months = receive_with(_PACKED, data)
    return interval_scale(Interval(months, days, microseconds), typmod)


@implements("interval_send")
def interval_send(value: Interval) -> bytes:
    return _PACKED.pack(value[2], value[1], value[0])


@implements("interval_scale")
def interval_scale(value: Interval, typmod: int) -> Interval:
    """Zero the fields right of the type's last one, round to its precision."""
    if typmod < 0 or is_infinite(value):
        return value
    fields, precision = typmod >> 16 & FULL_RANGE, typmod & FULL_PRECISION
    months, days, microseconds = value
    if fields in (MASKS.year, MASKS.month, MASKS.year | MASKS.month):
        if fields == MASKS.year:
            months = truncated_divmod(months, 12)[0] * 12
        return Interval(months, 0, 0)
    if fields == MASKS.day:
        microseconds = 0
    elif fields in (MASKS.hour, MASKS.day | MASKS.hour):
        microseconds = truncated_divmod(microseconds, USECS_PER_HOUR)[0] * USECS_PER_HOUR
    elif fields in (MASKS.minute, MASKS.hour | MASKS.minute, MASKS.day | MASKS.hour | MASKS.minute):
        microseconds = truncated_divmod(microseconds, USECS_PER_MINUTE)[0] * USECS_PER_MINUTE
    if precision != FULL_PRECISION:
        microseconds = round_precision(microseconds, precision)
        if abs(microseconds) > INT64_MAX:
            interval_out_of_range()
    return Interval(months, days, microseconds)


@implements("intervaltypmodin", context=True)
def intervaltypmodin(ctx: Any, modifiers: Array) -> int:
    numbers = typmod_numbers(modifiers)
    if not numbers or numbers[0] not in _BY_FIELDS:
        raise SqlError(INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier")
    if len(numbers) == 1:
        return FULL_PRECISION | numbers[0] << 16 if numbers[0] != FULL_RANGE else -1
    if len(numbers) != 2:
        raise SqlError(INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier")
    precision = numbers[1]
    if precision < 0:
        raise SqlError(INVALID_PARAMETER_VALUE, f"INTERVAL({precision}) precision must not be negative")
    if precision > MAX_PRECISION:
        too_precise(ctx, f"INTERVAL({precision})")
        precision = MAX_PRECISION
    return precision | numbers[0] << 16


@implements("intervaltypmodout")
def intervaltypmodout(typmod: int) -> str:
    if typmod < 0:
        return ""
    precision = typmod & FULL_PRECISION
    text = _BY_FIELDS[typmod >> 16 & FULL_RANGE]
    return text if precision == FULL_PRECISION else f"{text}({precision})"


# --- comparison -------------------------------------------------------------------------------------


def interval_key(value: Interval) -> int:
    """Microseconds, a month counting 30 days."""
    return (value[0] * 30 + value[1]) * USECS_PER_DAY + value[2]


def _register_comparisons() -> None:
    key = "(({0}[0] * 30 + {0}[1]) * 86400000000 + {0}[2])"
    other = key.replace("{0}", "{1}")
    for suffix, operator in COMPARISONS:
        template = f"({key} {operator} {other})"
        implements(f"interval_{suffix}", inline=template)(eval("lambda a, b: " + template.format("a", "b")))


_register_comparisons()


@implements("interval_cmp")
def interval_cmp(a: Interval, b: Interval) -> int:
    left, right = interval_key(a), interval_key(b)
    return (left > right) - (left < right)


@implements("interval_larger")
def interval_larger(a: Interval, b: Interval) -> Interval:
    return a if interval_key(a) > interval_key(b) else b


@implements("interval_smaller")
def interval_smaller(a: Interval, b: Interval) -> Interval:
    return a if interval_key(a) < interval_key(b) else b


def _hash_input(value: Interval) -> int:
    low = interval_key(value) & 0xFFFF_FFFF_FFFF_FFFF
    return fold_int8(low - (1 << 64) if low >> 63 else low)


@implements("interval_hash")
def interval_hash(value: Interval) -> int:
    return hash_uint32(_hash_input(value))


@implements("interval_hash_extended")
def interval_hash_extended(value: Interval, seed: int) -> int:
    return hash_uint32_extended(_hash_input(value), seed)


@implements("interval_finite")
def interval_finite(value: Interval) -> bool:
    return not is_infinite(value)


# --- arithmetic -------------------------------------------------------------------------------------


@implements("interval_um")
def negate(value: Interval) -> Interval:
    """-interval"""
    if is_infinite(value):
        return INTERVAL_MINUS_INFINITY if value[0] > 0 else INTERVAL_INFINITY
    return checked_interval(-value[0], -value[1], -value[2])


@implements("interval_pl")
def interval_pl(a: Interval, b: Interval) -> Interval:
    if is_infinite(a):
        if is_infinite(b) and a != b:
            interval_out_of_range()
        return a
    if is_infinite(b):
        return b
    return checked_interval(a[0] + b[0], a[1] + b[1], a[2] + b[2])


@implements("interval_mi")
def interval_mi(a: Interval, b: Interval) -> Interval:
    if is_infinite(a):
        if a == b:
            interval_out_of_range()
        return a
    if is_infinite(b):
        return negate(b)
    return checked_interval(a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _fits32(value: float) -> int:
    if value != value or not INT32_MIN <= value < INT32_MAX + 1:
        interval_out_of_range()
    return int(value)


def _round_micro(value: float) -> float:
    return round(value * 1_000_000.0) / 1_000_000.0


def _scaled_by(value: Interval, months: float, days: float, microseconds: float) -> Interval:
    """An interval of real-valued fields: fractions of months go to days, those of days to time."""
    whole_months, whole_days = _fits32(months), _fits32(days)
    month_days = _round_micro((months - whole_months) * 30)
    seconds = _round_micro((days - whole_days + month_days - int(month_days)) * 86400)
    if abs(seconds) >= 86400:
        carried = int(seconds / 86400)
        whole_days += carried
        seconds -= carried * 86400
    whole_days += int(month_days)
    total = microseconds + seconds * 1_000_000.0
    if total != total or not -9.223372036854775808e18 <= total < 9.223372036854775808e18:
        interval_out_of_range()
    return checked_interval(whole_months, whole_days, round(total))


@implements("interval_mul")
def interval_mul(value: Interval, factor: float) -> Interval:
    if factor != factor:
        interval_out_of_range()
    if is_infinite(value):
        if factor == 0.0:
            interval_out_of_range()
        return negate(value) if factor < 0 else value
    if isinf(factor):
        key = interval_key(value)
        if key == 0:
            interval_out_of_range()
        return INTERVAL_INFINITY if (key > 0) == (factor > 0) else INTERVAL_MINUS_INFINITY
    return _scaled_by(value, value[0] * factor, value[1] * factor, value[2] * factor)


@implements("mul_d_interval")
def mul_d_interval(factor: float, value: Interval) -> Interval:
    return interval_mul(value, factor)


@implements("interval_div")
def interval_div(value: Interval, factor: float) -> Interval:
    if factor == 0.0:
        raise SqlError(DIVISION_BY_ZERO, "division by zero")
    if factor != factor:
        interval_out_of_range()
    if is_infinite(value):
        if isinf(factor):
            interval_out_of_range()
        return negate(value) if factor < 0 else value
    try:
        return _scaled_by(value, value[0] / factor, value[1] / factor, value[2] / factor)
    except OverflowError:
        interval_out_of_range()


@implements("interval_justify_hours")
def justify_hours(value: Interval) -> Interval:
    """Whole days of the time go to the days."""
    if is_infinite(value):
        return value
    months, days, microseconds = value
    whole, microseconds = truncated_divmod(microseconds, USECS_PER_DAY)
    days += whole
    if days > 0 and microseconds < 0:
        days, microseconds = days - 1, microseconds + USECS_PER_DAY
    elif days < 0 and microseconds > 0:
        days, microseconds = days + 1, microseconds - USECS_PER_DAY
    if not INT32_MIN <= days <= INT32_MAX:
        interval_out_of_range()
    return Interval(months, days, microseconds)


@implements("interval_justify_days")
def justify_days(value: Interval) -> Interval:
    """Whole months of the days go to the months."""
    if is_infinite(value):
        return value
    months, days, microseconds = value
    whole, days = truncated_divmod(days, 30)
    months += whole
    if months > 0 and days < 0:
        months, days = months - 1, days + 30
    elif months < 0 and days > 0:
        months, days = months + 1, days - 30
    if not INT32_MIN <= months <= INT32_MAX:
        interval_out_of_range()
    return Interval(months, days, microseconds)


@implements("interval_justify_interval")
def justify_interval(value: Interval) -> Interval:
    """Both, and all fields get the same sign."""
    if is_infinite(value):
        return value
    months, days, microseconds = value
    whole, microseconds = truncated_divmod(microseconds, USECS_PER_DAY)
    whole, days = truncated_divmod(days + whole, 30)
    months += whole
    if months > 0 and (days < 0 or (days == 0 and microseconds < 0)):
        months, days = months - 1, days + 30
    elif months < 0 and (days > 0 or (days == 0 and microseconds > 0)):
        months, days = months + 1, days - 30
    if days > 0 and microseconds < 0:
        days, microseconds = days - 1, microseconds + USECS_PER_DAY
    elif days < 0 and microseconds > 0:
        days, microseconds = days + 1, microseconds - USECS_PER_DAY
    if not INT32_MIN <= months <= INT32_MAX:
        interval_out_of_range()
    return Interval(months, days, microseconds)


# --- conversions ------------------------------------------------------------------------------------


@implements("interval_time")
def interval_time(value: Interval) -> int:
    if is_infinite(value):
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "cannot convert infinite interval to time")
    return value[2] % USECS_PER_DAY


@implements("time_interval")
def time_interval(value: int) -> Interval:
    return Interval(0, 0, value)
