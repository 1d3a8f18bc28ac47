"""make_date and its kind, overlaps, generate_series of timestamps, RANGE frames, sum and avg of intervals."""

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import DATETIME_FIELD_OVERFLOW, DATETIME_VALUE_OUT_OF_RANGE, INVALID_PARAMETER_VALUE
from ..types.calendar import (
    END_DATE,
    END_TIMESTAMP,
    INT64_MAX,
    MIN_DATE,
    MIN_TIMESTAMP,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    USECS_PER_DAY,
    USECS_PER_HOUR,
    USECS_PER_MINUTE,
    USECS_PER_SEC,
    checked_interval,
    checked_timestamp,
    days_of,
    interval_out_of_range,
    is_infinite,
    is_valid_julian,
    month_days,
)
from ..types.dates import date_to_timestamp
from ..types.datetime_common import invalid_window_size
from ..types.datetime_parse import TZDISP_OVERFLOW, DateTimeError, decode_timezone
from ..types.intervals import interval_div, interval_key, interval_mi, interval_pl, negate
from ..types.times import timetz_key
from ..types.timestamps import add_interval, add_interval_tz
from ..types.timezones import Zone, determine_abbrev_offset, determine_offset, session_zone, timestamp_to_utc
from ..values import INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY, Interval, TimeTz
from .datetime_zones import decode_zone_name, lookup_zone


def _date(year: int, month: int, day: int) -> int | None:
    """Days of a date with years before Christ negative; None if there is no such date."""
    if year == 0 or year == -(2**31):
        return None
    astronomical = year if year > 0 else year + 1
    if not 1 <= month <= 12 or not 1 <= day <= month_days(astronomical, month):
        return None
    return days_of(astronomical, month, day)


@implements("make_date")
def make_date(year: int, month: int, day: int) -> int:
    days = _date(year, month, day)
    text = f"{year}-{month:02}-{day:02}"
    if days is None:
        raise SqlError(DATETIME_FIELD_OVERFLOW, f"date field value out of range: {text}")
    astronomical = year if year > 0 else year + 1
    if not is_valid_julian(astronomical, month, day) or not MIN_DATE <= days < END_DATE:
        text = f"{astronomical}-{month:02}-{day:02}"
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f"date out of range: {text}")
    return days


def _time(hour: int, minute: int, seconds: float) -> int:
    if seconds == seconds and isfinite(seconds) and 0 <= hour <= 24 and 0 <= minute <= 59:
        fsec = round(seconds * USECS_PER_SEC)
        if 0 <= fsec <= USECS_PER_MINUTE:
            value = hour * USECS_PER_HOUR + minute * USECS_PER_MINUTE + fsec
            if value <= USECS_PER_DAY:
                return value
    raise SqlError(
        DATETIME_FIELD_OVERFLOW,
        f"time field value out of range: {hour}:{minute:02}:{_seconds_text(seconds)}",
    )


def _seconds_text(seconds: float) -> str:
    """C's %02g."""
    if seconds != seconds:
        return "NaN"
    if not isfinite(seconds):
        return "Infinity" if seconds > 0 else "-Infinity"
    return f"{seconds:02g}"


@implements("make_time")
def make_time(hour: int, minute: int, seconds: float) -> int:
    return _time(hour, minute, seconds)


@implements("make_timestamp")
def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, seconds: float) -> int:
    days = _date(year, month, day)
    if days is None:
        raise SqlError(DATETIME_FIELD_OVERFLOW, f"date field value out of range: {year}-{month:02}-{day:02}")
    astronomical = year if year > 0 else year + 1
    if not is_valid_julian(astronomical, month, day):
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f"date out of range: {year}-{month:02}-{day:02}")
    value = days * USECS_PER_DAY + _time(hour, minute, seconds)
    if not MIN_TIMESTAMP <= value < END_TIMESTAMP:
        text = f"{year}-{month:02}-{day:02} {hour}:{minute:02}:{_seconds_text(seconds)}"
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f"timestamp out of range: {text}")
    return value


@implements("make_timestamptz", context=True)
def make_timestamptz(
    ctx: Any, year: int, month: int, day: int, hour: int, minute: int, seconds: float
) -> int:
    local = make_timestamp(year, month, day, hour, minute, seconds)
    return checked_timestamp(timestamp_to_utc(session_zone(ctx.settings.timezone), local))


def _sane_zone(ctx: Any, local: int, name: str) -> int:
    """Seconds east of UTC that a zone's name means at a local time; numeric zones are as in ISO 8601."""
    if name[:1].isdigit() and name.isascii():
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'invalid input syntax for type numeric time zone: "{name}"',
            hint='Numeric time zones must have "-" or "+" as first character.',
        )
    try:
        return -decode_timezone(name)
    except DateTimeError as error:
        if error.kind == TZDISP_OVERFLOW:
            raise SqlError(INVALID_PARAMETER_VALUE, f'numeric time zone "{name}" out of range') from None
    offset, zone, abbrev = decode_zone_name(ctx, name)
    if zone is None:
        assert offset is not None
        return offset
    from ..types.calendar import civil

    days, rest = divmod(local, USECS_PER_DAY)
    if abbrev:
        return determine_abbrev_offset(zone, abbrev, *civil(days), rest // USECS_PER_SEC)[0]
    return determine_offset(zone, *civil(days), rest // USECS_PER_SEC).gmtoff


@implements("make_timestamptz_at_timezone", context=True)
def make_timestamptz_at_timezone(
    ctx: Any, year: int, month: int, day: int, hour: int, minute: int, seconds: float, zone: str
) -> int:
    local = make_timestamp(year, month, day, hour, minute, seconds)
    return checked_timestamp(local - _sane_zone(ctx, local, zone) * USECS_PER_SEC)


@implements("make_interval")
def make_interval(
    years: int, months: int, weeks: int, days: int, hours: int, minutes: int, seconds: float
) -> Interval:
    if not isfinite(seconds):
        interval_out_of_range()
    whole = round(seconds * USECS_PER_SEC) if abs(seconds) < 1e16 else INT64_MAX + 1
    time = hours * USECS_PER_HOUR + minutes * USECS_PER_MINUTE + whole
    return checked_interval(years * 12 + months, weeks * 7 + days, time)


# --- overlaps ---------------------------------------------------------------------------------------


def _overlaps(a: Any, b: Any, c: Any, d: Any, key: Callable[[Any], Any]) -> bool | None:
    """(a, b) OVERLAPS (c, d) with SQL's treatment of NULLs and of ends before starts."""
    a, b, c, d = (None if value is None else key(value) for value in (a, b, c, d))
    if a is None or (b is not None and a > b):
        a, b = b, a
    if c is None or (d is not None and c > d):
        c, d = d, c
    if a is None or c is None:
        return None
    if a > c:
        a, b, c, d = c, d, a, b
    if a == c:
        return None if b is None or d is None else True
    if b is None:
        return None
    if c < b:
        return True
    return None if d is None else False


@implements("overlaps_timestamp", "overlaps_time")
def overlaps_timestamp(a: int | None, b: int | None, c: int | None, d: int | None) -> bool | None:
    return _overlaps(a, b, c, d, lambda value: value)


@implements("overlaps_timetz")
def overlaps_timetz(a: TimeTz | None, b: TimeTz | None, c: TimeTz | None, d: TimeTz | None) -> bool | None:
    return _overlaps(a, b, c, d, timetz_key)


# --- generate_series --------------------------------------------------------------------------------


def _series(start: int, stop: int, step: Interval, add: Callable[[int, Interval], int]) -> Iterator[int]:
    sign = interval_key(step)
    if sign == 0:
        raise SqlError(INVALID_PARAMETER_VALUE, "step size cannot equal zero")
    if is_infinite(step):
        raise SqlError(INVALID_PARAMETER_VALUE, "step size cannot be infinite")
    return _steps(start, stop, step, sign, add)


def _steps(
    start: int, stop: int, step: Interval, sign: int, add: Callable[[int, Interval], int]
) -> Iterator[int]:
    months, days, microseconds = step
    margin = 2 * abs(microseconds)  # so that no sum can be out of range
    inside = MIN_TIMESTAMP + margin < stop < END_TIMESTAMP - margin
    if not months and not days and inside and MIN_TIMESTAMP <= start < END_TIMESTAMP:
        yield from range(start, stop + (1 if sign > 0 else -1), microseconds)
        return
    current = start
    while current <= stop if sign > 0 else current >= stop:
        following = add(current, step)
        yield current
        current = following


@implements("generate_series_timestamp")
def generate_series_timestamp(start: int, stop: int, step: Interval) -> Iterator[int]:
    return _series(start, stop, step, add_interval)


def _zoned_series(zone: Zone, start: int, stop: int, step: Interval) -> Iterator[int]:
    return _series(start, stop, step, lambda value, interval: add_interval_tz(zone, value, interval))


@implements("generate_series_timestamptz", context=True)
def generate_series_timestamptz(ctx: Any, start: int, stop: int, step: Interval) -> Iterator[int]:
    return _zoned_series(session_zone(ctx.settings.timezone), start, stop, step)


@implements("generate_series_timestamptz_at_zone", context=True)
def generate_series_timestamptz_at_zone(
    ctx: Any, start: int, stop: int, step: Interval, zone: str
) -> Iterator[int]:
    return _zoned_series(lookup_zone(ctx, zone), start, stop, step)


# --- RANGE frames -----------------------------------------------------------------------------------


def _in_range(
    value: int, base: int, offset: Interval, sub: bool, less: bool, add: Callable[[int, Interval], int]
) -> bool:
    if interval_key(offset) < 0:
        raise invalid_window_size()
    if offset == INTERVAL_INFINITY and base == (TIMESTAMP_INFINITY if sub else TIMESTAMP_MINUS_INFINITY):
        return True
    bound = add(base, negate(offset) if sub else offset)
    return value <= bound if less else value >= bound


@implements("in_range_timestamp_interval")
def in_range_timestamp_interval(value: int, base: int, offset: Interval, sub: bool, less: bool) -> bool:
    return _in_range(value, base, offset, sub, less, add_interval)


@implements("in_range_timestamptz_interval", context=True)
def in_range_timestamptz_interval(
    ctx: Any, value: int, base: int, offset: Interval, sub: bool, less: bool
) -> bool:
    zone = session_zone(ctx.settings.timezone)
    return _in_range(value, base, offset, sub, less, lambda start, step: add_interval_tz(zone, start, step))


@implements("in_range_date_interval")
def in_range_date_interval(value: int, base: int, offset: Interval, sub: bool, less: bool) -> bool:
    return _in_range(date_to_timestamp(value), date_to_timestamp(base), offset, sub, less, add_interval)


@implements("in_range_interval_interval")
def in_range_interval_interval(
    value: Interval, base: Interval, offset: Interval, sub: bool, less: bool
) -> bool:
    if interval_key(offset) < 0:
        raise invalid_window_size()
    if offset == INTERVAL_INFINITY and base == (INTERVAL_INFINITY if sub else INTERVAL_MINUS_INFINITY):
        return True
    bound = interval_key(interval_mi(base, offset) if sub else interval_pl(base, offset))
    return interval_key(value) <= bound if less else interval_key(value) >= bound


@implements("in_range_time_interval")
def in_range_time_interval(value: int, base: int, offset: Interval, sub: bool, less: bool) -> bool:
    if offset[2] < 0:
        raise invalid_window_size()
    bound = base - offset[2] if sub else base + offset[2]
    return value <= bound if less else value >= bound


@implements("in_range_timetz_interval")
def in_range_timetz_interval(value: TimeTz, base: TimeTz, offset: Interval, sub: bool, less: bool) -> bool:
    if offset[2] < 0:
        raise invalid_window_size()
    bound = timetz_key(TimeTz(base[0] - offset[2] if sub else base[0] + offset[2], base[1]))
    return timetz_key(value) <= bound if less else timetz_key(value) >= bound


# --- sum and avg of intervals -----------------------------------------------------------------------


class IntervalSum:
    """The state of sum(interval) and avg(interval): a finite sum, and how many infinities there were."""

    __slots__ = ("count", "minus", "plus", "total")

    def __init__(self) -> None:
        self.count = self.plus = self.minus = 0
        self.total = Interval(0, 0, 0)


@implements("interval_avg_accum")
def interval_avg_accum(state: IntervalSum | None, value: Interval | None) -> IntervalSum:
    if state is None:
        state = IntervalSum()
    if value is None:
        return state
    if is_infinite(value):
        if value[0] > 0:
            state.plus += 1
        else:
            state.minus += 1
    else:
        total = state.total
        state.total = checked_interval(total[0] + value[0], total[1] + value[1], total[2] + value[2])
        state.count += 1
    return state


@implements("interval_avg_accum_inv")
def interval_avg_accum_inv(state: IntervalSum, value: Interval | None) -> IntervalSum:
    if value is None:
        return state
    if is_infinite(value):
        if value[0] > 0:
            state.plus -= 1
        else:
            state.minus -= 1
    else:
        total = state.total
        state.count -= 1
        state.total = (
            checked_interval(total[0] - value[0], total[1] - value[1], total[2] - value[2])
            if state.count
            else Interval(0, 0, 0)
        )
    return state


@implements("interval_avg_combine")
def interval_avg_combine(a: IntervalSum | None, b: IntervalSum | None) -> IntervalSum | None:
    if a is None or b is None:
        return b if a is None else a
    merged = IntervalSum()
    merged.count, merged.plus, merged.minus = a.count + b.count, a.plus + b.plus, a.minus + b.minus
    merged.total = interval_pl(a.total, b.total)
    return merged


def _result(state: IntervalSum | None) -> Interval | None:
    if state is None or not (state.count or state.plus or state.minus):
        return None
    if state.plus and state.minus:
        interval_out_of_range()
    if state.plus or state.minus:
        return INTERVAL_INFINITY if state.plus else INTERVAL_MINUS_INFINITY
    return state.total


@implements("interval_sum")
def interval_sum(state: IntervalSum | None) -> Interval | None:
    return _result(state)


@implements("interval_avg")
def interval_avg(state: IntervalSum | None) -> Interval | None:
    result = _result(state)
    if result is None or state is None or state.plus or state.minus:
        return result
    return interval_div(result, float(state.count))
