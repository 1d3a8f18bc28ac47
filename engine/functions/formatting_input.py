"""to_timestamp and to_date: text read by a format picture, with PostgreSQL's leniency and its errors.

`read_by_picture` is the door for others: in standard mode it reads as SQL's standard has it (jsonpath's
datetime()).
"""

import re
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import DATETIME_VALUE_OUT_OF_RANGE, INVALID_DATETIME_FORMAT
from ..types.calendar import (
    DAYS,
    END_DATE,
    INT32_MAX,
    INT32_MIN,
    MIN_DATE,
    MONTHS,
    USECS_PER_DAY,
    USECS_PER_SEC,
    checked_timestamp,
    date2j,
    days_of,
    is_leap,
    is_valid_julian,
    iso_week_start,
    j2date,
    month_days,
    timestamp_out_of_range,
    truncated_divmod,
)
from ..types.datetime_parse import FIELD_OVERFLOW, TZDISP_OVERFLOW, DateTimeError, datetime_error
from ..types.timestamps import scaled
from ..types.timezones import (
    Zone,
    determine_abbrev_offset,
    determine_offset,
    find_abbreviation,
    session_zone,
)
from .formatting_datetime import (
    ACTION,
    CHAR,
    ISOWEEK,
    MONTHS_FULL,
    ROMAN,
    SEPARATOR,
    SPACE,
    Node,
    is_separator,
    parse_picture,
)

_BLANKS = " \t\n\r\v\f"
_INT = re.compile(r"[ \t\n\r\v\f]*[+-]?[0-9]+")
_MILLENNIA = re.compile(r"[ \t\n\r\v\f]*([+-]?[0-9]+),[ \t\n\r\v\f]*([+-]?[0-9]{1,3})")
_FIXED_WIDTH_HINT = 'If your source string is not fixed-width, try using the "FM" modifier.'
_SECONDS = (100_000, 10_000, 1000, 100, 10, 1)


def _bad(message: str, detail: str | None = None, hint: str | None = None) -> SqlError:
    return SqlError(INVALID_DATETIME_FORMAT, message, detail=detail, hint=hint)


def _partial_year(year: int) -> int:
    """Years of up to three digits are those nearest to 2020."""
    if year < 70:
        return year + 2000
    if year < 100:
        return year + 1900
    if year < 520:
        return year + 2000
    return year + 1000 if year < 1000 else year


class Reader:
    """A text being read by a picture; the fields found so far are in `found` (0: not found)."""

    def __init__(self, text: str, session: Zone) -> None:
        self.text = text
        self.at = 0
        self.session = session
        self.found: dict[str, int] = {}
        self.mode = ""
        self.twelve = False
        self.year_size = 0
        self.sign = 0
        self.zone_offset: int | None = None
        self.zone: Zone | None = None
        self.abbrev = ""
        self.precision = 0
        self.extra = 0  # blanks skipped beyond those of the picture

    # --- pieces -------------------------------------------------------------------------------------

    def skip_blanks(self) -> int:
        start = self.at
        text = self.text
        while self.at < len(text) and text[self.at] in _BLANKS:
            self.at += 1
        return self.at - start

    def put(self, field: str, value: int, node: Node) -> None:
        """Set a field; two different settings contradict."""
        assert node.key is not None
        before = self.found.get(field, 0)
        if before not in (0, value):
            raise _bad(
                f'conflicting values for "{node.key.name}" field in formatting string',
                "This value contradicts a previous setting for the same field type.",
            )
        self.found[field] = value

    def integer(self, field: str, size: int, nodes: tuple[Node, ...], index: int) -> int:
        """Read a number of `size` characters, or of any length if the next node ends it; characters read."""
        node = nodes[index]
        assert node.key is not None
        name = node.key.name
        start = self.at
        self.skip_blanks()
        rest = self.text[self.at :]
        copy = rest[:size]
        value = 0
        if node.fill or _ends_number(nodes, index):
            match = _INT.match(self.text, start)
            self.at = match.end() if match else start
            value = int(match[0]) if match else 0
        else:
            if len(rest.encode()) < size:
                raise _bad(
                    f'source string too short for "{name}" formatting field',
                    f"Field requires {size} characters, but only {len(rest.encode())} remain.",
                    _FIXED_WIDTH_HINT,
                )
            match = _INT.match(copy)
            used = match.end() if match else 0
            if 0 < used < size:
                raise _bad(
                    f'invalid value "{copy}" for "{name}"',
                    f"Field requires {size} characters, but only {used} could be parsed.",
                    _FIXED_WIDTH_HINT,
                )
            value = int(match[0]) if match else 0
            self.at += used
        if self.at == start:
            raise _bad(f'invalid value "{copy}" for "{name}"', "Value must be an integer.")
        if not INT32_MIN <= value <= INT32_MAX:
            raise SqlError(
                DATETIME_VALUE_OUT_OF_RANGE,
                f'value for "{name}" in source string is out of range',
                detail=f"Value must be in the range {INT32_MIN} to {INT32_MAX}.",
            )
        if field:
            self.put(field, value, node)
        return self.at - start

    def word(self, words: tuple[str, ...], node: Node) -> int:
        """The index of the word that the text goes on with, in any case."""
        assert node.key is not None
        lower = self.text[self.at : self.at + 12].lower()
        for index, word in enumerate(words):
            if lower.startswith(word.lower()):
                self.at += len(word)
                return index
        value = re.split(r"[ \t\n\r\f\v]", self.text[self.at :], maxsplit=1)[0]
        raise _bad(
            f'invalid value "{value}" for "{node.key.name}"',
            "The given value did not match any of the allowed values for this field.",
        )

    # --- the picture --------------------------------------------------------------------------------

    def read(self, nodes: tuple[Node, ...], standard: bool) -> None:
        fixed = standard
        text = self.text
        index = -1
        for index, node in enumerate(nodes):
            if self.at >= len(text):
                break
            key = node.key
            if not fixed and (key is None or key.id != "FX") and (key is not None or index == 0):
                self.extra += self.skip_blanks()
            if key is None:
                self.literal(node, fixed, standard)
                continue
            self.set_mode(key.mode)
            if key.id == "FX":
                fixed = True
            else:
                self.field(key.id, nodes, index)
            if not fixed:
                self.extra = self.skip_blanks()
        else:
            index = len(nodes)
        if standard:
            if index < len(nodes):
                raise _bad("input string is too short for datetime format")
            self.skip_blanks()
            if self.at < len(text):
                raise _bad("trailing characters remain in input string after datetime format")

    def literal(self, node: Node, fixed: bool, standard: bool) -> None:
        """A character of the picture that is no keyword takes one of the text, roughly."""
        char = self.text[self.at]
        if node.kind in (SPACE, SEPARATOR):
            if standard:
                if char != node.text:
                    raise _bad(f'unmatched format separator "{node.text}"')
                self.at += 1
            elif not fixed:
                self.extra -= 1
                if char in _BLANKS or is_separator(char):
                    self.at += 1
                    self.extra += 1
            else:
                self.at += 1
        elif not fixed:
            if self.extra > 0:
                self.extra -= 1
            else:
                self.at += 1
        else:
            if standard and node.kind == CHAR and char != node.text:
                raise _bad(f'unmatched format character "{node.text}"')
            self.at += 1

    def set_mode(self, mode: str) -> None:
        if mode:
            if self.mode and self.mode != mode:
                raise _bad(
                    "invalid combination of date conventions",
                    hint="Do not mix Gregorian and ISO week date conventions in a formatting template.",
                )
            self.mode = mode

    def field(self, ident: str, nodes: tuple[Node, ...], index: int) -> None:
        """Read one keyword's value."""
        node = nodes[index]
        assert node.key is not None
        plain = _PLAIN.get(ident)
        if plain is not None:
            self.integer(plain, _SIZES.get(ident, len(node.key.name)), nodes, index)
            if ident == "HH":
                self.twelve = True
        elif ident in _WORDS:
            words, field, shift = _WORDS[ident]
            value = self.word(words, node)
            if field in ("pm", "bc"):
                self.put(field, value % 2, node)
                self.twelve |= field == "pm"
            elif field == "d":
                self.put("d", value, node)
                self.found["d"] = value + 1
            else:
                self.put(field, shift - value if shift else value + 1, node)
            return
        elif ident in ("MS", "US") or ident[:2] == "FF":
            self.fraction(ident, nodes, index)
        elif ident == "ID":
            self.integer("d", 1, nodes, index)
            self.found["d"] = self.found["d"] + 1 if self.found["d"] < 7 else 1
        elif ident in _YEARS:
            self.year(ident, nodes, index)
        elif ident == "Y,YYY":
            self.millennia(node)
        else:
            self.zone_field(ident, nodes, index)
            return
        if node.ordinal:
            self.at = min(self.at + 2, len(self.text))

    def fraction(self, ident: str, nodes: tuple[Node, ...], index: int) -> None:
        if ident == "MS":
            size = self.integer("ms", 3, nodes, index)
            self.found["ms"] *= 100 if size == 1 else 10 if size == 2 else 1
            return
        digits = 6
        if ident != "US":
            digits = self.precision = int(ident[2])
        size = self.integer("us", digits, nodes, index)
        self.found["us"] *= _SECONDS[size - 1] if size <= 6 else 1

    def year(self, ident: str, nodes: tuple[Node, ...], index: int) -> None:
        node = nodes[index]
        assert node.key is not None
        size = len(node.key.name)
        used = self.integer("year", size, nodes, index)
        if size < 4 and used < 4:
            self.found["year"] = _partial_year(self.found["year"])
        self.year_size = size

    def millennia(self, node: Node) -> None:
        match = _MILLENNIA.match(self.text, self.at)
        if match is None:
            raise _bad(f'invalid value "{self.text[self.at :]}" for "Y,YYY"')
        year = int(match[1]) * 1000 + int(match[2])
        if not INT32_MIN <= year <= INT32_MAX:
            raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, 'value for "Y,YYY" in source string is out of range')
        self.put("year", year, node)
        self.year_size = 4
        self.at = match.end()

    def zone_field(self, ident: str, nodes: tuple[Node, ...], index: int) -> None:
        node = nodes[index]
        assert node.key is not None
        if ident == "TZM":
            self.sign = self.sign or 1
            self.integer("tzm", 2, nodes, index)
            return
        if ident == "TZ":
            if self.abbreviation():
                return
            rest = self.text[self.at :]
            if rest[:1].isalpha() and rest[:1].isascii():
                raise _bad(
                    f'invalid value "{rest}" for "{node.key.name}"',
                    "Time zone abbreviation is not recognized.",
                )
        char = self.text[self.at : self.at + 1]
        if char and char in "+- ":
            self.sign = -1 if char == "-" else 1
            self.at += 1
        else:
            self.sign = -1 if self.extra > 0 and self.text[self.at - 1] == "-" else 1
        self.integer("tzh", 2, nodes, index)
        if ident != "TZH" and self.text[self.at : self.at + 1] == ":":
            self.at += 1
            self.integer("tzm", 2, nodes, index)

    def abbreviation(self) -> bool:
        """The longest time zone abbreviation that the text goes on with."""
        match = re.match(r"[A-Za-z]{1,10}", self.text[self.at :])
        word = match[0].lower() if match else ""
        while word:
            found = find_abbreviation(word, self.session)
            if found is not None:
                self.zone_offset, self.zone = found.gmtoff, found.zone
                self.abbrev = word
                self.sign = 0
                self.at += len(word)
                return True
            word = word[:-1]
        return False


_PLAIN = {
    "HH": "hh", "HH24": "hh", "MI": "mi", "SS": "ss", "SSSS": "ssss", "MM": "mm", "DDD": "ddd", "IDDD": "ddd",
    "DD": "dd", "D": "d", "WW": "ww", "IW": "ww", "Q": "", "CC": "cc", "W": "w", "J": "j",
}  # fmt: skip
_SIZES = {"HH": 2, "HH24": 2, "IDDD": 3}
_YEARS = frozenset({"YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "I"})
_SHORT_DAYS = tuple(day[:3] for day in DAYS)
_WORDS: dict[str, tuple[tuple[str, ...], str, int]] = {
    "A.M.": (("a.m.", "p.m."), "pm", 0),
    "P.M.": (("a.m.", "p.m."), "pm", 0),
    "AM": (("am", "pm"), "pm", 0),
    "PM": (("am", "pm"), "pm", 0),
    "A.D.": (("a.d.", "b.c."), "bc", 0),
    "B.C.": (("a.d.", "b.c."), "bc", 0),
    "AD": (("ad", "bc"), "bc", 0),
    "BC": (("ad", "bc"), "bc", 0),
    "MONTH": (MONTHS_FULL, "mm", 0),
    "MON": (MONTHS, "mm", 0),
    "DAY": (DAYS, "d", 0),
    "DY": (_SHORT_DAYS, "d", 0),
    "RM": (ROMAN, "mm", 12),
}


def _ends_number(nodes: tuple[Node, ...], index: int) -> bool:
    """Whether what follows a number in the picture is no digit, so that the number may be of any length."""
    if nodes[index].ordinal:
        return True
    if index + 1 == len(nodes):
        return True
    following = nodes[index + 1]
    if following.kind == ACTION:
        assert following.key is not None
        return not following.key.is_digit
    return not (following.text.isascii() and following.text.isdigit())


class Reading:
    """The result: a date, a time of day, and the zone if one was given (seconds west)."""

    __slots__ = ("day", "month", "precision", "time", "tz", "year")

    year: int
    month: int
    day: int
    time: int
    tz: int | None
    precision: int


def read_by_picture(text: str, picture: str, session: Zone, standard: bool = False) -> Reading:
    """Read a text by a picture."""
    reader = Reader(text, session)
    if picture:
        reader.read(parse_picture(picture, standard), standard)
    try:
        return _assemble(reader)
    except DateTimeError as error:
        raise datetime_error(error, text, "timestamp") from None


def _clock(reader: Reader) -> tuple[int, int, int]:
    found = reader.found
    total = found.get("ssss", 0)
    hour, rest = truncated_divmod(total, 3600)
    minute, second = truncated_divmod(rest, 60)
    hour, minute, second = found.get("hh") or hour, found.get("mi") or minute, found.get("ss") or second
    if reader.twelve:
        if not 1 <= hour <= 12:
            raise _bad(
                f'hour "{hour}" is invalid for the 12-hour clock',
                hint="Use the 24-hour clock, or give an hour between 1 and 12.",
            )
        if found.get("pm") and hour < 12:
            hour += 12
        elif not found.get("pm") and hour == 12:
            hour = 0
    return hour, minute, second


def _year(reader: Reader) -> int | None:
    """The astronomical year, from year and century; None if there is neither."""
    found = reader.found
    year, century = found.get("year", 0), found.get("cc", 0)
    before = bool(found.get("bc"))
    if year:
        if century and reader.year_size <= 2:
            century = -century if before else century
            low = truncated_divmod(year, 100)[1]
            if not low:
                return century * 100 + (0 if century >= 0 else 1)
            return low + (century - 1) * 100 if century >= 0 else (century + 1) * 100 - low + 1
        year = -year if before else year
        return year + 1 if year < 0 else year
    if century:
        century = -century if before else century
        return (century - 1) * 100 + 1 if century >= 0 else century * 100 + 1
    return None


def _assemble(reader: Reader) -> Reading:
    found = reader.found
    out = Reading()
    hour, minute, second = _clock(reader)
    year = _year(reader)
    have_date = have_month = have_day = False
    out.year, out.month, out.day = (0 if year is None else year), 1, 1
    if not INT32_MIN <= out.year <= INT32_MAX:
        raise DateTimeError(FIELD_OVERFLOW)
    if found.get("j"):
        out.year, out.month, out.day = j2date(found["j"])
        have_date = True
    if found.get("ww"):
        if reader.mode == ISOWEEK:
            monday = iso_week_start(out.year, found["ww"])
            day = found.get("d", 0)
            out.year, out.month, out.day = j2date(monday + (day - 2 if day > 1 else 6) if day else monday)
            have_date = True
        else:
            found["ddd"] = (found["ww"] - 1) * 7 + 1
    if found.get("w"):
        found["dd"] = (found["w"] - 1) * 7 + 1
    if found.get("dd"):
        out.day, have_day = found["dd"], True
    if found.get("mm"):
        out.month, have_month = found["mm"], True
    for field in ("ddd", "dd"):
        if not INT32_MIN <= found.get(field, 0) <= INT32_MAX:
            raise DateTimeError(FIELD_OVERFLOW)
    if found.get("ddd") and (out.month <= 1 or out.day <= 1):
        have_date |= _day_of_year(reader, out)
        have_month = have_day = True
    fsec = found.get("ms", 0) * 1000 + found.get("us", 0)
    out.precision = reader.precision
    if (have_date or have_month) and not 1 <= out.month <= 12:
        raise DateTimeError(FIELD_OVERFLOW)
    if (have_date or have_day) and not 1 <= out.day <= 31:
        raise DateTimeError(FIELD_OVERFLOW)
    if (have_date or (have_month and have_day and year is not None)) and out.day > month_days(
        out.year, out.month
    ):
        raise DateTimeError(FIELD_OVERFLOW)
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60 and 0 <= fsec < USECS_PER_SEC):
        raise DateTimeError(FIELD_OVERFLOW)
    out.time = ((hour * 60 + minute) * 60 + second) * USECS_PER_SEC + fsec
    out.tz = _zone(reader, out)
    return out


def _day_of_year(reader: Reader, out: Reading) -> bool:
    """Month and day from the day of the year; whether that is a whole date."""
    day = reader.found["ddd"]
    if not out.year and not reader.found.get("bc"):
        raise _bad("cannot calculate day of year without year information")
    if reader.mode == ISOWEEK:
        out.year, out.month, out.day = j2date(iso_week_start(out.year, 1) - 1 + day)
        return True
    starts = [date2j(out.year, month, 1) - date2j(out.year, 1, 1) for month in range(1, 13)]
    starts.append(366 if is_leap(out.year) else 365)
    month = next((month for month in range(1, 13) if day <= starts[month]), 13)
    if out.month <= 1:
        out.month = month
    if out.day <= 1:
        out.day = day - starts[month - 1]
    return False


def _zone(reader: Reader, out: Reading) -> int | None:
    if reader.sign:
        hours, minutes = reader.found.get("tzh", 0), reader.found.get("tzm", 0)
        if not 0 <= hours <= 15 or not 0 <= minutes < 60:
            raise DateTimeError(TZDISP_OVERFLOW)
        return -reader.sign * (hours * 60 + minutes) * 60
    if reader.zone is not None:
        seconds = out.time // USECS_PER_SEC
        return -determine_abbrev_offset(reader.zone, reader.abbrev, out.year, out.month, out.day, seconds)[0]
    return None if reader.zone_offset is None else -reader.zone_offset


@implements("to_timestamp", context=True)
def to_timestamp(ctx: Any, text: str, picture: str) -> int:
    session = session_zone(ctx.settings.timezone)
    read = read_by_picture(text, picture, session)
    tz = read.tz
    if tz is None:
        tz = -determine_offset(session, read.year, read.month, read.day, read.time // USECS_PER_SEC).gmtoff
    if not is_valid_julian(read.year, read.month, read.day):
        timestamp_out_of_range()
    days = days_of(read.year, read.month, read.day)
    value = checked_timestamp(days * USECS_PER_DAY + read.time + tz * USECS_PER_SEC)
    return scaled(value, read.precision) if read.precision else value


@implements("to_date", context=True)
def to_date(ctx: Any, text: str, picture: str) -> int:
    read = read_by_picture(text, picture, session_zone(ctx.settings.timezone))
    if is_valid_julian(read.year, read.month, read.day):
        days = days_of(read.year, read.month, read.day)
        if MIN_DATE <= days < END_DATE:
            return days
    raise SqlError(DATETIME_VALUE_OUT_OF_RANGE, f'date out of range: "{text}"')
