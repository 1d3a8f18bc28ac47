"""The proleptic Gregorian calendar by Julian day numbers, and the limits of the date and time types.

Values are ints as in values.py: days and microseconds since 2000-01-01. Years are astronomical here:
1 BC is 0, 2 BC is -1.
"""

from functools import lru_cache
from typing import NoReturn

from ..errors import SqlError
from ..sqlstates import DATETIME_VALUE_OUT_OF_RANGE
from ..values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    INTERVAL_INFINITY,
    INTERVAL_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    Interval,
)

USECS_PER_SEC = 1_000_000
USECS_PER_MINUTE = 60 * USECS_PER_SEC
USECS_PER_HOUR = 60 * USECS_PER_MINUTE
USECS_PER_DAY = 24 * USECS_PER_HOUR
SECS_PER_DAY = 86_400
POSTGRES_EPOCH_JDATE = 2_451_545  # 2000-01-01
UNIX_EPOCH_JDATE = 2_440_588
EPOCH_SHIFT_SECS = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY
MIN_DATE = -POSTGRES_EPOCH_JDATE  # 4714-11-24 BC
END_DATE = 2_147_483_494 - POSTGRES_EPOCH_JDATE  # 5874898-01-01, exclusive
MIN_TIMESTAMP = -211_813_488_000_000_000  # 4714-11-24 00:00:00 BC
END_TIMESTAMP = 9_223_371_331_200_000_000  # 294277-01-01, exclusive
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_INFINITE_INTERVALS = (INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY)
_INFINITE_MONTHS = (INT32_MAX, INT32_MIN)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

__all__ = [
    "DATE_INFINITY",
    "DATE_MINUS_INFINITY",
    "INTERVAL_INFINITY",
    "INTERVAL_MINUS_INFINITY",
    "TIMESTAMP_INFINITY",
    "TIMESTAMP_MINUS_INFINITY",
    "Interval",
]


def is_leap(year: int) -> bool:
    """Whether the (astronomical) year has a February 29."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    """How many days the month has."""
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def date2j(year: int, month: int, day: int) -> int:
    """The Julian day number of a date; month and day may lie outside their usual ranges."""
    if month > 2:
        month += 1
        year += 4800
    else:
        month += 13
        year += 4799
    century = year // 100
    return year * 365 - 32167 + year // 4 - century + century // 4 + 7834 * month // 256 + day


def j2date(julian: int) -> tuple[int, int, int]:
    """Year, month and day of a Julian day number."""
    cycle, rest = divmod(julian + 32044, 146_097)
    century = (4 * rest + 3) // 146_097
    rest -= 146_097 * century // 4
    year = (4 * rest + 3) // 1461
    rest -= 1461 * year // 4
    month = (5 * rest + 2) // 153
    return (
        400 * cycle + 100 * century + year - 4800 + month // 10,
        month + 3 - 12 * (month // 10),
        rest - (153 * month + 2) // 5 + 1,
    )


@lru_cache(4096)
def civil(days: int) -> tuple[int, int, int]:
    """Year, month, day of days since 2000-01-01."""
    return j2date(days + POSTGRES_EPOCH_JDATE)


def days_of(year: int, month: int, day: int) -> int:
    """Days since 2000-01-01 of a date."""
    return date2j(year, month, day) - POSTGRES_EPOCH_JDATE


def weekday(julian: int) -> int:
    """Day of the week, 0 is Sunday."""
    return (julian + 1) % 7


def is_valid_julian(year: int, month: int, _day: int) -> bool:
    """Whether the Julian day number of a date fits PostgreSQL's int32 arithmetic."""
    return (year > -4713 or (year == -4713 and month >= 11)) and (
        year < 5874898 or (year == 5874898 and month < 6)
    )


def iso_week(year: int, month: int, day: int) -> tuple[int, int]:
    """The ISO 8601 year and week of a date."""
    today = date2j(year, month, day)
    monday = today - (today % 7)  # Julian day 0 was a Monday
    thursday = monday + 3
    iso_year = j2date(thursday)[0]
    return iso_year, (thursday - date2j(iso_year, 1, 1)) // 7 + 1


def iso_week_start(iso_year: int, week: int) -> int:
    """The Julian day of the Monday of an ISO week."""
    fourth = date2j(iso_year, 1, 4)
    return fourth - fourth % 7 + (week - 1) * 7


def date_out_of_range() -> NoReturn:
    """date out of range."""
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "date out of range")


def timestamp_out_of_range() -> NoReturn:
    """timestamp out of range."""
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range")


def interval_out_of_range() -> NoReturn:
    """interval out of range."""
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, "interval out of range")


def checked_timestamp(value: int) -> int:
    """The value if it is a valid finite timestamp."""
    if MIN_TIMESTAMP <= value < END_TIMESTAMP:
        return value
    timestamp_out_of_range()


def checked_interval(months: int, days: int, microseconds: int) -> Interval:
    """The interval if its fields fit and it is not one of the infinite ones."""
    if not (
        INT32_MIN <= months <= INT32_MAX
        and INT32_MIN <= days <= INT32_MAX
        and INT64_MIN <= microseconds <= INT64_MAX
    ):
        interval_out_of_range()
    interval = Interval(months, days, microseconds)
    if interval in _INFINITE_INTERVALS:
        interval_out_of_range()
    return interval


def is_infinite(interval: Interval) -> bool:
    """Whether the interval is infinity or -infinity."""
    return interval[0] in _INFINITE_MONTHS and interval in _INFINITE_INTERVALS


def truncated_divmod(value: int, divisor: int) -> tuple[int, int]:
    """C's / and %: toward zero."""
    if value >= 0:
        return divmod(value, divisor)
    quotient, rest = divmod(-value, divisor)
    return -quotient, -rest
