"""Dates and times as jsonpath items: the .datetime() family of methods, comparison, text."""

import re
from typing import Any, NamedTuple, NoReturn

from ..errors import SqlError
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
    INVALID_DATETIME_FORMAT,
)
from ..types.calendar import USECS_PER_DAY, days_of, month_days
from ..types.datetime_common import round_precision
from ..types.jsonout import date_text
from ..types.timezones import session_zone, timestamp_to_local, timestamp_to_utc, tz_offset_at

DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ = 1082, 1083, 1266, 1114, 1184
_NAMES = {
    DATE: "date",
    TIME: "time without time zone",
    TIMETZ: "time with time zone",
    TIMESTAMP: "timestamp without time zone",
    TIMESTAMPTZ: "timestamp with time zone",
}
_SHORT = {DATE: "date", TIME: "time", TIMETZ: "timetz", TIMESTAMP: "timestamp", TIMESTAMPTZ: "timestamptz"}
_TARGETS = {
    "date": DATE,
    "time": TIME,
    "time_tz": TIMETZ,
    "timestamp": TIMESTAMP,
    "timestamp_tz": TIMESTAMPTZ,
}
_FORMAT = re.compile(
    r"(?:(\d{4,7})-(\d{1,2})-(\d{1,2}))?"
    r"(?:(?:(?<=\d)[ T])?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))? ?([+-]\d{1,2}(?::?\d{2})?)?)?"
)


class DateTime(NamedTuple):
    """A value of one of the five types; `zone` is seconds east of UTC of a time_tz (or of the input)."""

    typid: int
    value: int
    zone: int


def type_name(item: DateTime) -> str:
    """As .type() gives it."""
    return _NAMES[item.typid]


def parse(text: str) -> DateTime | None:
    """The ISO forms that .datetime() knows without a template."""
    match = _FORMAT.fullmatch(text.strip())
    if match is None or not match.group():
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    days = 0
    if year is not None:
        if (
            not 1 <= int(month) <= 12
            or not 1 <= int(day) <= month_days(int(year), int(month))
            or not int(year)
        ):
            return None
        days = days_of(int(year), int(month), int(day))
        if hour is None:
            return DateTime(DATE, days, 0)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        return None
    time = (int(hour) * 3600 + int(minute) * 60 + int(second)) * 1_000_000
    if fraction:
        time += round(int(fraction[:7].ljust(7, "0")) / 10)
    east = _zone_seconds(zone) if zone else 0
    if year is None:
        return DateTime(TIMETZ if zone else TIME, time, east)
    value = days * USECS_PER_DAY + time
    return DateTime(TIMESTAMPTZ, value - east * 1_000_000, east) if zone else DateTime(TIMESTAMP, value, 0)


def _zone_seconds(text: str) -> int:
    sign, digits = (-1 if text[0] == "-" else 1), text[1:]
    hours, _, minutes = digits.partition(":") if ":" in digits else (digits[:2], "", digits[2:])
    return sign * (int(hours) * 3600 + int(minutes or 0) * 60)


def _not_recognized(name: str, text: str) -> NoReturn:
    from .jsonpath_run import PathError

    raise PathError(
        INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
        f'{name} format is not recognized: "{text}"',
        hint="Use a datetime template argument to specify the input data format."
        if name == "datetime"
        else None,
    )


def convert(run: Any, node: Any, value: Any) -> DateTime:
    """.datetime(), .date(), .time(), .time_tz(), .timestamp(), .timestamp_tz()"""
    from .jsonpath_run import PathError

    name = node.kind
    if type(value) is not str:
        raise PathError(
            INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
            f"jsonpath item method .{name}() can only be applied to a string",
        )
    if name == "datetime" and node.args:
        return _by_template(run, value, node.args[0])
    found = parse(value)
    if found is None:
        _not_recognized(name, value)
    if name == "datetime":
        return found
    changed = _cast(run, found, _TARGETS[name])
    if changed is None:
        _not_recognized(name, value)
    if node.args:
        return changed._replace(value=round_precision(changed.value, min(node.args[0], 6)))
    return changed


_TIMED = frozenset(("HH", "MI", "SS", "MS", "US", "FF", "AM", "A.", "PM", "P.", "SSSS"))
_ZONED = frozenset(("TZ", "OF"))


def _by_template(run: Any, text: str, template: str) -> DateTime:
    """.datetime(template), after parse_datetime of formatting.c: the template tells the type."""
    from .formatting_datetime import parse_picture
    from .formatting_input import read_by_picture
    from .jsonpath_run import PathError

    try:
        session = session_zone(run.ctx.settings.get("TimeZone"))
        read = read_by_picture(text, template, session, True)
        names = [node.key.name.upper() for node in parse_picture(template, True) if node.key is not None]
    except SqlError as error:
        raise PathError(error.sqlstate, error.message, detail=error.detail, hint=error.hint) from None
    zoned = any(name[:2] in _ZONED for name in names)
    timed = any(name[:2] in _TIMED or name == "SSSSS" for name in names)
    dated = any(name[:2] not in _ZONED and name[:2] not in _TIMED for name in names)

    def refuse(message: str) -> NoReturn:
        raise PathError(INVALID_DATETIME_FORMAT, message)

    if zoned and timed and read.tz is None:
        refuse(f"missing time zone in input string for type {'timestamptz' if dated else 'timetz'}")
    east = -(read.tz or 0)
    days = days_of(read.year, read.month, read.day) if dated else 0
    time = read.time
    if timed and read.precision:
        time = round_precision(time, min(read.precision, 6))
    if dated and timed:
        stamp = days * USECS_PER_DAY + time
        if zoned:
            return DateTime(TIMESTAMPTZ, stamp - east * 1_000_000, east)
        return DateTime(TIMESTAMP, stamp, 0)
    if dated:
        if zoned:
            refuse("datetime format is zoned but not timed")
        return DateTime(DATE, days, 0)
    if timed:
        return DateTime(TIMETZ if zoned else TIME, time, east)
    refuse("datetime format is not dated and not timed")


def _needs_zone(run: Any, source: int, target: int) -> None:
    if not run.use_tz:
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f"cannot convert value from {_SHORT[source]} to {_SHORT[target]} without time zone usage",
            hint="Use *_tz() function for time zone support.",
        )


def _cast(run: Any, item: DateTime, target: int) -> DateTime | None:
    """The item as another type; None where there is no such cast."""
    source, value = item.typid, item.value
    if source == target:
        return item
    if TIMESTAMPTZ in (source, target) or {source, target} == {TIME, TIMETZ}:
        if (source in (TIME, TIMETZ) and target == TIMESTAMPTZ) or (
            source == DATE and target in (TIME, TIMETZ)
        ):
            return None
        _needs_zone(run, source, target)
    zone = session_zone(run.ctx.settings.get("TimeZone"))
    if target == TIMESTAMPTZ:
        local = value * USECS_PER_DAY if source == DATE else value
        return DateTime(TIMESTAMPTZ, timestamp_to_utc(zone, local), 0)
    if source == TIMESTAMPTZ:
        local = timestamp_to_local(zone, value)
        if target == TIMETZ:
            return DateTime(TIMETZ, local % USECS_PER_DAY, tz_offset_at(zone, value))
        return _cast(run, DateTime(TIMESTAMP, local, 0), target)
    if source == TIMESTAMP and target == DATE:
        return DateTime(DATE, value // USECS_PER_DAY, 0)
    if source == TIMESTAMP and target == TIME:
        return DateTime(TIME, value % USECS_PER_DAY, 0)
    if source == DATE and target == TIMESTAMP:
        return DateTime(TIMESTAMP, value * USECS_PER_DAY, 0)
    if source == TIMETZ and target == TIME:
        return DateTime(TIME, value, 0)
    if source == TIME and target == TIMETZ:
        return DateTime(TIMETZ, value, tz_offset_at(zone, run.ctx.transaction_timestamp))
    return None


def compare(run: Any, a: DateTime, b: DateTime) -> int | None:
    """The order of two items; None if their types cannot be compared."""
    rank = {DATE: 0, TIMESTAMP: 1, TIMESTAMPTZ: 2, TIME: 10, TIMETZ: 11}
    if (rank[a.typid] < 10) != (rank[b.typid] < 10):
        return None
    target = a.typid if rank[a.typid] >= rank[b.typid] else b.typid
    left, right = _cast(run, a, target), _cast(run, b, target)
    if left is None or right is None:
        return None
    if target == TIMETZ:
        x = (left.value - left.zone * 1_000_000, -left.zone)
        y = (right.value - right.zone * 1_000_000, -right.zone)
        return (x > y) - (x < y)
    return (left.value > right.value) - (left.value < right.value)


def text(ctx: Any, item: DateTime) -> str:
    """As it becomes a JSON string."""
    from ..types.datetime_format import format_time

    if item.typid == TIMESTAMPTZ:
        local = item.value + item.zone * 1_000_000
        return date_text(ctx, local, TIMESTAMP) + _zone_text(item.zone)
    if item.typid == TIME:
        return format_time(item.value)
    if item.typid == TIMETZ:
        return format_time(item.value) + _zone_text(item.zone)
    return date_text(ctx, item.value, item.typid)


def _zone_text(east: int) -> str:
    hours, rest = divmod(abs(east), 3600)
    return f"{'-' if east < 0 else '+'}{hours:02}:{rest // 60:02}"
