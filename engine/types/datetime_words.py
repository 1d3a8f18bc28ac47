"""The words of date, time and interval input, and the bits by which the parsers track what they have seen."""

RESERV, MONTH, YEAR, DAY, JULIAN, TZ, DTZ, DYNTZ, IGNORE, AMPM, HOUR, MINUTE, SECOND = range(13)
MILLISECOND, MICROSECOND, DOY, DOW, UNITS, ADBC, AGO, ISOTIME, WEEK, DECADE = range(13, 23)
CENTURY, MILLENNIUM, DTZMOD, UNKNOWN = range(23, 27)

DATE_M = 1 << YEAR | 1 << MONTH | 1 << DAY
ALL_SECS_M = 1 << SECOND | 1 << MILLISECOND | 1 << MICROSECOND
TIME_M = 1 << HOUR | 1 << MINUTE | ALL_SECS_M
TZ_M = 1 << TZ

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DAYS = {
    "sun": 0, "sunday": 0, "mon": 1, "monday": 1, "tue": 2, "tues": 2, "tuesday": 2, "wed": 3, "wednesday": 3,
    "weds": 3, "thu": 4, "thur": 4, "thurs": 4, "thursday": 4, "fri": 5, "friday": 5, "sat": 6, "saturday": 6,
}  # fmt: skip


_SPECIAL = "now today tomorrow yesterday epoch allballs infinity -infinity"


def _date_words() -> dict[str, tuple[int, object]]:
    words: dict[str, tuple[int, object]] = {word: (RESERV, word) for word in _SPECIAL.split()}
    words["+infinity"] = (RESERV, "infinity")
    for number, name in enumerate(_MONTHS, 1):
        words[name] = words[name[:3]] = (MONTH, number)
    words["sept"] = (MONTH, 9)
    for name, number in _DAYS.items():
        words[name] = (DOW, number)
    for name in ("am", "pm"):
        words[name] = (AMPM, name)
    for name in ("ad", "bc"):
        words[name] = (ADBC, name)
    for name in ("at", "on"):
        words[name] = (IGNORE, None)
    words["dst"] = (DTZMOD, 3600)
    words["t"] = (ISOTIME, "time")
    for name, unit in (
        ("d", "day"), ("dow", "dow"), ("doy", "doy"), ("h", "hour"), ("isodow", "isodow"),
        ("isoyear", "isoyear"), ("j", "julian"), ("jd", "julian"), ("julian", "julian"), ("m", "month"),
        ("mm", "minute"),
        ("s", "second"), ("y", "year"),
    ):  # fmt: skip
        words[name] = (UNITS, unit)
    return words


def _unit_words() -> dict[str, tuple[int, object]]:
    words: dict[str, tuple[int, object]] = {"@": (IGNORE, None), "ago": (AGO, None)}
    for unit, names in {
        "century": "c cent centuries century",
        "day": "d day days",
        "decade": "dec decade decades decs",
        "hour": "h hour hours hr hrs",
        "minute": "m min mins minute minutes",
        "microsecond": "microsecon us usec useconds usecs",
        "millennium": "mil millennia millennium mils",
        "millisecond": "millisecon ms msec mseconds msecs",
        "month": "mon mons month months",
        "quarter": "qtr quarter",
        "second": "s sec second seconds secs",
        "timezone": "timezone",
        "timezone_hour": "timezone_h",
        "timezone_minute": "timezone_m",
        "week": "w week weeks",
        "year": "y year years yr yrs",
    }.items():
        for name in names.split():
            words[name[:10]] = (UNITS, unit)
    return words


DATE_WORDS = _date_words()
UNIT_WORDS = _unit_words()


def unit_of(text: str) -> tuple[int, object]:
    """What EXTRACT, date_part and date_trunc understand by a unit's name: (kind, unit)."""
    word = text.lower()[:10]
    return UNIT_WORDS.get(word) or DATE_WORDS.get(word) or (UNKNOWN, None)
