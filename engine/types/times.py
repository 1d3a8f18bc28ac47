"""time and timetz: input and output, comparison, arithmetic, conversions."""

import re
from struct import Struct
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import DATETIME_VALUE_OUT_OF_RANGE, INVALID_TIME_ZONE_DISPLACEMENT_VALUE
from ..values import Interval, TimeTz
from .calendar import INT64_MAX, INT64_MIN, USECS_PER_DAY, USECS_PER_MINUTE, USECS_PER_SEC, civil, is_infinite
from .datetime_common import precision_typmodin, receive_with, round_precision
from .datetime_format import format_time, format_zone
from .datetime_parse import parse_time
from .hashing import fold_int8, hash_uint32, hash_uint32_extended
from .integers import COMPARISONS, register_comparisons
from .timestamps import is_finite
from .timezones import determine_offset, session_zone, timestamp_to_local, tz_offset_at

_INT64 = Struct(">q")
_PACKED = Struct(">qi")
_clock = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,6}))?)?\Z").match


@implements("time_in", context=True)
def time_in(ctx: Any, text: str, _parameter: int = 0, typmod: int = -1) -> int:
    clock = _clock(text)
    if clock is not None:
        hour, minute, second, fraction = clock.groups()
        value = (int(hour) * 60 + int(minute)) * USECS_PER_MINUTE + int(second or 0) * USECS_PER_SEC
        if fraction is not None:
            value += int(f"{fraction:0<6}")
        return value if typmod < 0 else round_precision(value, typmod)
    return round_precision(parse_time(text, ctx.settings, ctx.transaction_timestamp, "time").time, typmod)


@implements("timetz_in", context=True)
def timetz_in(ctx: Any, text: str, _parameter: int = 0, typmod: int = -1) -> TimeTz:
    fields = parse_time(text, ctx.settings, ctx.transaction_timestamp, "time with time zone")
    return TimeTz(round_precision(fields.time, typmod), fields.tz)


@implements("time_out")
def time_out(value: int) -> str:
    return format_time(value)


@implements("timetz_out")
def timetz_out(value: TimeTz) -> str:
    return format_time(value[0]) + format_zone(value[1])


def _checked(value: int) -> int:
    if 0 <= value <= USECS_PER_DAY:
        return value
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "time out of range")


@implements("time_recv")
def time_recv(data: bytes, _parameter: int = 0, typmod: int = -1) -> int:
    return round_precision(_checked(receive_with(_INT64, data)[0]), typmod)


@implements("time_send")
def time_send(value: int) -> bytes:
    return _INT64.pack(value)


@implements("timetz_recv")
def timetz_recv(data: bytes, _parameter: int = 0, typmod: int = -1) -> TimeTz:
    microseconds, zone = receive_with(_PACKED, data)
    _checked(microseconds)
    if not -57600 < zone < 57600:
        raise SqlError(INVALID_TIME_ZONE_DISPLACEMENT_VALUE, "time zone displacement out of range")
    return TimeTz(round_precision(microseconds, typmod), zone)


@implements("timetz_send")
def timetz_send(value: TimeTz) -> bytes:
    return _PACKED.pack(value[0], value[1])


@implements("time_scale")
def time_scale(value: int, typmod: int) -> int:
    return round_precision(value, typmod)


@implements("timetz_scale")
def timetz_scale(value: TimeTz, typmod: int) -> TimeTz:
    return TimeTz(round_precision(value[0], typmod), value[1])


implements("timetypmodin", context=True)(precision_typmodin("TIME"))
implements("timetztypmodin", context=True)(precision_typmodin("TIME WITH TIME ZONE"))


@implements("timetypmodout")
def timetypmodout(typmod: int) -> str:
    return f"({typmod}) without time zone" if typmod >= 0 else " without time zone"


@implements("timetztypmodout")
def timetztypmodout(typmod: int) -> str:
    return f"({typmod}) with time zone" if typmod >= 0 else " with time zone"


# --- comparison -------------------------------------------------------------------------------------

register_comparisons("time_{}")


@implements("time_cmp", inline="(({0} > {1}) - ({0} < {1}))")
def time_cmp(a: int, b: int) -> int:
    return (a > b) - (a < b)


@implements("time_larger", inline="({0} if {0} > {1} else {1})")
def time_larger(a: int, b: int) -> int:
    return a if a > b else b


@implements("time_smaller", inline="({0} if {0} < {1} else {1})")
def time_smaller(a: int, b: int) -> int:
    return a if a < b else b


@implements("time_hash")
def time_hash(value: int) -> int:
    return hash_uint32(fold_int8(value))


@implements("time_hash_extended")
def time_hash_extended(value: int, seed: int) -> int:
    return hash_uint32_extended(fold_int8(value), seed)


def timetz_key(value: TimeTz) -> tuple[int, int]:
    """Order by the time in UTC, then by the zone."""
    return value[0] + value[1] * USECS_PER_SEC, value[1]


def _register_timetz_comparisons() -> None:
    for suffix, operator in COMPARISONS:
        function = eval(f"lambda a, b: key(a) {operator} key(b)", {"key": timetz_key})
        implements(f"timetz_{suffix}")(function)


_register_timetz_comparisons()


@implements("timetz_cmp")
def timetz_cmp(a: TimeTz, b: TimeTz) -> int:
    left, right = timetz_key(a), timetz_key(b)
    return (left > right) - (left < right)


@implements("timetz_larger")
def timetz_larger(a: TimeTz, b: TimeTz) -> TimeTz:
    return a if timetz_key(a) > timetz_key(b) else b


@implements("timetz_smaller")
def timetz_smaller(a: TimeTz, b: TimeTz) -> TimeTz:
    return a if timetz_key(a) < timetz_key(b) else b


@implements("timetz_hash")
def timetz_hash(value: TimeTz) -> int:
    return time_hash(value[0]) ^ hash_uint32(value[1])


@implements("timetz_hash_extended")
def timetz_hash_extended(value: TimeTz, seed: int) -> int:
    return time_hash_extended(value[0], seed) ^ hash_uint32_extended(value[1], seed)


# --- arithmetic -------------------------------------------------------------------------------------


def _finite(interval: Interval, what: str) -> int:
    if is_infinite(interval):
        raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f"cannot {what} time")
    return interval[2]


def _wrapped(value: int) -> int:
    """The time of day, after a sum in 64 bits as PostgreSQL's."""
    if not INT64_MIN <= value <= INT64_MAX:
        value = (value + 2**63) % 2**64 - 2**63
    return value % USECS_PER_DAY


@implements("time_pl_interval")
def time_pl_interval(value: int, interval: Interval) -> int:
    return _wrapped(value + _finite(interval, "add infinite interval to"))


@implements("time_mi_interval")
def time_mi_interval(value: int, interval: Interval) -> int:
    return _wrapped(value - _finite(interval, "subtract infinite interval from"))


@implements("timetz_pl_interval")
def timetz_pl_interval(value: TimeTz, interval: Interval) -> TimeTz:
    return TimeTz(_wrapped(value[0] + _finite(interval, "add infinite interval to")), value[1])


@implements("timetz_mi_interval")
def timetz_mi_interval(value: TimeTz, interval: Interval) -> TimeTz:
    return TimeTz(_wrapped(value[0] - _finite(interval, "subtract infinite interval from")), value[1])


@implements("time_mi_time")
def time_mi_time(a: int, b: int) -> Interval:
    return Interval(0, 0, a - b)


# --- conversions ------------------------------------------------------------------------------------


@implements("timetz_time", inline="{0}[0]")
def timetz_time(value: TimeTz) -> int:
    return value[0]


@implements("time_timetz", context=True)
def time_timetz(ctx: Any, value: int) -> TimeTz:
    zone = session_zone(ctx.settings.timezone)
    today = timestamp_to_local(zone, ctx.transaction_timestamp) // USECS_PER_DAY
    return TimeTz(value, -determine_offset(zone, *civil(today), value // USECS_PER_SEC).gmtoff)


@implements("timestamp_time")
def timestamp_time(value: int) -> int | None:
    return value % USECS_PER_DAY if is_finite(value) else None


@implements("timestamptz_time", context=True)
def timestamptz_time(ctx: Any, value: int) -> int | None:
    if not is_finite(value):
        return None
    return timestamp_to_local(session_zone(ctx.settings.timezone), value) % USECS_PER_DAY


@implements("timestamptz_timetz", context=True)
def timestamptz_timetz(ctx: Any, value: int) -> TimeTz | None:
    if not is_finite(value):
        return None
    zone = session_zone(ctx.settings.timezone)
    return TimeTz(timestamp_to_local(zone, value) % USECS_PER_DAY, -tz_offset_at(zone, value))
