"""Format pictures of dates and times, and to_char of timestamps and intervals.

A picture becomes a tuple of nodes once; to_char calls one small function per keyword. The keywords of
pictures for input are read in formatting_input.py.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_DATETIME_FORMAT
from ..types.calendar import (
    DAYS,
    EPOCH_SHIFT_SECS,
    POSTGRES_EPOCH_JDATE,
    USECS_PER_DAY,
    USECS_PER_HOUR,
    USECS_PER_MINUTE,
    USECS_PER_SEC,
    civil,
    date2j,
    is_infinite,
    iso_week,
    iso_week_start,
    truncated_divmod,
)
from ..types.datetime_format import interval_fields
from ..types.timestamps import is_finite
from ..types.timezones import session_zone
from ..values import Interval

ACTION, CHAR, SEPARATOR, SPACE = range(4)
MONTHS_FULL = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
               "October", "November", "December")  # fmt: skip
ROMAN = ("XII", "XI", "X", "IX", "VIII", "VII", "VI", "V", "IV", "III", "II", "I")

GREGORIAN, ISOWEEK = "gregorian", "isoweek"
_GREGORIAN = "DDD DD D MM MONTH MON RM WW W Y,YYY YYYY YYY YY Y"
_ISO = "IDDD ID IW IYYY IYY IY I"
_NO_DIGITS = "A.D. A.M. AD AM B.C. BC DAY DY FX MONTH MON OF P.M. PM RM TZH TZ"
# in the order in which they are tried: the longer one first
_KEYWORDS = (
    "A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW "
    "IYYY IYY IY I J MI MM MONTH MON MS OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY "
    "YYY YY Y"
)


class Keyword(NamedTuple):
    """One keyword of pictures: `name` as written, `id` in upper case."""

    name: str
    id: str
    is_digit: bool
    mode: str


class Node(NamedTuple):
    """A part of a picture: a keyword with its modifiers, or a character of its kind."""

    kind: int
    text: str
    key: Keyword | None
    fill: bool  # FM
    translated: bool  # TM
    ordinal: str  # "TH", "th" or ""


def _keywords() -> dict[str, list[Keyword]]:
    by_first: dict[str, list[Keyword]] = {}
    gregorian, iso, no_digits = _GREGORIAN.split(), _ISO.split(), _NO_DIGITS.split()
    capitals = {"DAY": "Day", "DY": "Dy", "MONTH": "Month", "MON": "Mon"}
    for name in _KEYWORDS.split():
        mode = GREGORIAN if name in gregorian else ISOWEEK if name in iso else ""
        ident = "SSSS" if name == "SSSSS" else "HH" if name == "HH12" else name
        for written in (name, capitals.get(name), name.lower()):
            if written is not None:
                keyword = Keyword(written, ident, name not in no_digits, mode)
                by_first.setdefault(written[0], []).append(keyword)
    return by_first


_BY_FIRST = _keywords()


def is_separator(char: str) -> bool:
    """A printable ASCII character that is neither letter nor digit nor blank."""
    return " " < char < "\x7f" and not char.isalnum()


@lru_cache(256)
def parse_picture(picture: str, standard: bool = False) -> tuple[Node, ...]:
    """The nodes of a picture; `standard`: only the separators of SQL's standard are allowed."""
    nodes: list[Node] = []
    at, end = 0, len(picture)
    while at < end:
        prefix = picture[at : at + 2]
        fill = prefix in ("FM", "fm")
        translated = prefix in ("TM", "tm")
        if fill or translated:
            at += 2
            if at >= end:
                break
        key = None
        for candidate in _BY_FIRST.get(picture[at], ()):
            if picture.startswith(candidate.name, at):
                key = candidate
                break
        if key is not None:
            at += len(key.name)
            ordinal = picture[at : at + 2]
            if ordinal in ("TH", "th", "SP"):
                at += 2
            nodes.append(Node(ACTION, "", key, fill, translated, ordinal if ordinal in ("TH", "th") else ""))
        else:
            at = _literal(picture, at, nodes, standard)
    return tuple(nodes)


def _literal(picture: str, at: int, nodes: list[Node], standard: bool) -> int:
    char = picture[at]
    if char == '"':
        at += 1
        while at < len(picture):
            if picture[at] == '"':
                return at + 1
            if picture[at] == "\\" and at + 1 < len(picture):
                at += 1
            nodes.append(Node(CHAR, picture[at], None, False, False, ""))
            at += 1
        return at
    if standard:
        if char not in "-./,':; ":
            raise SqlError(INVALID_DATETIME_FORMAT, f'invalid datetime format separator: "{char}"')
        nodes.append(Node(SPACE if char == " " else SEPARATOR, char, None, False, False, ""))
        return at + 1
    if char == "\\" and picture[at + 1 : at + 2] == '"':
        at += 1
        char = '"'
    kind = SEPARATOR if is_separator(char) else SPACE if char in " \t\n\r\v\f" else CHAR
    nodes.append(Node(kind, char, None, False, False, ""))
    return at + 1


class Moment:
    """The fields to be formatted, of a timestamp or of an interval."""

    __slots__ = (
        "abbrev", "day", "fsec", "gmtoff", "hour", "interval",
        "julian", "minute", "month", "second", "yday", "year",
    )  # fmt: skip
    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    fsec: int
    yday: int
    julian: int

    def __init__(self, interval: bool) -> None:
        self.interval = interval
        self.gmtoff = 0
        self.abbrev = ""

    @property
    def wday(self) -> int:
        return (self.julian + 1) % 7

    @property
    def shown_year(self) -> int:
        return self.year if self.interval or self.year > 0 else 1 - self.year

    @property
    def iso_year(self) -> int:
        year = iso_week(self.year, self.month, self.day)[0]
        return year if self.interval or year > 0 else 1 - year


def _of_timestamp(local: int) -> Moment:
    moment = Moment(False)
    days, rest = divmod(local, USECS_PER_DAY)
    moment.year, moment.month, moment.day = civil(days)
    moment.julian = days + POSTGRES_EPOCH_JDATE
    moment.yday = moment.julian - date2j(moment.year, 1, 1) + 1
    moment.hour, rest = divmod(rest, USECS_PER_HOUR)
    moment.minute, rest = divmod(rest, USECS_PER_MINUTE)
    moment.second, moment.fsec = divmod(rest, USECS_PER_SEC)
    return moment


def _of_interval(value: Interval) -> Moment:
    moment = Moment(True)
    moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.fsec = (
        interval_fields(value)
    )
    moment.yday = (moment.year * 12 + moment.month) * 30 + moment.day
    moment.julian = date2j(moment.year, moment.month, moment.day)
    return moment


# --- keywords ---------------------------------------------------------------------------------------


def _padded(value: int, width: int, sign_of: int, node: Node) -> str:
    """%0*d: as wide as the keyword, one more if negative; FM: as it comes."""
    return str(value) if node.fill else f"{value:0{width if sign_of >= 0 else width + 1}}"


def _rest(value: int, divisor: int) -> int:
    return truncated_divmod(value, divisor)[1]


def _half(moment: Moment, node: Node) -> str:
    name = node.key.name  # type: ignore[union-attr]
    word = "PM" if _rest(moment.hour, 24) >= 12 else "AM"
    if "." in name:
        word = f"{word[0]}.{word[1]}."
    return word.lower() if name.islower() else word


def _era(moment: Moment, node: Node) -> str:
    name = node.key.name  # type: ignore[union-attr]
    word = "BC" if moment.year <= 0 else "AD"
    if "." in name:
        word = f"{word[0]}.{word[1]}."
    return word.lower() if name.islower() else word


def _cased(word: str, node: Node) -> str:
    name = node.key.name  # type: ignore[union-attr]
    return word.upper() if name.isupper() else word.lower() if name.islower() else word


def _full(word: str, node: Node) -> str:
    word = _cased(word, node)
    return word if node.fill or node.translated else f"{word:9}"


def _month(moment: Moment, node: Node) -> str:
    return _full(MONTHS_FULL[moment.month - 1], node)


def _mon(moment: Moment, node: Node) -> str:
    return _cased(MONTHS_FULL[moment.month - 1][:3], node)


def _hour12(moment: Moment, node: Node) -> str:
    return _padded(_rest(moment.hour, 12) or 12, 2, moment.hour, node)


def _zone_hours(moment: Moment, node: Node) -> str:
    return f"{'+' if moment.gmtoff >= 0 else '-'}{abs(moment.gmtoff) // 3600:02}"


def _zone_offset(moment: Moment, node: Node) -> str:
    hours, rest = divmod(abs(moment.gmtoff), 3600)
    text = f"{'+' if moment.gmtoff >= 0 else '-'}{hours if node.fill else f'{hours:02}'}"
    return f"{text}:{rest // 60:02}" if rest else text


def _zone_name(moment: Moment, node: Node) -> str:
    return moment.abbrev.lower() if node.key.name == "tz" else moment.abbrev  # type: ignore[union-attr]


def _century(moment: Moment, node: Node) -> str:
    year = moment.year
    if moment.interval:
        number = truncated_divmod(year, 100)[0]
    else:
        number = (year - 1) // 100 + 1 if year > 0 else truncated_divmod(year, 100)[0] - 1
    return _padded(number, 2, number, node) if -99 <= number <= 99 else str(number)


def _y_yyy(moment: Moment, node: Node) -> str:
    thousands = truncated_divmod(moment.shown_year, 1000)[0]
    return f"{thousands},{moment.shown_year - thousands * 1000:03}"


def _years(iso: bool, digits: int) -> "Callable[[Moment, Node], str]":
    def year(moment: Moment, node: Node) -> str:
        number = moment.iso_year if iso else moment.shown_year
        if digits < 4:
            number = _rest(number, 10**digits)
        return str(number) if digits == 1 else _padded(number, digits, moment.shown_year, node)

    return year


def _iso_day(moment: Moment, node: Node) -> str:
    year = iso_week(moment.year, moment.month, moment.day)[0]
    return _padded(moment.julian - iso_week_start(year, 1) + 1, 3, 0, node)


def _roman(moment: Moment, node: Node) -> str:
    if not moment.month and not moment.year:
        return ""
    if moment.month == 0:
        place = 0 if moment.year >= 0 else 11
    else:
        place = -(moment.month + 1) if moment.month < 0 else 12 - moment.month
    word = ROMAN[place].lower() if node.key.name == "rm" else ROMAN[place]  # type: ignore[union-attr]
    return word if node.fill else f"{word:4}"


def _fraction(divisor: int, digits: int) -> "Callable[[Moment, Node], str]":
    return lambda moment, node: f"{truncated_divmod(moment.fsec, divisor)[0]:0{digits}}"


def _weeks(days: int) -> int:
    return truncated_divmod(days - 1, 7)[0] + 1


# keyword -> (function, whether an interval may have it, whether TH applies)
_Writer = tuple[Callable[[Moment, Node], str], bool, bool]
_WRITERS: dict[str, _Writer] = {
    "A.M.": (_half, True, False),
    "P.M.": (_half, True, False),
    "AM": (_half, True, False),
    "PM": (_half, True, False),
    "HH": (_hour12, True, True),
    "HH24": (lambda m, n: _padded(m.hour, 2, m.hour, n), True, True),
    "MI": (lambda m, n: _padded(m.minute, 2, m.minute, n), True, True),
    "SS": (lambda m, n: _padded(m.second, 2, m.second, n), True, True),
    "MS": (_fraction(1000, 3), True, True),
    "US": (_fraction(1, 6), True, True),
    "SSSS": (lambda m, n: str(m.hour * 3600 + m.minute * 60 + m.second), True, True),
    "TZ": (_zone_name, False, False),
    "TZH": (_zone_hours, False, False),
    "TZM": (lambda m, n: f"{abs(m.gmtoff) % 3600 // 60:02}", False, False),
    "OF": (_zone_offset, False, False),
    "A.D.": (_era, False, False),
    "B.C.": (_era, False, False),
    "AD": (_era, False, False),
    "BC": (_era, False, False),
    "MONTH": (_month, False, False),
    "MON": (_mon, False, False),
    "MM": (lambda m, n: _padded(m.month, 2, m.month, n), True, True),
    "DAY": (lambda m, n: _full(DAYS[m.wday], n), False, False),
    "DY": (lambda m, n: _cased(DAYS[m.wday][:3], n), False, False),
    "DDD": (lambda m, n: _padded(m.yday, 3, 0, n), True, True),
    "IDDD": (_iso_day, True, True),
    "DD": (lambda m, n: _padded(m.day, 2, 0, n), True, True),
    "D": (lambda m, n: str(m.wday + 1), False, True),
    "ID": (lambda m, n: str(m.wday or 7), False, True),
    "WW": (lambda m, n: _padded(_weeks(m.yday), 2, 0, n), True, True),
    "IW": (lambda m, n: _padded(iso_week(m.year, m.month, m.day)[1], 2, 0, n), True, True),
    "Q": (lambda m, n: str(truncated_divmod(m.month - 1, 3)[0] + 1) if m.month else "", True, True),
    "CC": (_century, True, True),
    "Y,YYY": (_y_yyy, True, True),
    "RM": (_roman, True, False),
    "W": (lambda m, n: str(_weeks(m.day)), True, True),
    "J": (lambda m, n: str(m.julian), True, True),
    "FX": (lambda m, n: "", True, False),
}
for _digits in (1, 2, 3, 4):
    _WRITERS["Y" * _digits] = (_years(False, _digits), True, True)
    _WRITERS["I" + "Y" * (_digits - 1)] = (_years(True, _digits), True, True)
for _digits in range(1, 7):
    _WRITERS[f"FF{_digits}"] = (_fraction(10 ** (6 - _digits), _digits), True, True)


def ordinal(number: str, form: str) -> str:
    """The suffix of an ordinal number: st, nd, rd, th."""
    last = number[-1]
    if number[-2:-1] == "1":
        last = "0"
    suffix = {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")
    return suffix.upper() if form == "TH" else suffix


def _write(moment: Moment, picture: str) -> str:
    out = []
    for node in parse_picture(picture):
        if node.kind != ACTION:
            out.append(node.text)
            continue
        assert node.key is not None
        function, for_interval, counts = _WRITERS[node.key.id]
        if moment.interval and not for_interval:
            raise SqlError(
                INVALID_DATETIME_FORMAT,
                "invalid format specification for an interval value",
                hint="Intervals are not tied to specific calendar dates.",
            )
        text = function(moment, node)
        out.append(text + ordinal(text, node.ordinal) if node.ordinal and counts and text else text)
    return "".join(out)


@implements("timestamp_to_char")
def timestamp_to_char(value: int, picture: str) -> str | None:
    if not picture or not is_finite(value):
        return None
    return _write(_of_timestamp(value), picture)


@implements("timestamptz_to_char", context=True)
def timestamptz_to_char(ctx: Any, value: int, picture: str) -> str | None:
    if not picture or not is_finite(value):
        return None
    kind = session_zone(ctx.settings.timezone).at(value // USECS_PER_SEC + EPOCH_SHIFT_SECS)
    moment = _of_timestamp(value + kind.gmtoff * USECS_PER_SEC)
    moment.gmtoff, moment.abbrev = kind.gmtoff, kind.abbrev
    return _write(moment, picture)


@implements("interval_to_char")
def interval_to_char(value: Interval, picture: str) -> str | None:
    if not picture or is_infinite(value):
        return None
    return _write(_of_interval(value), picture)
