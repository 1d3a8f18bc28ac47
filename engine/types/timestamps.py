"""timestamp and timestamptz: input and output, comparison, arithmetic with intervals, conversions."""

import re
from datetime import UTC, datetime
from struct import Struct
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import DATETIME_VALUE_OUT_OF_RANGE
from ..values import INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY, Interval
from .calendar import (
    END_TIMESTAMP,
    INT64_MAX,
    INT64_MIN,
    MIN_TIMESTAMP,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    USECS_PER_DAY,
    USECS_PER_SEC,
    checked_timestamp,
    civil,
    days_of,
    interval_out_of_range,
    is_infinite,
    is_valid_julian,
    month_days,
    timestamp_out_of_range,
)
from .datetime_common import precision_typmodin, receive_with, round_precision
from .datetime_format import format_timestamp, format_timestamptz
from .datetime_parse import Fields, parse_datetime
from .hashing import fold_int8, hash_uint32, hash_uint32_extended
from .integers import register_comparisons
from .intervals import justify_hours, negate
from .timezones import Zone, session_zone, timestamp_to_local, timestamp_to_utc

_INT64 = Struct(">q")
_EPOCH = datetime(2000, 1, 1)
_EPOCH_UTC = datetime(2000, 1, 1, tzinfo=UTC)
_UNIX_EPOCH = -946_684_800_000_000
_tail = re.compile(r"(?:\.[0-9]{1,6})?(?:[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?|Z)?\Z").match
_parse_iso = datetime.fromisoformat


def _value_of(fields: Fields, text: str, with_zone: bool) -> int:
    """The timestamp of what was read; "timestamp out of range" names the text."""
    special = fields.special
    if special != "date":
        if special == "epoch":
            return _UNIX_EPOCH
        return TIMESTAMP_INFINITY if special == "infinity" else TIMESTAMP_MINUS_INFINITY
    if is_valid_julian(fields.year, fields.month, fields.day):
        value = days_of(fields.year, fields.month, fields.day) * USECS_PER_DAY + fields.time
        if with_zone:
            value += fields.tz * USECS_PER_SEC
        if MIN_TIMESTAMP <= value < END_TIMESTAMP:
            return value
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f'timestamp out of range: "{text}"')


@implements("timestamp_in", context=True)
def timestamp_in(ctx: Any, text: str, _parameter: int = 0, typmod: int = -1) -> int:
    size = len(text)
    if (
        19 <= size <= 26
        and text[4] == "-"
        and text[7] == "-"
        and text[10] in " T"
        and text[13] == ":"
        and text[16] == ":"
        and (size == 19 or text[19] == ".")
    ):
        try:
            delta = _parse_iso(text) - _EPOCH
            value = (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds
            return value if typmod < 0 else scaled(value, typmod)
        except (ValueError, TypeError):
            pass
    value = _value_of(parse_datetime(text, ctx.settings, ctx.transaction_timestamp, "timestamp"), text, False)
    return scaled(value, typmod)


@implements("timestamptz_in", context=True)
def timestamptz_in(ctx: Any, text: str, _parameter: int = 0, typmod: int = -1) -> int:
    if (
        len(text) >= 19
        and text[4] == "-"
        and text[7] == "-"
        and text[10] in " T"
        and text[13] == ":"
        and text[16] == ":"
        and _tail(text, 19)
    ):
        try:
            moment = _parse_iso(text)
            naive = moment.tzinfo is None
            delta = moment - (_EPOCH if naive else _EPOCH_UTC)
            value = (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds
            if naive:
                value = timestamp_to_utc(session_zone(ctx.settings.timezone), value)
            return value if typmod < 0 else scaled(value, typmod)
        except ValueError:
            pass
    fields = parse_datetime(text, ctx.settings, ctx.transaction_timestamp, "timestamp with time zone")
    return scaled(_value_of(fields, text, True), typmod)


@implements("timestamp_out", context=True)
def timestamp_out(ctx: Any, value: int) -> str:
    return format_timestamp(value, ctx.settings.datestyle)


@implements("timestamptz_out", context=True)
def timestamptz_out(ctx: Any, value: int) -> str:
    settings = ctx.settings
    return format_timestamptz(value, settings.datestyle, session_zone(settings.timezone))


@implements("timestamp_recv", "timestamptz_recv")
def timestamp_recv(data: bytes, _parameter: int = 0, typmod: int = -1) -> int:
    (value,) = receive_with(_INT64, data)
    if value not in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        checked_timestamp(value)
    return scaled(value, typmod)


@implements("timestamp_send", "timestamptz_send")
def timestamp_send(value: int) -> bytes:
    return _INT64.pack(value)


@implements("timestamp_scale", "timestamptz_scale")
def scaled(value: int, typmod: int) -> int:
    """Round to a precision."""
    if 0 <= typmod < 6 and MIN_TIMESTAMP <= value < END_TIMESTAMP:
        return round_precision(value, typmod)
    return value


implements("timestamptypmodin", context=True)(precision_typmodin("TIMESTAMP"))
implements("timestamptztypmodin", context=True)(precision_typmodin("TIMESTAMP WITH TIME ZONE"))


@implements("timestamptypmodout")
def timestamptypmodout(typmod: int) -> str:
    return f"({typmod}) without time zone" if typmod >= 0 else " without time zone"


@implements("timestamptztypmodout")
def timestamptztypmodout(typmod: int) -> str:
    return f"({typmod}) with time zone" if typmod >= 0 else " with time zone"


# --- comparison -------------------------------------------------------------------------------------

register_comparisons("timestamp_{}")


@implements("timestamp_cmp", inline="(({0} > {1}) - ({0} < {1}))")
def timestamp_cmp(a: int, b: int) -> int:
    return (a > b) - (a < b)


@implements("timestamp_larger", inline="({0} if {0} > {1} else {1})")
def timestamp_larger(a: int, b: int) -> int:
    return a if a > b else b


@implements("timestamp_smaller", inline="({0} if {0} < {1} else {1})")
def timestamp_smaller(a: int, b: int) -> int:
    return a if a < b else b


@implements("timestamp_hash", "timestamptz_hash")
def timestamp_hash(value: int) -> int:
    return hash_uint32(fold_int8(value))


@implements("timestamp_hash_extended", "timestamptz_hash_extended")
def timestamp_hash_extended(value: int, seed: int) -> int:
    return hash_uint32_extended(fold_int8(value), seed)


@implements("timestamp_finite", inline="(-9223372036854775808 < {0} < 9223372036854775807)")
def timestamp_finite(value: int) -> bool:
    return TIMESTAMP_MINUS_INFINITY < value < TIMESTAMP_INFINITY


# --- arithmetic -------------------------------------------------------------------------------------


def is_finite(value: int) -> bool:
    """Whether a timestamp is neither infinity."""
    return TIMESTAMP_MINUS_INFINITY < value < TIMESTAMP_INFINITY


@implements("timestamp_mi")
def timestamp_mi(a: int, b: int) -> Interval:
    if not is_finite(a):
        if a == b:
            interval_out_of_range()
        return INTERVAL_INFINITY if a > 0 else INTERVAL_MINUS_INFINITY
    if not is_finite(b):
        return INTERVAL_INFINITY if b < 0 else INTERVAL_MINUS_INFINITY
    difference = a - b
    if not INT64_MIN <= difference <= INT64_MAX:
        interval_out_of_range()
    return justify_hours(Interval(0, 0, difference))


def _infinite_sum(timestamp: int, interval: Interval) -> int:
    """The sum if one of both is infinite."""
    if is_infinite(interval):
        infinity = TIMESTAMP_INFINITY if interval[0] > 0 else TIMESTAMP_MINUS_INFINITY
        if not is_finite(timestamp) and timestamp != infinity:
            timestamp_out_of_range()
        return infinity
    return timestamp


def add_months(timestamp: int, months: int) -> int:
    """A local timestamp some months later, on the same day or the last one of its month."""
    days, rest = divmod(timestamp, USECS_PER_DAY)
    year, month, day = civil(days)
    years, month = divmod(month - 1 + months, 12)
    year += years
    month += 1
    if not is_valid_julian(year, month, day):
        timestamp_out_of_range()
    last = month_days(year, month)
    return checked_timestamp(days_of(year, month, day if day < last else last) * USECS_PER_DAY + rest)


def add_interval(timestamp: int, interval: Interval) -> int:
    """timestamp + interval: months first, then days, then time."""
    if not is_finite(timestamp) or is_infinite(interval):
        return _infinite_sum(timestamp, interval)
    months, days, microseconds = interval
    if months:
        timestamp = add_months(timestamp, months)
    if days:
        timestamp = checked_timestamp(timestamp + days * USECS_PER_DAY)
    return checked_timestamp(timestamp + microseconds)


def add_interval_tz(zone: Zone, timestamp: int, interval: Interval) -> int:
    """timestamptz + interval: months and days go by the local clock of a zone."""
    if not is_finite(timestamp) or is_infinite(interval):
        return _infinite_sum(timestamp, interval)
    months, days, microseconds = interval
    if months:
        local = add_months(timestamp_to_local(zone, timestamp), months)
        timestamp = checked_timestamp(timestamp_to_utc(zone, local))
    if days:
        local = timestamp_to_local(zone, timestamp) + days * USECS_PER_DAY
        if not MIN_TIMESTAMP <= local < END_TIMESTAMP + USECS_PER_DAY:
            timestamp_out_of_range()
        timestamp = checked_timestamp(timestamp_to_utc(zone, local))
    return checked_timestamp(timestamp + microseconds)


def negated(interval: Interval) -> Interval:
    """The interval to add for a subtraction."""
    return negate(interval)


@implements("timestamp_pl_interval")
def timestamp_pl_interval(timestamp: int, interval: Interval) -> int:
    return add_interval(timestamp, interval)


@implements("timestamp_mi_interval")
def timestamp_mi_interval(timestamp: int, interval: Interval) -> int:
    return add_interval(timestamp, negate(interval))


@implements("timestamptz_pl_interval", context=True)
def timestamptz_pl_interval(ctx: Any, timestamp: int, interval: Interval) -> int:
    return add_interval_tz(session_zone(ctx.settings.timezone), timestamp, interval)


@implements("timestamptz_mi_interval", context=True)
def timestamptz_mi_interval(ctx: Any, timestamp: int, interval: Interval) -> int:
    return add_interval_tz(session_zone(ctx.settings.timezone), timestamp, negate(interval))


# --- conversions ------------------------------------------------------------------------------------


@implements("timestamp_timestamptz", "timestamp_at_local", context=True)
def timestamp_timestamptz(ctx: Any, value: int) -> int:
    if not is_finite(value):
        return value
    return checked_timestamp(timestamp_to_utc(session_zone(ctx.settings.timezone), value))


@implements("timestamptz_timestamp", "timestamptz_at_local", context=True)
def timestamptz_timestamp(ctx: Any, value: int) -> int:
    if not is_finite(value):
        return value
    return checked_timestamp(timestamp_to_local(session_zone(ctx.settings.timezone), value))


@implements("float8_timestamptz")
def float8_timestamptz(seconds: float) -> int:
    if seconds != seconds:
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "timestamp cannot be NaN")
    if seconds in (float("inf"), float("-inf")):
        return TIMESTAMP_INFINITY if seconds > 0 else TIMESTAMP_MINUS_INFINITY
    if seconds < -210_866_803_200.0 or seconds >= 9_224_318_016_000.0:
        _seconds_out_of_range(seconds)
    value = round((seconds - 946_684_800) * 1_000_000.0)
    if not MIN_TIMESTAMP <= value < END_TIMESTAMP:
        _seconds_out_of_range(seconds)
    return value


def _seconds_out_of_range(seconds: float) -> NoReturn:
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f'timestamp out of range: "{seconds:g}"')
