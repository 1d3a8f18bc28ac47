"""Input of dates and times as text: fields first, then their meaning in the light of what was seen before.

`parse_datetime` reads a date with or without time and zone, `parse_time` a time of day. Both return Fields
or raise the SQL error. The order in which fields are judged is PostgreSQL's (datetime.c): it alone tells what
ambiguous or malformed text means.
"""

import re
from typing import Any, NoReturn

from ..errors import SqlError
from ..sqlstates import (
    DATETIME_FIELD_OVERFLOW,
    INTERVAL_FIELD_OVERFLOW,
    INVALID_DATETIME_FORMAT,
    INVALID_PARAMETER_VALUE,
    INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
    SqlState,
)
from .calendar import (
    INT32_MAX,
    POSTGRES_EPOCH_JDATE,
    USECS_PER_DAY,
    USECS_PER_HOUR,
    USECS_PER_MINUTE,
    USECS_PER_SEC,
    civil,
    date2j,
    j2date,
    month_days,
)
from .datetime_words import (
    ADBC,
    AMPM,
    DATE_M,
    DATE_WORDS,
    DAY,
    DOW,
    DOY,
    DTZ,
    DTZMOD,
    DYNTZ,
    IGNORE,
    ISOTIME,
    MONTH,
    RESERV,
    TIME_M,
    TZ_M,
    UNITS,
    UNKNOWN,
    YEAR,
)
from .timezones import (
    Zone,
    determine_abbrev_offset,
    determine_offset,
    find_abbreviation,
    find_zone,
    session_zone,
    timestamp_to_local,
    tz_offset_at,
)

NUMBER, STRING, DATE, TIME, ZONE, SPECIAL = range(6)
MAX_FIELDS = 25


class DateTimeError(Exception):
    """Why a text is no date or time: one of the kinds below; `extra` is a zone's name."""

    def __init__(self, kind: str, extra: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.extra = extra


BAD_FORMAT, FIELD_OVERFLOW, MD_FIELD_OVERFLOW = "format", "overflow", "month or day overflow"
INTERVAL_OVERFLOW, TZDISP_OVERFLOW, BAD_TIMEZONE = "interval overflow", "displacement overflow", "zone"


def datetime_error(error: DateTimeError, text: str, typename: str) -> SqlError:
    """The SQL error of a failed parse."""
    kind = error.kind
    state: SqlState
    if kind in (FIELD_OVERFLOW, MD_FIELD_OVERFLOW):
        hint = 'Perhaps you need a different "DateStyle" setting.' if kind == MD_FIELD_OVERFLOW else None
        return SqlError(DATETIME_FIELD_OVERFLOW, f'date/time field value out of range: "{text}"', hint=hint)
    if kind == INTERVAL_OVERFLOW:
        return SqlError(INTERVAL_FIELD_OVERFLOW, f'interval field value out of range: "{text}"')
    if kind == TZDISP_OVERFLOW:
        state = INVALID_TIME_ZONE_DISPLACEMENT_VALUE
        return SqlError(state, f'time zone displacement out of range: "{text}"')
    if kind == BAD_TIMEZONE:
        return SqlError(INVALID_PARAMETER_VALUE, f'time zone "{error.extra}" not recognized')
    return SqlError(INVALID_DATETIME_FORMAT, f'invalid input syntax for type {typename}: "{text}"')


def bad() -> NoReturn:
    """Not the syntax of a date, time or interval."""
    raise DateTimeError(BAD_FORMAT)


def overflow() -> NoReturn:
    """A field beyond its range."""
    raise DateTimeError(FIELD_OVERFLOW)


_TOKEN = re.compile(
    r"(?P<time>[0-9]+:[0-9:.]*)"
    r"|(?P<digitdate>[0-9]+(?:(?P<d3>[-/.])[0-9]+(?:(?P=d3)(?:[0-9]|(?P=d3))*)?"
    r"|(?P<d2>[-/.])(?:[A-Za-z0-9]|(?P=d2))*))"
    r"|(?P<number>[0-9]+|\.[0-9]*)"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<sign>[+-])[ \t\n\r\v\f]*(?P<signed>[0-9][0-9:.-]*|[A-Za-z]+)"
    r"|(?P<skip>[ \t\n\r\v\f]+|[!-*,/:-@\[-`{-~])"
)
_ZONE_REST = re.compile(r"[A-Za-z0-9+\-/_.:]+")
_DATE_PART = re.compile(r"[^0-9A-Za-z]*([0-9]+|[A-Za-z]+).?")  # whatever follows a part separates
_INT = re.compile(r"[ \t\n\r\v\f]*([+-]?[0-9]+)")


def tokenize(text: str, room: int = 152) -> list[tuple[int, str]]:
    """The fields of a text with their kinds; `room` is how much text PostgreSQL has place for."""
    out: list[tuple[int, str]] = []
    at, end = 0, len(text)
    match_token = _TOKEN.match
    while at < end:
        match = match_token(text, at)
        if match is None:
            bad()
        at = match.end()
        kind = match.lastgroup
        value = match[0]
        if kind == "skip":
            continue
        if len(out) >= MAX_FIELDS:
            bad()
        if kind == "time":
            field = (TIME, value)
        elif kind == "number":
            field = (NUMBER, value)
        elif kind == "word":
            value = value.lower()
            following = text[at : at + 1]
            if following and (
                following in "-/."
                or (
                    (following == "+" or (following.isdigit() and following.isascii()))
                    and value[:10] not in DATE_WORDS
                )
            ):
                rest = _ZONE_REST.match(text, at)
                assert rest is not None
                at = rest.end()
                field = (DATE, value + rest[0].lower())
            else:
                field = (STRING, value)
        elif match["digitdate"] is not None:
            delimiter = match["d3"]
            three = delimiter is not None and value.count(delimiter) > 1
            field = (NUMBER if delimiter == "." and not three else DATE, value.lower())
        else:
            signed = match["signed"]
            field = (ZONE if signed[0].isdigit() else SPECIAL, match["sign"] + signed.lower())
        room -= len(field[1]) + 1
        if room < 0:
            bad()
        out.append(field)
    return out


def strtoint(text: str) -> tuple[int, str]:
    """The leading int32 of a text, and the rest."""
    match = _INT.match(text)
    if match is None:
        return 0, text
    value = int(match[1])
    if not -INT32_MAX - 1 <= value <= INT32_MAX:
        overflow()
    return value, text[match.end() :]


def fraction(text: str) -> float:
    """The value of ".digits" (or "."), which must be all that is left."""
    if text == ".":
        return 0.0
    if not text[1:].isdigit() or not text.isascii():
        bad()
    return float(text)


def fractional_second(text: str) -> int:
    """Microseconds of ".digits"."""
    return round(fraction(text) * 1_000_000)


def decode_timezone(text: str) -> int:
    """Seconds WEST of UTC of a numeric zone as "+hh:mm:ss", "-hhmm", "+h"."""
    if text[:1] not in ("+", "-") or not text:
        bad()
    try:
        hours, rest = strtoint(text[1:])
        minutes = seconds = 0
        if rest[:1] == ":":
            minutes, rest = strtoint(rest[1:])
            if rest[:1] == ":":
                seconds, rest = strtoint(rest[1:])
        elif not rest and len(text) > 3:
            hours, minutes = divmod(hours, 100)
    except DateTimeError:
        raise DateTimeError(TZDISP_OVERFLOW) from None
    if not (0 <= hours <= 15 and 0 <= minutes < 60 and 0 <= seconds < 60):
        raise DateTimeError(TZDISP_OVERFLOW)
    east = (hours * 60 + minutes) * 60 + seconds
    if rest:
        bad()
    return east if text[0] == "-" else -east


def decode_time(text: str, minute_to_second: bool = False) -> tuple[int, int, int, int]:
    """Hours, minutes, seconds, microseconds of "h:m", "h:m:s.f" or "m:s.f"."""
    match = _INT.match(text)
    if match is None:
        bad()
    hours, rest = int(match[1]), text[match.end() :]
    if hours > 2**63 - 1:
        overflow()
    if rest[:1] != ":":
        bad()
    minutes, rest = strtoint(rest[1:])
    seconds = fsec = 0
    if not rest:
        if minute_to_second:
            if hours > INT32_MAX:
                overflow()
            hours, minutes, seconds = 0, hours, minutes
    elif rest[0] == ".":
        fsec = fractional_second(rest)
        if hours > INT32_MAX:
            overflow()
        hours, minutes, seconds = 0, hours, minutes
    elif rest[0] == ":":
        seconds, rest = strtoint(rest[1:])
        if rest[:1] == ".":
            fsec = fractional_second(rest)
        elif rest:
            bad()
    else:
        bad()
    if hours < 0 or not 0 <= minutes <= 59 or not 0 <= seconds <= 60 or not 0 <= fsec <= USECS_PER_SEC:
        overflow()
    return hours, minutes, seconds, fsec


def time_overflows(hour: int, minute: int, second: int, fsec: int) -> bool:
    """Whether it is no time of day up to 24:00:00."""
    return (
        not 0 <= hour <= 24
        or not 0 <= minute <= 59
        or not 0 <= second <= 60
        or not 0 <= fsec <= USECS_PER_SEC
        or ((hour * 60 + minute) * 60 + second) * USECS_PER_SEC + fsec > USECS_PER_DAY
    )


class Fields:
    """What was read. `special` is "date" (the fields hold), "epoch", "infinity" or "-infinity"; `tz` is
    seconds west of UTC."""

    __slots__ = (
        "abbrev",
        "abbrev_zone",
        "bc",
        "day",
        "fsec",
        "hour",
        "julian",
        "mask",
        "meridian",
        "minute",
        "month",
        "now",
        "order",
        "prefix",
        "second",
        "session",
        "special",
        "text_month",
        "time_only",
        "two_digits",
        "tz",
        "yday",
        "year",
        "zone",
    )  # fmt: skip

    def __init__(self, settings: Any, now: int, time_only: bool) -> None:
        self.year = self.month = self.day = self.yday = 0
        self.hour = self.minute = self.second = self.fsec = self.tz = 0
        self.special = "date"
        self.mask = 0
        self.two_digits = self.text_month = self.julian = self.bc = False
        self.meridian = ""
        self.prefix = ""
        self.zone: Zone | None = None
        self.abbrev = ""
        self.abbrev_zone: Zone | None = None
        self.order = settings.datestyle[1]
        self.session = session_zone(settings.timezone)
        self.now = now
        self.time_only = time_only

    @property
    def time(self) -> int:
        """Microseconds since midnight."""
        return ((self.hour * 60 + self.minute) * 60 + self.second) * USECS_PER_SEC + self.fsec

    def set_julian(self, julian: int) -> None:
        self.year, self.month, self.day = j2date(julian)

    def set_time(self, microseconds: int) -> None:
        self.hour, rest = divmod(microseconds, USECS_PER_HOUR)
        self.minute, rest = divmod(rest, USECS_PER_MINUTE)
        self.second, self.fsec = divmod(rest, USECS_PER_SEC)

    def today(self) -> int:
        """The Julian day of the session's today."""
        return timestamp_to_local(self.session, self.now) // USECS_PER_DAY + POSTGRES_EPOCH_JDATE

    def set_now(self) -> None:
        days, rest = divmod(timestamp_to_local(self.session, self.now), USECS_PER_DAY)
        if not self.time_only:
            self.set_julian(days + POSTGRES_EPOCH_JDATE)
            self.tz = -tz_offset_at(self.session, self.now)
        self.set_time(rest)

    # --- numbers ------------------------------------------------------------------------------------

    def date_field(self, text: str, mask: int) -> int:
        """A date with delimiters; the mask of what it held."""
        parts: list[str] = []
        at = 0
        while at < len(text) and len(parts) < MAX_FIELDS:
            match = _DATE_PART.match(text, at)
            if match is None:
                bad()
            parts.append(match[1])
            at = match.end()
        found = 0
        text_month = False
        for part in parts:
            if part.isalpha():
                kind, value = DATE_WORDS.get(part[:10], (UNKNOWN, None))
                if kind == IGNORE:
                    continue
                if kind != MONTH:
                    bad()
                self.month = value  # type: ignore[assignment]
                text_month = True
                if (mask | found) & 1 << MONTH:
                    bad()
                found |= 1 << MONTH
        for part in parts:
            if part.isalpha():
                if DATE_WORDS[part[:10]][0] == IGNORE:
                    bad()
                continue
            bits = self.number(part, text_month, mask | found)
            if (mask | found) & bits:
                bad()
            found |= bits
        if (mask | found) & ~(1 << DOY | TZ_M) != DATE_M:
            bad()
        return found

    def number(self, text: str, text_month: bool, mask: int) -> int:
        """A plain number in context; the mask of what it was."""
        size = len(text)
        value, rest = strtoint(text)
        if rest == text:
            bad()
        if rest[:1] == ".":
            if len(text) - len(rest) > 2:
                return self.number_field(text, mask | DATE_M)
            self.fsec = fractional_second(rest)
        elif rest:
            bad()
        have = mask & DATE_M
        if size == 3 and have == 1 << YEAR and 1 <= value <= 366:
            self.yday = value
            return 1 << DOY | 1 << MONTH | 1 << DAY
        if have == 0:
            target = YEAR if size >= 3 or self.order == "YMD" else DAY if self.order == "DMY" else MONTH
        elif have == 1 << YEAR:
            target = MONTH
        elif have == 1 << MONTH:
            target = YEAR if text_month and (size >= 3 or self.order == "YMD") else DAY
        elif have == (1 << YEAR | 1 << MONTH):
            if text_month and size >= 3 and self.two_digits:
                self.day, self.year = self.year, value
                self.two_digits = False
                return 1 << DAY
            target = DAY
        elif have == 1 << DAY:
            target = MONTH
        elif have == (1 << MONTH | 1 << DAY):
            target = YEAR
        elif have == DATE_M:
            return self.number_field(text, mask)
        else:
            bad()
        if target == YEAR:
            self.year = value
            self.two_digits = size <= 2
        elif target == MONTH:
            self.month = value
        else:
            self.day = value
        return 1 << target

    def number_field(self, text: str, mask: int) -> int:
        """Digits run together: yyyymmdd, hhmmss or hhmm; the mask of what it was."""
        whole, point, digits = text.partition(".")
        if point:
            if digits and not (digits.isdigit() and digits.isascii()):
                bad()
            self.fsec = round(float("0." + digits) * 1_000_000) if digits else 0
            text = whole
        elif mask & DATE_M != DATE_M and len(text) >= 6:
            self.day, self.month = int(text[-2:]), int(text[-4:-2])
            self.year = (min(int(text[:-4]), 2**63 - 1) + 2**31) % 2**32 - 2**31  # as C's atoi
            if len(text) == 6:
                self.two_digits = True
            return DATE_M
        if mask & TIME_M != TIME_M and len(text) in (4, 6) and text.isdigit():
            self.hour, self.minute = int(text[:2]), int(text[2:4])
            self.second = int(text[4:]) if len(text) == 6 else 0
            return TIME_M
        bad()

    def labelled(self, text: str) -> int:
        """A number behind a prefix: "j" for a Julian day, "t" for a time."""
        prefix, self.prefix = self.prefix, ""
        value, rest = strtoint(text)
        if prefix == "julian":
            if rest and rest[0] != ".":
                bad()
            if value < 0:
                overflow()
            self.set_julian(value)
            self.julian = True
            if rest:
                # the day's time is truncated, as the fraction of a double is
                self.set_time(int(fraction(rest) * USECS_PER_DAY))
                return DATE_M | TIME_M
            return DATE_M
        if prefix == "time":
            if self.number_field(text, self.mask | DATE_M) != TIME_M:
                bad()
            return TIME_M
        bad()

    def zoned_time(self, text: str, mask: int) -> int:
        """hhmmss-zz"""
        if self.prefix and self.prefix != "time":
            bad()
        self.prefix = ""
        if self.mask & TIME_M == TIME_M:
            bad()
        place = text.find("-")
        if place < 0:
            bad()
        self.tz = decode_timezone(text[place:])
        return self.number_field(text[:place], mask) | TZ_M

    def named_zone(self, text: str) -> int:
        self.zone = find_zone(text)
        if self.zone is None:
            raise DateTimeError(BAD_TIMEZONE, text)
        return TZ_M

    # --- words --------------------------------------------------------------------------------------

    def word(self, text: str) -> int:
        """A word; the mask of what it was, -1 for a word without meaning."""
        abbrev = find_abbreviation(text, self.session)
        if abbrev is not None:
            if abbrev.zone is not None:
                self.abbrev_zone, self.abbrev = abbrev.zone, text
                return 1 << DYNTZ | TZ_M
            self.tz = -abbrev.gmtoff
            return (1 << DTZ | TZ_M) if abbrev.isdst else TZ_M
        kind, value = DATE_WORDS.get(text[:10], (UNKNOWN, None))
        if kind == IGNORE:
            return -1
        if kind == RESERV:
            return self.reserved(str(value))
        if kind == DTZMOD:
            self.tz -= 3600
            return 1 << DTZMOD | 1 << DTZ
        if kind == AMPM:
            self.meridian = str(value)
            return 1 << AMPM
        if kind == ADBC:
            self.bc = value == "bc"
            return 1 << ADBC
        if kind == UNITS:
            if self.prefix:
                bad()
            self.prefix = str(value)
            return 0
        if kind == ISOTIME:
            if not self.time_only and self.mask & DATE_M != DATE_M:
                bad()
            if self.prefix:
                bad()
            self.prefix = "time"
            return 0
        if kind == UNKNOWN:
            self.zone = find_zone(text)
            if self.zone is None:
                bad()
            return TZ_M
        if self.time_only:
            bad()
        if kind == MONTH:
            return self.month_word(value)  # type: ignore[arg-type]
        return 1 << DOW

    def month_word(self, number: int) -> int:
        bits = 1 << MONTH
        if self.mask & bits and not self.text_month and not self.mask & 1 << DAY and 1 <= self.month <= 31:
            self.day = self.month
            bits = 1 << DAY
        self.text_month = True
        self.month = number
        return bits

    def reserved(self, word: str) -> int:
        if word == "now":
            self.set_now()
            return TIME_M if self.time_only else DATE_M | TIME_M | TZ_M
        if word == "allballs":
            self.hour = self.minute = self.second = 0
            self.tz = 0
            return TIME_M | TZ_M
        if self.time_only:
            bad()
        if word in ("today", "tomorrow", "yesterday"):
            self.set_julian(self.today() + {"today": 0, "tomorrow": 1, "yesterday": -1}[word])
            return DATE_M
        self.special = word
        return DATE_M | TIME_M | TZ_M

    # --- the end ------------------------------------------------------------------------------------

    def validate_date(self) -> None:
        """BC, two-digit years, day of year; then month and day against the calendar."""
        mask = self.mask
        if mask & 1 << YEAR and not self.julian:
            if self.bc:
                if self.year <= 0:
                    overflow()
                self.year = 1 - self.year
            elif self.two_digits:
                if self.year < 0:
                    overflow()
                self.year += 2000 if self.year < 70 else 1900 if self.year < 100 else 0
            elif self.year <= 0:
                overflow()
        if mask & 1 << DOY:
            self.set_julian(date2j(self.year, 1, 1) + self.yday - 1)
        if mask & 1 << MONTH and not 1 <= self.month <= 12:
            raise DateTimeError(MD_FIELD_OVERFLOW)
        if mask & 1 << DAY and not 1 <= self.day <= 31:
            raise DateTimeError(MD_FIELD_OVERFLOW)
        if mask & DATE_M == DATE_M and self.day > month_days(self.year, self.month):
            overflow()

    def apply_meridian(self) -> None:
        if self.meridian and self.hour > 12:
            overflow()
        if self.meridian == "am" and self.hour == 12:
            self.hour = 0
        elif self.meridian == "pm" and self.hour != 12:
            self.hour += 12

    def resolve_zone(self) -> None:
        """The offset of a named zone or abbreviation, or of the session's zone if none was given."""
        if self.zone is None and self.abbrev_zone is None and self.mask & TZ_M:
            return
        if self.mask & 1 << DTZMOD:
            bad()
        if self.zone is not None and self.time_only:
            fixed = self.zone.fixed_offset()
            if fixed is not None:
                self.tz = -fixed
                if self.abbrev_zone is None:
                    return
        if not self.time_only:
            date = (self.year, self.month, self.day)
        elif self.mask & DATE_M == 0 and self.zone is None:
            date = civil(self.today() - POSTGRES_EPOCH_JDATE)
        elif self.mask & DATE_M != DATE_M:
            bad()
        else:
            date = (self.year, self.month, self.day)
        seconds = (self.hour * 60 + self.minute) * 60 + self.second
        if self.abbrev_zone is not None:
            self.tz = -determine_abbrev_offset(self.abbrev_zone, self.abbrev, *date, seconds)[0]
        else:
            self.tz = -determine_offset(self.zone or self.session, *date, seconds).gmtoff


def _datetime_field(fields: Fields, tokens: list[tuple[int, str]], index: int) -> int:
    kind, text = tokens[index]
    mask = fields.mask
    if kind == DATE:
        if fields.prefix == "julian":
            fields.prefix = ""
            value, rest = strtoint(text)
            if value < 0:
                overflow()
            fields.set_julian(value)
            fields.julian = True
            fields.tz = decode_timezone(rest)
            return DATE_M | TIME_M | TZ_M
        if fields.prefix or mask & (1 << MONTH | 1 << DAY) == (1 << MONTH | 1 << DAY):
            if text[0].isdigit() or fields.prefix:
                return fields.zoned_time(text, mask)
            return fields.named_zone(text)
        return fields.date_field(text, mask)
    if kind == TIME:
        if fields.prefix:
            if fields.prefix != "time":
                bad()
            fields.prefix = ""
        time = decode_time(text)
        if time[0] > INT32_MAX:
            overflow()
        fields.hour, fields.minute, fields.second, fields.fsec = time
        if time_overflows(*time):
            overflow()
        return TIME_M
    if kind == ZONE:
        fields.tz = decode_timezone(text)
        return TZ_M
    if kind == NUMBER:
        if fields.prefix:
            return fields.labelled(text)
        place = text.find(".")
        if place >= 0 and not mask & DATE_M:
            return fields.date_field(text, mask)
        if place > 2 or (place < 0 and len(text) >= 6 and (not mask & DATE_M or not mask & TIME_M)):
            return fields.number_field(text, mask)
        return fields.number(text, fields.text_month, mask)
    return fields.word(text)


def _decode(fields: Fields, tokens: list[tuple[int, str]], field: Any) -> None:
    for index in range(len(tokens)):
        bits = field(fields, tokens, index)
        if bits < 0:
            continue
        if bits & fields.mask:
            bad()
        fields.mask |= bits
    if fields.prefix:
        bad()


def parse_datetime(text: str, settings: Any, now: int, typename: str) -> Fields:
    """Read a date or timestamp."""
    try:
        tokens = tokenize(text)
        fields = Fields(settings, now, False)
        _decode(fields, tokens, _datetime_field)
        if fields.special != "date":
            return fields
        fields.validate_date()
        fields.apply_meridian()
        if fields.mask & DATE_M != DATE_M:
            bad()
        fields.resolve_zone()
        return fields
    except DateTimeError as error:
        raise datetime_error(error, text, typename) from None


def _time_field(fields: Fields, tokens: list[tuple[int, str]], index: int) -> int:
    kind, text = tokens[index]
    mask = fields.mask
    count = len(tokens)
    if kind == DATE:
        if index == 0 and count >= 2 and (tokens[-1][0] == DATE or tokens[1][0] == TIME):
            return fields.date_field(text, mask)
        if text[0].isdigit():
            prefix, fields.prefix = fields.prefix, ""
            bits = fields.zoned_time(text, mask | DATE_M)
            fields.prefix = prefix
            return bits
        return fields.named_zone(text)
    if kind == TIME:
        if fields.prefix:
            if fields.prefix != "time":
                bad()
            fields.prefix = ""
        time = decode_time(text)
        if time[0] > INT32_MAX:
            overflow()
        fields.hour, fields.minute, fields.second, fields.fsec = time
        return TIME_M
    if kind == ZONE:
        fields.tz = decode_timezone(text)
        return TZ_M
    if kind == NUMBER:
        if fields.prefix:
            return fields.labelled(text)
        place = text.find(".")
        if place >= 0:
            if index == 0 and count >= 2 and tokens[-1][0] == DATE:
                return fields.date_field(text, mask)
            if place > 2:
                return fields.number_field(text, mask | DATE_M)
            bad()
        if len(text) > 4:
            return fields.number_field(text, mask | DATE_M)
        return fields.number(text, False, mask | DATE_M)
    return fields.word(text)


def parse_time(text: str, settings: Any, now: int, typename: str) -> Fields:
    """Read a time of day, with zone if one is given."""
    try:
        tokens = tokenize(text, 128)
        fields = Fields(settings, now, True)
        _decode(fields, tokens, _time_field)
        fields.validate_date()
        fields.apply_meridian()
        if time_overflows(fields.hour, fields.minute, fields.second, fields.fsec):
            overflow()
        if fields.mask & TIME_M != TIME_M:
            bad()
        fields.resolve_zone()
        return fields
    except DateTimeError as error:
        raise datetime_error(error, text, typename) from None
