"""Input of intervals as text: PostgreSQL's and SQL's forms, ISO 8601 with and without designators."""

import re
from typing import NamedTuple

from ..values import INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY, Interval
from .calendar import (
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    INT64_MIN,
    USECS_PER_DAY,
    USECS_PER_HOUR,
    USECS_PER_MINUTE,
    USECS_PER_SEC,
    interval_out_of_range,
    truncated_divmod,
)
from .datetime_parse import (
    BAD_FORMAT,
    DATE,
    FIELD_OVERFLOW,
    INTERVAL_OVERFLOW,
    NUMBER,
    TIME,
    ZONE,
    DateTimeError,
    bad,
    datetime_error,
    decode_time,
    fraction,
    overflow,
    strtoint,
    tokenize,
)
from .datetime_words import (
    AGO,
    ALL_SECS_M,
    CENTURY,
    DATE_M,
    DATE_WORDS,
    DAY,
    DECADE,
    HOUR,
    IGNORE,
    MICROSECOND,
    MILLENNIUM,
    MILLISECOND,
    MINUTE,
    MONTH,
    RESERV,
    SECOND,
    TIME_M,
    UNIT_WORDS,
    UNITS,
    UNKNOWN,
    WEEK,
    YEAR,
)

FULL_RANGE = 0x7FFF
FULL_PRECISION = 0xFFFF
_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND = 4, 2, 8, 1024, 2048, 4096
_RIGHTMOST = {
    _YEAR: "year", _MONTH: "month", _YEAR | _MONTH: "month", _DAY: "day", _HOUR: "hour", _DAY | _HOUR: "hour",
    _MINUTE: "minute", _HOUR | _MINUTE: "minute", _DAY | _HOUR | _MINUTE: "minute",
}  # fmt: skip


class _Sum:
    """An interval being added up; a field out of its range is an error at once."""

    __slots__ = ("days", "months", "usecs", "years")

    def __init__(self) -> None:
        self.years = self.months = self.days = self.usecs = 0

    def add_usecs(self, value: int, part: float, scale: int) -> None:
        self.usecs += value * scale
        if not INT64_MIN <= value * scale <= INT64_MAX or not INT64_MIN <= self.usecs <= INT64_MAX:
            overflow()
        self.add_fraction_usecs(part, scale)

    def add_fraction_usecs(self, part: float, scale: int) -> None:
        if part:
            part *= scale
            usecs = int(part)
            part -= usecs
            self.usecs += usecs + (1 if part > 0.5 else -1 if part < -0.5 else 0)
            if not INT64_MIN <= self.usecs <= INT64_MAX:
                overflow()

    def add_days(self, value: int, scale: int) -> None:
        self.days = _int32(self.days + _int32(_int32(value) * scale))

    def add_fraction_days(self, part: float, scale: int) -> None:
        if part:
            part *= scale
            days = int(part)
            self.days = _int32(self.days + days)
            self.add_fraction_usecs(part - days, USECS_PER_DAY)

    def add_months(self, value: int, part: float) -> None:
        self.months = _int32(self.months + _int32(value))
        self.add_fraction_days(part, 30)

    def add_years(self, value: int, part: float, scale: int) -> None:
        self.years = _int32(self.years + _int32(_int32(value) * scale))
        self.months = _int32(self.months + round(part * scale * 12))

    def negate(self) -> None:
        if self.usecs == INT64_MIN or INT32_MIN in (self.days, self.months, self.years):
            overflow()
        self.years, self.months, self.days, self.usecs = -self.years, -self.months, -self.days, -self.usecs

    def result(self) -> Interval:
        months = self.years * 12 + self.months
        if not INT32_MIN <= months <= INT32_MAX:
            interval_out_of_range()
        return Interval(months, self.days, self.usecs)


def _int32(value: int) -> int:
    if not INT32_MIN <= value <= INT32_MAX:
        overflow()
    return value


_FIXED_UNITS = {
    "microsecond": (1, 1 << MICROSECOND),
    "millisecond": (1000, 1 << MILLISECOND),
    "second": (USECS_PER_SEC, 1 << SECOND),
    "minute": (USECS_PER_MINUTE, 1 << MINUTE),
    "hour": (USECS_PER_HOUR, 1 << HOUR),
}
_YEAR_UNITS = {
    "year": (1, 1 << YEAR),
    "decade": (10, 1 << DECADE),
    "century": (100, 1 << CENTURY),
    "millennium": (1000, 1 << MILLENNIUM),
}
_INT64 = re.compile(r"[+-]?[0-9]+")


def _add_unit(total: _Sum, unit: str, value: int, part: float) -> int:
    """Add a number of units; the mask of the unit."""
    if unit in _FIXED_UNITS:
        scale, bit = _FIXED_UNITS[unit]
        total.add_usecs(value, part, scale)
        return ALL_SECS_M if unit == "second" and part else bit
    if unit in _YEAR_UNITS:
        scale, bit = _YEAR_UNITS[unit]
        total.add_years(value, part, scale)
        return bit
    if unit == "day":
        total.add_days(value, 1)
        total.add_fraction_usecs(part, USECS_PER_DAY)
        return 1 << DAY
    if unit == "week":
        total.add_days(value, 7)
        total.add_fraction_days(part, 7)
        return 1 << WEEK
    if unit == "month":
        total.add_months(value, part)
        return 1 << MONTH
    bad()


class _Reader:
    """DecodeInterval: fields are read from the right, so that units come before their numbers."""

    def __init__(self, tokens: list[tuple[int, str]], fields: int, sql_standard: bool) -> None:
        self.tokens = tokens
        self.fields = fields
        self.total = _Sum()
        self.unit = ""
        self.pending = False
        self.ago = False
        self.infinite = ""
        signs = [text[0] in "+-" for _, text in tokens]
        self.force_negative = sql_standard and bool(tokens) and tokens[0][1][0] == "-" and not any(signs[1:])

    def read(self) -> Interval:
        mask = 0
        for index in range(len(self.tokens) - 1, -1, -1):
            bits = self.field(index)
            if bits & mask:
                bad()
            mask |= bits
        if mask == 0 or self.pending:
            bad()
        if self.infinite:
            return INTERVAL_INFINITY if self.infinite == "infinity" else INTERVAL_MINUS_INFINITY
        if self.ago:
            self.total.negate()
        return self.total.result()

    def time(self, text: str) -> None:
        hours, minutes, seconds, fsec = decode_time(text, self.fields == _MINUTE | _SECOND)
        usecs = hours * USECS_PER_HOUR + minutes * USECS_PER_MINUTE + seconds * USECS_PER_SEC + fsec
        if usecs > INT64_MAX:
            overflow()
        self.total.usecs = usecs

    def field(self, index: int) -> int:
        kind, text = self.tokens[index]
        if kind == TIME:
            self.time(text)
            if self.force_negative and self.total.usecs > 0:
                self.total.usecs = -self.total.usecs
            self.unit, self.pending = "day", False
            return TIME_M
        if kind == ZONE and ":" in text:
            try:
                self.time(text[1:])
            except DateTimeError:
                pass
            else:
                if text[0] == "-" or self.force_negative:
                    self.total.usecs = -self.total.usecs
                self.unit, self.pending = "day", False
                return TIME_M
        if kind in (ZONE, DATE, NUMBER):
            return self.number(text)
        return self.word(text, index)

    def number(self, text: str) -> int:
        unit = self.unit or _RIGHTMOST.get(self.fields, "second")
        match = _INT64.match(text)
        value = int(match[0]) if match else 0
        rest = text[match.end() :] if match else text
        if match is None and text[0] in "+-" and text[1:2] == ".":
            rest = text[1:]
        if not INT64_MIN <= value <= INT64_MAX:
            overflow()
        part = 0.0
        if rest[:1] == "-":
            months, rest = strtoint(rest[1:])
            if not 0 <= months < 12:
                overflow()
            if rest:
                bad()
            unit = "month"
            value = value * 12 + (-months if text[0] == "-" else months)
            if not INT64_MIN <= value <= INT64_MAX:
                overflow()
        elif rest[:1] == ".":
            part = fraction(rest)
            if text[0] == "-":
                part = -part
        elif rest:
            bad()
        if self.force_negative:
            value, part = -abs(value), -abs(part)
        bits = _add_unit(self.total, unit, value, part)
        self.unit = "day" if unit == "hour" else unit
        self.pending = False
        return bits

    def word(self, text: str, index: int) -> int:
        kind, value = UNIT_WORDS.get(text[:10]) or DATE_WORDS.get(text[:10]) or (UNKNOWN, None)
        last = index == len(self.tokens) - 1
        if kind == IGNORE:  # the unit to its right is forgotten
            if self.pending:
                bad()
            self.unit = ""
            return 0
        if kind == UNITS:
            if self.pending:
                bad()
            self.unit, self.pending = str(value), True
            return 0
        if kind == AGO:
            if not last:
                bad()
            self.ago = True
            self.unit = "ago"
            return 0
        if kind == RESERV and value in ("infinity", "-infinity") and last:
            self.infinite = str(value)
            return DATE_M | TIME_M
        bad()


# --- ISO 8601 ---------------------------------------------------------------------------------------

_FLOAT = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-(?i:inf(?:inity)?|nan)")


def _iso_number(text: str, at: int) -> tuple[int, float, int]:
    """A number's whole part, its fraction, and where it ends."""
    match = _FLOAT.match(text, at)
    if match is None:
        bad()
    number = float(match[0])  # "-inf" is a number too, as for strtod
    if not -1.0e15 <= number <= 1.0e15:
        overflow()
    whole = int(number)
    return whole, number - whole, match.end()


_DATE_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_TIME_UNITS = {"H": "hour", "M": "minute", "S": "second"}
_DIGITS = re.compile(r"-?([0-9]*)")


def _width(text: str, at: int) -> int:
    match = _DIGITS.match(text, at)
    return len(match[1]) if match else 0


def parse_iso8601(text: str) -> Interval:
    """P1Y2M3DT4H5M6S, P0001-02-03T04:05:06, P00010203T040506"""
    if len(text) < 2 or text[0] != "P":
        bad()
    total = _Sum()
    at = 1
    datepart, have_field = True, False
    while at < len(text):
        if text[at] == "T":
            datepart, have_field = False, False
            at += 1
            continue
        start = at
        value, part, at = _iso_number(text, at)
        unit = text[at : at + 1]
        units = _DATE_UNITS if datepart else _TIME_UNITS
        if unit in units and unit:
            _add_unit(total, units[unit], value, part)
            at += 1
            have_field = True
            continue
        if datepart and unit in ("", "T", "-"):
            if unit != "-" and _width(text, start) == 8 and not have_field:
                years, rest = truncated_divmod(value, 10000)
                months, days = truncated_divmod(rest, 100)
                total.add_years(years, 0.0, 1)
                total.add_months(months, 0.0)
                _add_unit(total, "day", days, part)
            else:
                if have_field:
                    bad()
                at = _alternative(text, at, total, ("year", "month", "day"), "-", value, part)
            if at == len(text):
                break
            datepart, have_field = False, False
            at += 1
            continue
        if not datepart and unit in ("", ":"):
            if not unit and _width(text, start) == 6 and not have_field:
                hours, rest = truncated_divmod(value, 10000)
                minutes, seconds = truncated_divmod(rest, 100)
                for number, name in ((hours, "hour"), (minutes, "minute"), (seconds, "second")):
                    _add_unit(total, name, number, 0.0)
                total.add_fraction_usecs(part, 1)
                break
            if have_field:
                bad()
            at = _alternative(text, at, total, ("hour", "minute", "second"), ":", value, part)
            if at != len(text):
                bad()
            break
        bad()
    return total.result()


def _alternative(
    text: str, at: int, total: _Sum, units: tuple[str, str, str], separator: str, value: int, part: float
) -> int:
    """yyyy-mm-dd or hh:mm:ss from the separator behind the first number on; where it ends."""
    _add_unit(total, units[0], value, part)
    for unit in units[1:]:
        if at == len(text) or (text[at] == "T" and separator == "-"):
            return at
        if text[at] != separator:
            bad()
        value, part, at = _iso_number(text, at + 1)
        _add_unit(total, unit, value, part)
    if at < len(text) and not (text[at] == "T" and separator == "-"):
        bad()
    return at


def parse_interval(text: str, style: str, fields: int = FULL_RANGE) -> Interval:
    """Read an interval; `fields` are those that its type is restricted to."""
    try:
        try:
            return _Reader(tokenize(text, 255), fields, style == "sql_standard").read()
        except DateTimeError as error:
            if error.kind != BAD_FORMAT:
                raise
            return parse_iso8601(text)
    except DateTimeError as error:
        kind = INTERVAL_OVERFLOW if error.kind == FIELD_OVERFLOW else error.kind
        raise datetime_error(DateTimeError(kind), text, "interval") from None


class IntervalFields(NamedTuple):
    """Bits of INTERVAL_MASK for each field."""

    year: int = _YEAR
    month: int = _MONTH
    day: int = _DAY
    hour: int = _HOUR
    minute: int = _MINUTE
    second: int = _SECOND


MASKS = IntervalFields()
