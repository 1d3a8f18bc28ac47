"""Output of dates, times and intervals as text in every DateStyle and IntervalStyle."""

from functools import lru_cache

from ..values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    INTERVAL_INFINITY,
    INTERVAL_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    Interval,
)
from .calendar import (
    DAYS,
    EPOCH_SHIFT_SECS,
    MONTHS,
    USECS_PER_DAY,
    USECS_PER_SEC,
    civil,
    days_of,
    truncated_divmod,
)
from .timezones import Zone

_YEAR_ONE = days_of(1, 1, 1) * USECS_PER_DAY
Style = tuple[str, str]


@lru_cache(4096)
def iso_date(days: int) -> str:
    """yyyy-mm-dd without BC."""
    year, month, day = civil(days)
    return f"{year if year > 0 else 1 - year:04}-{month:02}-{day:02}"


def _date(days: int, style: Style) -> str:
    """A date without BC in the form of a style."""
    if style[0] == "ISO":
        return iso_date(days)
    year, month, day = civil(days)
    if year <= 0:
        year = 1 - year
    if style[0] == "German":
        return f"{day:02}.{month:02}.{year:04}"
    separator = "/" if style[0] == "SQL" else "-"
    first, second = (day, month) if style[1] == "DMY" else (month, day)
    return f"{first:02}{separator}{second:02}{separator}{year:04}"


def format_date(days: int, style: Style) -> str:
    """The text of a date."""
    if days == DATE_INFINITY:
        return "infinity"
    if days == DATE_MINUS_INFINITY:
        return "-infinity"
    text = _date(days, style)
    return text + " BC" if civil(days)[0] <= 0 else text


_MINUTES = [f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1441)]
_SECONDS = [f"{second:02}" for second in range(60)]


def format_time(microseconds: int) -> str:
    """hh:mm:ss[.ffffff]"""
    second, fsec = divmod(microseconds, USECS_PER_SEC)
    if fsec:
        return f"{_MINUTES[second // 60]}{_SECONDS[second % 60]}.{fsec:06}".rstrip("0")
    return _MINUTES[second // 60] + _SECONDS[second % 60]


@lru_cache(256)
def format_zone(west: int) -> str:
    """+hh[:mm[:ss]] of seconds west of UTC."""
    minutes, seconds = divmod(abs(west), 60)
    sign = "+" if west <= 0 else "-"
    if seconds:
        return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if minutes % 60:
        return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{sign}{minutes // 60:02}"


def _iso_timestamp(value: int) -> str:
    """A finite timestamp in ISO style, without BC."""
    days, rest = divmod(value, USECS_PER_DAY)
    second, fsec = divmod(rest, USECS_PER_SEC)
    text = f"{iso_date(days)} {_MINUTES[second // 60]}{_SECONDS[second % 60]}"
    return f"{text}.{fsec:06}".rstrip("0") if fsec else text


def format_timestamp(value: int, style: Style) -> str:
    """The text of a timestamp."""
    if style[0] == "ISO" and _YEAR_ONE <= value < TIMESTAMP_INFINITY:
        return _iso_timestamp(value)
    return _infinite(value) or _styled(value, style, "", "")


def format_timestamptz(value: int, style: Style, zone: Zone) -> str:
    """The text of a timestamptz in a time zone."""
    if value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return _infinite(value)
    kind = zone.at(value // USECS_PER_SEC + EPOCH_SHIFT_SECS)
    local = value + kind[0] * USECS_PER_SEC
    if style[0] == "ISO" and local >= _YEAR_ONE:
        return _iso_timestamp(local) + format_zone(-kind[0])
    return _styled(local, style, format_zone(-kind[0]), kind[2][:10])


def _infinite(value: int) -> str:
    if value == TIMESTAMP_INFINITY:
        return "infinity"
    return "-infinity" if value == TIMESTAMP_MINUS_INFINITY else ""


def _styled(local: int, style: Style, offset: str, abbrev: str) -> str:
    """A local time with its zone, as the style shows it (`offset` empty: without zone)."""
    days, rest = divmod(local, USECS_PER_DAY)
    year, month, day = civil(days)
    clock = format_time(rest)
    if style[0] == "ISO":
        text = f"{iso_date(days)} {clock}{offset}"
    elif style[0] == "Postgres":
        name = MONTHS[month - 1]
        date = f"{day:02} {name}" if style[1] == "DMY" else f"{name} {day:02}"
        text = f"{DAYS[(days + 6) % 7][:3]} {date} {clock} {year if year > 0 else 1 - year:04}"
        if offset:
            text += " " + (abbrev or offset)
    else:
        text = f"{_date(days, style)} {clock}"
        if offset:
            text += " " + abbrev if abbrev else offset
    return text + " BC" if year <= 0 else text


# --- intervals --------------------------------------------------------------------------------------


def interval_fields(value: Interval) -> tuple[int, int, int, int, int, int, int]:
    """Years, months, days, hours, minutes, seconds, microseconds; the parts of a field share its sign."""
    years, months = truncated_divmod(value[0], 12)
    hours, rest = truncated_divmod(value[2], 3_600_000_000)
    minutes, rest = truncated_divmod(rest, 60_000_000)
    seconds, fsec = truncated_divmod(rest, 1_000_000)
    return years, months, value[1], hours, minutes, seconds, fsec


def _seconds(seconds: int, fsec: int, fill: bool) -> str:
    text = f"{abs(seconds):02}" if fill else str(abs(seconds))
    return f"{text}.{abs(fsec):06}".rstrip("0") if fsec else text


def format_interval(value: Interval, style: str) -> str:
    """The text of an interval."""
    if value == INTERVAL_INFINITY:
        return "infinity"
    if value == INTERVAL_MINUS_INFINITY:
        return "-infinity"
    fields = interval_fields(value)
    if style == "postgres":
        return _postgres_interval(fields)
    if style == "sql_standard":
        return _sql_interval(fields)
    if style == "iso_8601":
        return _iso_interval(fields)
    return _verbose_interval(fields)


Fields = tuple[int, int, int, int, int, int, int]


def _postgres_interval(fields: Fields) -> str:
    years, months, days, hours, minutes, seconds, fsec = fields
    out = []
    negative = False
    for number, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if number:
            plus = "+" if negative and number > 0 else ""
            out.append(f"{plus}{number} {unit}{'' if number == 1 else 's'}")
            negative = number < 0
    if not out or hours or minutes or seconds or fsec:
        minus = hours < 0 or minutes < 0 or seconds < 0 or fsec < 0
        sign = "-" if minus else "+" if negative else ""
        out.append(f"{sign}{abs(hours):02}:{abs(minutes):02}:{_seconds(seconds, fsec, True)}")
    return " ".join(out)


def _sql_interval(fields: Fields) -> str:
    years, months, days, hours, minutes, seconds, fsec = fields
    has_negative = any(number < 0 for number in fields)
    has_positive = any(number > 0 for number in fields)
    year_month = bool(years or months)
    day_time = bool(days or hours or minutes or seconds or fsec)
    if not has_negative and not has_positive:
        return "0"
    clock = f"{abs(hours)}:{abs(minutes):02}:{_seconds(seconds, fsec, True)}"
    if (has_negative and has_positive) or (year_month and day_time):
        year_sign = "-" if years < 0 or months < 0 else "+"
        day_sign = "-" if days < 0 else "+"
        sec_sign = "-" if hours < 0 or minutes < 0 or seconds < 0 or fsec < 0 else "+"
        return f"{year_sign}{abs(years)}-{abs(months)} {day_sign}{abs(days)} {sec_sign}{clock}"
    sign = "-" if has_negative else ""
    if year_month:
        return f"{sign}{abs(years)}-{abs(months)}"
    return f"{sign}{abs(days)} {clock}" if days else sign + clock


def _iso_interval(fields: Fields) -> str:
    if not any(fields):
        return "PT0S"
    years, months, days, hours, minutes, seconds, fsec = fields
    out = "P" + "".join([f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (days, "D")) if n])
    if hours or minutes or seconds or fsec:
        out += "T" + "".join([f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n])
    if seconds or fsec:
        sign = "-" if seconds < 0 or fsec < 0 else ""
        out += f"{sign}{_seconds(seconds, fsec, False)}S"
    return out


def _verbose_interval(fields: Fields) -> str:
    out = "@"
    is_zero, before = True, False
    for number, unit in zip(fields[:5], ("year", "mon", "day", "hour", "min"), strict=True):
        if number:
            if is_zero:
                before = number < 0
                number = abs(number)
            elif before:
                number = -number
            out += f" {number} {unit}{'' if number == 1 else 's'}"
            is_zero = False
    seconds, fsec = fields[5:]
    if seconds or fsec:
        out += " "
        if seconds < 0 or (seconds == 0 and fsec < 0):
            if is_zero:
                before = True
            elif not before:
                out += "-"
        elif before:
            out += "-"
        out += f"{_seconds(seconds, fsec, False)} sec{'s' if abs(seconds) != 1 or fsec else ''}"
        is_zero = False
    return out + (" 0" if is_zero else "") + (" ago" if before else "")
