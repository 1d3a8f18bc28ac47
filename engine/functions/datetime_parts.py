"""extract, date_part, date_trunc, date_bin and age."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, implements
from ..sqlstates import DATETIME_VALUE_OUT_OF_RANGE, FEATURE_NOT_SUPPORTED
from ..types.calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    END_TIMESTAMP,
    INT64_MAX,
    INT64_MIN,
    MIN_TIMESTAMP,
    POSTGRES_EPOCH_JDATE,
    SECS_PER_DAY,
    USECS_PER_DAY,
    USECS_PER_SEC,
    checked_interval,
    checked_timestamp,
    civil,
    interval_out_of_range,
    is_infinite,
    month_days,
    timestamp_out_of_range,
    truncated_divmod,
)
from ..types.datetime_units import (
    DATE,
    DATE_UNITS,
    INTERVAL,
    INTERVAL_MONTHS,
    MONOTONIC,
    TIME,
    TIME_UNITS,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    TRUNCATABLE,
    TRUNCATED_TIME,
    ZONE_UNITS,
    date_part,
    interval_day_part,
    not_recognized,
    not_supported,
    scaled_numeric,
    time_part,
    truncate_date,
)
from ..types.datetime_words import RESERV, UNIT_WORDS, UNITS, unit_of
from ..types.timestamps import is_finite, timestamp_mi
from ..types.timezones import Zone, session_zone, timestamp_to_local, timestamp_to_utc, tz_offset_at
from ..values import Interval, TimeTz
from .datetime_zones import lookup_zone

_UNIX_EPOCH = -946_684_800 * USECS_PER_SEC
_FAR = INT64_MAX + _UNIX_EPOCH
_INFINITE = {True: Decimal("Infinity"), False: Decimal("-Infinity")}
Part = tuple[int, int]


def _unit(text: str, typename: str, reserved: bool) -> str:
    """The unit that a name means; `reserved`: other special words than epoch are known but not supported."""
    kind, unit = unit_of(text)
    if kind == UNITS or (kind == RESERV and unit == "epoch"):
        return str(unit)
    if kind == RESERV and reserved:
        not_supported(text.lower(), typename)
    not_recognized(text.lower(), typename)


def _julian(days: int, microseconds: int) -> Decimal:
    divide = IMPLEMENTATIONS["numeric_div"].function
    add = IMPLEMENTATIONS["numeric_add"].function
    part = divide(Decimal(microseconds), Decimal(USECS_PER_DAY))
    return add(Decimal(days + POSTGRES_EPOCH_JDATE), part)


def _far_numeric(unit: str, part: Part) -> Decimal:
    """The epoch of times whose microseconds since 1970 exceed 64 bits is a numeric division, not exact."""
    if unit != "epoch":
        return scaled_numeric(*part)
    quotient = IMPLEMENTATIONS["numeric_div"].function(Decimal(part[0]), Decimal(1_000_000))
    return quotient.quantize(Decimal("0.000001"))


def _infinite_part(text: str, unit: str, positive: bool, typename: str) -> Decimal | None:
    if unit in MONOTONIC:
        return _INFINITE[positive]
    if unit in TIME_UNITS or unit in ZONE_UNITS or unit in DATE_UNITS:
        return None
    not_supported(text.lower(), typename)


def _zone_part(unit: str, east: int) -> int:
    if unit == "timezone":
        return east
    if unit == "timezone_hour":
        return truncated_divmod(east, 3600)[0]
    return truncated_divmod(truncated_divmod(east, 60)[0], 60)[1]


def _timestamp_part(text: str, unit: str, local: int, utc: int, east: int | None) -> Part | None:
    """A part of a finite timestamp: (number, scale); None for a Julian date."""
    days, rest = divmod(local, USECS_PER_DAY)
    if unit in TIME_UNITS:
        return time_part(unit, rest)
    if unit == "epoch":
        return utc - _UNIX_EPOCH, 6
    if unit == "julian":
        return None
    if unit in DATE_UNITS:
        return date_part(unit, days), 0
    if east is None:
        not_supported(text.lower(), TIMESTAMP)
    if unit in ZONE_UNITS:
        return _zone_part(unit, east), 0
    not_supported(text.lower(), TIMESTAMPTZ)


def _as_float(part: Part) -> float:
    """As PostgreSQL computes date_part: fractions of seconds are divided as floats."""
    value, scale = part
    return value / 10**scale if scale else float(value)


def _julian_float(local: int) -> float:
    days, rest = divmod(local, USECS_PER_DAY)
    seconds, fsec = divmod(rest, USECS_PER_SEC)
    return days + POSTGRES_EPOCH_JDATE + (seconds + fsec / 1_000_000.0) / SECS_PER_DAY


def _seconds_float(unit: str, rest: int) -> float:
    seconds, fsec = truncated_divmod(truncated_divmod(rest, 60 * USECS_PER_SEC)[1], USECS_PER_SEC)
    if unit == "second":
        return seconds + fsec / 1_000_000.0
    if unit == "millisecond":
        return seconds * 1000.0 + fsec / 1000.0
    return seconds * 1_000_000.0 + fsec


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


@implements("extract_timestamp")
def extract_timestamp(text: str, value: int) -> Decimal | None:
    unit = _unit(text, TIMESTAMP, True)
    if not is_finite(value):
        return _infinite_part(text, unit, value > 0, TIMESTAMP)
    part = _timestamp_part(text, unit, value, value, None)
    if part is None:
        return _julian(*divmod(value, USECS_PER_DAY))
    return scaled_numeric(*part) if value < _FAR else _far_numeric(unit, part)


@implements("timestamp_part")
def timestamp_part(text: str, value: int) -> float | None:
    unit = _unit(text, TIMESTAMP, True)
    if not is_finite(value):
        return _float(_infinite_part(text, unit, value > 0, TIMESTAMP))
    part = _timestamp_part(text, unit, value, value, None)
    if part is None:
        return _julian_float(value)
    return _seconds_float(unit, value % USECS_PER_DAY) if unit in _SECONDS else _as_float(part)


_SECONDS = frozenset({"second", "millisecond", "microsecond"})


@implements("extract_timestamptz", context=True)
def extract_timestamptz(ctx: Any, text: str, value: int) -> Decimal | None:
    unit = _unit(text, TIMESTAMPTZ, True)
    if not is_finite(value):
        return _infinite_part(text, unit, value > 0, TIMESTAMPTZ)
    east = tz_offset_at(session_zone(ctx.settings.timezone), value)
    local = value + east * USECS_PER_SEC
    part = _timestamp_part(text, unit, local, value, east)
    if part is None:
        return _julian(*divmod(local, USECS_PER_DAY))
    return scaled_numeric(*part) if value < _FAR else _far_numeric(unit, part)


@implements("timestamptz_part", context=True)
def timestamptz_part(ctx: Any, text: str, value: int) -> float | None:
    unit = _unit(text, TIMESTAMPTZ, True)
    if not is_finite(value):
        return _float(_infinite_part(text, unit, value > 0, TIMESTAMPTZ))
    east = tz_offset_at(session_zone(ctx.settings.timezone), value)
    local = value + east * USECS_PER_SEC
    part = _timestamp_part(text, unit, local, value, east)
    if part is None:
        return _julian_float(local)
    return _seconds_float(unit, local % USECS_PER_DAY) if unit in _SECONDS else _as_float(part)


@implements("extract_date")
def extract_date(text: str, value: int) -> Decimal | None:
    unit = _unit(text, DATE, True)
    if unit not in DATE_UNITS and unit != "epoch":
        not_supported(text.lower(), DATE)
    if not DATE_MINUS_INFINITY < value < DATE_INFINITY:
        return _INFINITE[value > 0] if unit in MONOTONIC else None
    if unit == "epoch":
        return Decimal((value + 10957) * SECS_PER_DAY)
    return Decimal(date_part(unit, value))


def _time_part(text: str, unit: str, value: int, typename: str) -> Part:
    if unit in TIME_UNITS:
        return time_part(unit, value)
    if unit == "epoch":
        return value, 6
    not_supported(text.lower(), typename)


@implements("extract_time")
def extract_time(text: str, value: int) -> Decimal:
    return scaled_numeric(*_time_part(text, _unit(text, TIME, False), value, TIME))


@implements("time_part")
def time_part_float(text: str, value: int) -> float:
    unit = _unit(text, TIME, False)
    part = _time_part(text, unit, value, TIME)
    return _seconds_float(unit, value) if unit in _SECONDS else _as_float(part)


@implements("extract_timetz")
def extract_timetz(text: str, value: TimeTz) -> Decimal:
    unit = _unit(text, TIMETZ, False)
    if unit in ZONE_UNITS:
        return Decimal(_zone_part(unit, -value[1]))
    if unit == "epoch":
        return scaled_numeric(value[0] + value[1] * USECS_PER_SEC, 6)
    return scaled_numeric(*_time_part(text, unit, value[0], TIMETZ))


@implements("timetz_part")
def timetz_part(text: str, value: TimeTz) -> float:
    unit = _unit(text, TIMETZ, False)
    if unit in ZONE_UNITS:
        return float(_zone_part(unit, -value[1]))
    if unit == "epoch":
        return value[0] / 1_000_000.0 + value[1]
    part = _time_part(text, unit, value[0], TIMETZ)
    return _seconds_float(unit, value[0]) if unit in _SECONDS else _as_float(part)


def _infinite_interval_part(text: str, value: Interval) -> Decimal | None:
    unit = _unit(text, INTERVAL, True)
    if unit in ("hour", "day", "year", "decade", "century", "millennium", "epoch"):
        return _INFINITE[value[0] > 0]
    if unit in TIME_UNITS or unit in ("week", "month", "quarter"):
        return None
    not_supported(text.lower(), INTERVAL)


def _interval_part(text: str, unit: str, value: Interval) -> Part:
    if unit in TIME_UNITS:
        return time_part(unit, value[2])
    if unit in INTERVAL_MONTHS or unit in ("day", "week"):
        return interval_day_part(unit, value[0], value[1]), 0
    if unit == "epoch":
        years, months = truncated_divmod(value[0], 12)
        quarter_days = 1461 * years + 120 * months + 4 * value[1]
        return quarter_days * (SECS_PER_DAY // 4) * USECS_PER_SEC + value[2], 6
    not_supported(text.lower(), INTERVAL)


@implements("extract_interval")
def extract_interval(text: str, value: Interval) -> Decimal | None:
    if is_infinite(value):
        return _infinite_interval_part(text, value)
    return scaled_numeric(*_interval_part(text, _unit(text, INTERVAL, False), value))


@implements("interval_part")
def interval_part(text: str, value: Interval) -> float | None:
    if is_infinite(value):
        return _float(_infinite_interval_part(text, value))
    unit = _unit(text, INTERVAL, False)
    part = _interval_part(text, unit, value)
    if unit == "epoch":
        years, months = truncated_divmod(value[0], 12)
        seconds = value[2] / 1_000_000.0 + (365.25 * SECS_PER_DAY) * years
        return seconds + (30.0 * SECS_PER_DAY) * months + float(SECS_PER_DAY) * value[1]
    return _seconds_float(unit, value[2]) if unit in _SECONDS else _as_float(part)


# --- date_trunc -------------------------------------------------------------------------------------


def _truncation_unit(text: str, typename: str) -> str:
    kind, unit = UNIT_WORDS.get(text.lower()[:10], (None, None))
    if kind != UNITS:
        not_recognized(text.lower(), typename)
    if unit not in TRUNCATABLE:
        not_supported(text.lower(), typename)
    return str(unit)


@implements("timestamp_trunc")
def timestamp_trunc(text: str, value: int) -> int:
    unit = _truncation_unit(text, TIMESTAMP)
    if not is_finite(value):
        return value
    if unit in TRUNCATED_TIME:
        return value - value % TRUNCATED_TIME[unit]
    return checked_timestamp(truncate_date(unit, value // USECS_PER_DAY) * USECS_PER_DAY)


def _trunc_in_zone(text: str, value: int, zone: Callable[[], Zone]) -> int:
    unit = _truncation_unit(text, TIMESTAMPTZ)
    if not is_finite(value):
        return value
    where = zone()
    local = timestamp_to_local(where, value)
    if unit in TRUNCATED_TIME:  # the offset stays as it is
        return checked_timestamp(value - local % TRUNCATED_TIME[unit])
    local = truncate_date(unit, local // USECS_PER_DAY) * USECS_PER_DAY
    return checked_timestamp(timestamp_to_utc(where, local))


@implements("timestamptz_trunc", context=True)
def timestamptz_trunc(ctx: Any, text: str, value: int) -> int:
    return _trunc_in_zone(text, value, lambda: session_zone(ctx.settings.timezone))


@implements("timestamptz_trunc_zone", context=True)
def timestamptz_trunc_zone(ctx: Any, text: str, value: int, zone_name: str) -> int:
    if not is_finite(value):
        _truncation_unit(text, TIMESTAMPTZ)
        return value
    zone = lookup_zone(ctx, zone_name)
    return _trunc_in_zone(text, value, lambda: zone)


@implements("interval_trunc")
def interval_trunc(text: str, value: Interval) -> Interval:
    unit = _truncation_unit(text, INTERVAL)
    if unit == "week":
        not_supported(text.lower(), INTERVAL, "Months usually have fractional weeks.")
    if is_infinite(value):
        return value
    months, days, microseconds = value
    if unit in INTERVAL_MONTHS:
        size = INTERVAL_MONTHS[unit]
        return Interval(truncated_divmod(months, size)[0] * size, 0, 0)
    if unit == "day":
        return Interval(months, days, 0)
    size = TRUNCATED_TIME[unit]
    return Interval(months, days, truncated_divmod(microseconds, size)[0] * size)


@implements("timestamp_bin", "timestamptz_bin")
def timestamp_bin(stride: Interval, value: int, origin: int) -> int:
    if not is_finite(value):
        return value
    if not is_finite(origin):
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "origin out of range")
    if is_infinite(stride):
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "timestamps cannot be binned into infinite intervals")
    if stride[0]:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, "timestamps cannot be binned into intervals containing months or years"
        )
    size = stride[1] * USECS_PER_DAY + stride[2]
    if not INT64_MIN <= size <= INT64_MAX:
        interval_out_of_range()
    if size <= 0:
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "stride must be greater than zero")
    if not INT64_MIN <= value - origin <= INT64_MAX:
        interval_out_of_range()
    result = value - (value - origin) % size
    if not MIN_TIMESTAMP <= result < END_TIMESTAMP:
        timestamp_out_of_range()
    return result


# --- age --------------------------------------------------------------------------------------------


def _age(a: int, b: int, forward: bool) -> Interval:
    """The difference in years, months, days and time of two local times; `forward`: a is not before b."""
    days_a, rest_a = divmod(a, USECS_PER_DAY)
    days_b, rest_b = divmod(b, USECS_PER_DAY)
    first, last = civil(days_a), civil(days_b)
    sign = 1 if forward else -1
    years, months, days = (sign * (x - y) for x, y in zip(first, last, strict=True))
    rest = sign * (rest_a - rest_b)
    borrowed, rest = divmod(rest, USECS_PER_DAY)
    days += borrowed
    while days < 0:
        days += month_days(*(last if forward else first)[:2])
        months -= 1
    borrowed, months = divmod(months, 12)
    years += borrowed
    return checked_interval(sign * (years * 12 + months), sign * days, sign * rest)


def _infinite_age(a: int, b: int) -> Interval | None:
    if is_finite(a) and is_finite(b):
        return None
    return timestamp_mi(a, b)


@implements("timestamp_age")
def timestamp_age(a: int, b: int) -> Interval:
    return _infinite_age(a, b) or _age(a, b, a >= b)


@implements("timestamptz_age", context=True)
def timestamptz_age(ctx: Any, a: int, b: int) -> Interval:
    infinite = _infinite_age(a, b)
    if infinite is not None:
        return infinite
    zone = session_zone(ctx.settings.timezone)
    return _age(timestamp_to_local(zone, a), timestamp_to_local(zone, b), a >= b)
