"""date: input and output, comparison also with timestamps, arithmetic, conversions from timestamps."""

from datetime import date as python_date
from struct import Struct
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import DATETIME_VALUE_OUT_OF_RANGE
from ..values import Interval, TimeTz
from .calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    END_DATE,
    END_TIMESTAMP,
    MIN_DATE,
    MIN_TIMESTAMP,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    USECS_PER_DAY,
    USECS_PER_SEC,
    checked_timestamp,
    date_out_of_range,
    days_of,
    is_valid_julian,
)
from .datetime_common import receive_with
from .datetime_format import format_date, iso_date
from .datetime_parse import Fields, parse_datetime
from .hashing import hash_uint32, hash_uint32_extended
from .integers import COMPARISONS, register_comparisons
from .timestamps import add_interval, negated
from .timezones import session_zone, timestamp_to_local, timestamp_to_utc

_INT32 = Struct(">i")
_UNIX_EPOCH = -10957
_ORDINAL = python_date(2000, 1, 1).toordinal()
_IN_RANGE_TIMESTAMP = END_TIMESTAMP // USECS_PER_DAY


@implements("date_in", context=True)
def date_in(ctx: Any, text: str) -> int:
    if len(text) == 10 and text[4] == "-" and text[7] == "-":
        try:
            return python_date.fromisoformat(text).toordinal() - _ORDINAL
        except ValueError:
            pass
    fields = parse_datetime(text, ctx.settings, ctx.transaction_timestamp, "date")
    if fields.special == "epoch":
        return _UNIX_EPOCH
    if fields.special != "date":
        return DATE_INFINITY if fields.special == "infinity" else DATE_MINUS_INFINITY
    return date_of_fields(fields, text)


def date_of_fields(fields: Fields, text: str) -> int:
    """The days of what was read."""
    if is_valid_julian(fields.year, fields.month, fields.day):
        days = days_of(fields.year, fields.month, fields.day)
        if MIN_DATE <= days < END_DATE:
            return days
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f'date out of range: "{text}"')


@implements("date_out", context=True)
def date_out(ctx: Any, value: int) -> str:
    style = ctx.settings.datestyle
    if style[0] == "ISO" and -730119 <= value < 2921940:
        return iso_date(value)
    return format_date(value, style)


@implements("date_recv")
def date_recv(data: bytes) -> int:
    (value,) = receive_with(_INT32, data)
    if value in (DATE_INFINITY, DATE_MINUS_INFINITY) or MIN_DATE <= value < END_DATE:
        return int(value)
    date_out_of_range()


@implements("date_send")
def date_send(value: int) -> bytes:
    return _INT32.pack(value)


register_comparisons("date_{}")


@implements("date_cmp", inline="(({0} > {1}) - ({0} < {1}))")
def date_cmp(a: int, b: int) -> int:
    return (a > b) - (a < b)


@implements("date_larger", inline="({0} if {0} > {1} else {1})")
def date_larger(a: int, b: int) -> int:
    return a if a > b else b


@implements("date_smaller", inline="({0} if {0} < {1} else {1})")
def date_smaller(a: int, b: int) -> int:
    return a if a < b else b


@implements("hashdate")
def hashdate(value: int) -> int:
    return hash_uint32(value)


@implements("hashdateextended")
def hashdateextended(value: int, seed: int) -> int:
    return hash_uint32_extended(value, seed)


@implements("date_finite", inline="(-2147483648 < {0} < 2147483647)")
def date_finite(value: int) -> bool:
    return DATE_MINUS_INFINITY < value < DATE_INFINITY


def date_to_timestamp(value: int) -> int:
    """Midnight of a date."""
    if MIN_DATE <= value < _IN_RANGE_TIMESTAMP:
        return value * USECS_PER_DAY
    if value == DATE_INFINITY:
        return TIMESTAMP_INFINITY
    if value == DATE_MINUS_INFINITY:
        return TIMESTAMP_MINUS_INFINITY
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp")


def date_to_timestamptz(zone_name: str, value: int) -> int:
    """Midnight of a date in a time zone."""
    timestamp = date_to_timestamp(value)
    if timestamp in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return timestamp
    timestamp = timestamp_to_utc(session_zone(zone_name), timestamp)
    if MIN_TIMESTAMP <= timestamp < END_TIMESTAMP:
        return timestamp
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp")


def comparable_timestamp(value: int) -> int:
    """A date as something that compares with timestamps; finite dates stay between the infinities."""
    if DATE_MINUS_INFINITY < value < DATE_INFINITY:
        return min(value * USECS_PER_DAY, TIMESTAMP_INFINITY - 1)
    return TIMESTAMP_INFINITY if value > 0 else TIMESTAMP_MINUS_INFINITY


def comparable_timestamptz(ctx: Any, value: int) -> int:
    """A date's midnight in the session's zone, to be compared with a timestamptz."""
    timestamp = comparable_timestamp(value)
    if MIN_TIMESTAMP <= timestamp < END_TIMESTAMP:
        return timestamp_to_utc(session_zone(ctx.settings.timezone), timestamp)
    return timestamp


def local_to_comparable(ctx: Any, value: int) -> int:
    """A timestamp as local time in the session's zone, to be compared with a timestamptz."""
    if MIN_TIMESTAMP <= value < END_TIMESTAMP:
        return timestamp_to_utc(session_zone(ctx.settings.timezone), value)
    return value


def _register_cross_comparisons() -> None:
    for suffix, operator in (*COMPARISONS, ("cmp", "")):
        form = f"{{a}} {operator} {{b}}" if operator else "({a} > {b}) - ({a} < {b})"
        names = {
            "comparable_timestamp": comparable_timestamp,
            "comparable_timestamptz": comparable_timestamptz,
            "local_to_comparable": local_to_comparable,
        }

        def make(
            left: str, right: str, arguments: str, form: str = form, names: dict[str, Any] = names
        ) -> Any:
            return eval(f"lambda {arguments}: " + form.format(a=left, b=right), dict(names))

        cast, castz = "comparable_timestamp({})", "comparable_timestamptz(ctx, {})"
        implements(f"date_{suffix}_timestamp")(make(cast.format("a"), "b", "a, b"))
        implements(f"timestamp_{suffix}_date")(make("a", cast.format("b"), "a, b"))
        implements(f"date_{suffix}_timestamptz", context=True)(make(castz.format("a"), "b", "ctx, a, b"))
        implements(f"timestamptz_{suffix}_date", context=True)(make("a", castz.format("b"), "ctx, a, b"))
        local = "local_to_comparable(ctx, {})"
        implements(f"timestamp_{suffix}_timestamptz", context=True)(make(local.format("a"), "b", "ctx, a, b"))
        implements(f"timestamptz_{suffix}_timestamp", context=True)(make("a", local.format("b"), "ctx, a, b"))


_register_cross_comparisons()


@implements("date_pli")
def date_pli(value: int, days: int) -> int:
    if value in (DATE_INFINITY, DATE_MINUS_INFINITY):
        return value
    if MIN_DATE <= value + days < END_DATE:
        return value + days
    date_out_of_range()


@implements("date_mii")
def date_mii(value: int, days: int) -> int:
    return date_pli(value, -days)


@implements("date_mi")
def date_mi(a: int, b: int) -> int:
    if not (DATE_MINUS_INFINITY < a < DATE_INFINITY and DATE_MINUS_INFINITY < b < DATE_INFINITY):
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "cannot subtract infinite dates")
    return a - b


@implements("date_pl_interval")
def date_pl_interval(value: int, interval: Interval) -> int:
    return add_interval(date_to_timestamp(value), interval)


@implements("date_mi_interval")
def date_mi_interval(value: int, interval: Interval) -> int:
    return add_interval(date_to_timestamp(value), negated(interval))


@implements("date_timestamp")
def date_timestamp(value: int) -> int:
    return date_to_timestamp(value)


@implements("date_timestamptz", context=True)
def date_timestamptz(ctx: Any, value: int) -> int:
    return date_to_timestamptz(ctx.settings.timezone, value)


@implements("datetime_timestamp")
def datetime_timestamp(value: int, time: int) -> int:
    timestamp = date_to_timestamp(value)
    if timestamp in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return timestamp
    return checked_timestamp(timestamp + time)


@implements("datetimetz_timestamptz")
def datetimetz_timestamptz(value: int, time: TimeTz) -> int:
    timestamp = date_to_timestamp(value)
    if timestamp in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return timestamp
    timestamp += time[0] + time[1] * USECS_PER_SEC
    if MIN_TIMESTAMP <= timestamp < END_TIMESTAMP:
        return timestamp
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp")


@implements("timestamp_date")
def timestamp_date(value: int) -> int:
    if MIN_TIMESTAMP <= value < END_TIMESTAMP:
        return value // USECS_PER_DAY
    return DATE_INFINITY if value > 0 else DATE_MINUS_INFINITY


@implements("timestamptz_date", context=True)
def timestamptz_date(ctx: Any, value: int) -> int:
    if MIN_TIMESTAMP <= value < END_TIMESTAMP:
        return timestamp_to_local(session_zone(ctx.settings.timezone), value) // USECS_PER_DAY
    return DATE_INFINITY if value > 0 else DATE_MINUS_INFINITY
