"""What of a point in time EXTRACT, date_part and date_trunc take: one table for timestamps, times, intervals.

A part is given exactly: an int with the number of decimal digits it is scaled by, from which numeric and
float8 are made.
"""

from decimal import Decimal
from typing import NoReturn

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE
from .calendar import (
    POSTGRES_EPOCH_JDATE,
    USECS_PER_HOUR,
    USECS_PER_MINUTE,
    civil,
    date2j,
    iso_week,
    truncated_divmod,
    weekday,
)

DATE, TIME, TIMETZ = "date", "time without time zone", "time with time zone"
TIMESTAMP, TIMESTAMPTZ, INTERVAL = "timestamp without time zone", "timestamp with time zone", "interval"
MONOTONIC = frozenset({"year", "decade", "century", "millennium", "julian", "isoyear", "epoch"})
TIME_UNITS = frozenset({"microsecond", "millisecond", "second", "minute", "hour"})
ZONE_UNITS = frozenset({"timezone", "timezone_hour", "timezone_minute"})
DATE_UNITS = frozenset(
    {"day", "month", "quarter", "week", "year", "decade", "century", "millennium", "julian", "isoyear", "dow",
     "isodow", "doy"}
)  # fmt: skip


def not_supported(unit: str, typename: str, detail: str | None = None) -> NoReturn:
    """The type has no such unit."""
    raise SqlError(FEATURE_NOT_SUPPORTED, f'unit "{unit}" not supported for type {typename}', detail=detail)


def not_recognized(unit: str, typename: str) -> NoReturn:
    """There is no such unit."""
    raise SqlError(INVALID_PARAMETER_VALUE, f'unit "{unit}" not recognized for type {typename}')


def scaled_numeric(value: int, scale: int) -> Decimal:
    """value / 10**scale with that many digits after the point."""
    digits = Decimal(value)
    return digits.scaleb(-scale) if scale else digits


def time_part(unit: str, microseconds: int) -> tuple[int, int]:
    """A part of a time of day (or of an interval's time, negative ones negative): (number, scale)."""
    if unit == "hour":
        return truncated_divmod(microseconds, USECS_PER_HOUR)[0], 0
    minutes, rest = truncated_divmod(microseconds, USECS_PER_MINUTE)
    if unit == "minute":
        return truncated_divmod(minutes, 60)[1], 0
    return rest, {"second": 6, "millisecond": 3, "microsecond": 0}[unit]


def date_part(unit: str, days: int) -> int:
    """A part of a date given as days since 2000-01-01."""
    year, month, day = civil(days)
    if unit == "day":
        return day
    if unit == "month":
        return month
    if unit == "quarter":
        return (month - 1) // 3 + 1
    if unit == "year":
        return year if year > 0 else year - 1
    if unit == "week":
        return iso_week(year, month, day)[1]
    if unit == "isoyear":
        iso_year = iso_week(year, month, day)[0]
        return iso_year if iso_year > 0 else iso_year - 1
    if unit == "dow":
        return weekday(days + POSTGRES_EPOCH_JDATE)
    if unit == "isodow":
        return weekday(days + POSTGRES_EPOCH_JDATE) or 7
    if unit == "doy":
        return days + POSTGRES_EPOCH_JDATE - date2j(year, 1, 1) + 1
    if unit == "julian":
        return days + POSTGRES_EPOCH_JDATE
    if unit == "decade":
        return year // 10 if year >= 0 else -((9 - year) // 10)
    size = 100 if unit == "century" else 1000
    return (year + size - 1) // size if year > 0 else -((size - year) // size)


def truncate_date(unit: str, days: int) -> int:
    """The first day of the unit that a day belongs to."""
    if unit == "day":
        return days
    if unit == "week":
        return days - (days + POSTGRES_EPOCH_JDATE) % 7
    year, month, _ = civil(days)
    if unit == "month":
        return date2j(year, month, 1) - POSTGRES_EPOCH_JDATE
    if unit == "quarter":
        return date2j(year, (month - 1) // 3 * 3 + 1, 1) - POSTGRES_EPOCH_JDATE
    if unit == "decade":
        year = year // 10 * 10 if year > 0 else -((9 - year) // 10) * 10
    elif unit != "year":
        size = 100 if unit == "century" else 1000
        year = (
            (year + size - 1) // size * size - size + 1 if year > 0 else -((size - year) // size) * size + 1
        )
    return date2j(year, 1, 1) - POSTGRES_EPOCH_JDATE


def interval_day_part(unit: str, months: int, days: int) -> int:
    """A part of an interval's months and days."""
    if unit == "day":
        return days
    if unit == "week":
        return truncated_divmod(days, 7)[0]
    years, rest = truncated_divmod(months, 12)
    if unit == "month":
        return rest
    if unit == "quarter":
        return rest // 3 + 1 if months >= 0 else -(-months % 12 // 3 + 1)
    size = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}[unit]
    return truncated_divmod(years, size)[0]


TRUNCATED_TIME = {
    "hour": USECS_PER_HOUR,
    "minute": USECS_PER_MINUTE,
    "second": 1_000_000,
    "millisecond": 1000,
    "microsecond": 1,
}
INTERVAL_MONTHS = {
    "month": 1,
    "quarter": 3,
    "year": 12,
    "decade": 120,
    "century": 1200,
    "millennium": 12000,
}
TRUNCATABLE = frozenset({*TRUNCATED_TIME, *INTERVAL_MONTHS, "day", "week"})
