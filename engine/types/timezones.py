"""Time zones: the tz database and POSIX rules, for every time that a timestamp can hold.

A Zone is its list of transitions (unix seconds) with what holds from each on. Behind the last one in the file
the zone's POSIX rule goes on; its transitions are made when first needed, up to 2100 at once and for later
years by the Gregorian calendar's cycle of 400 years.
Signs: `gmtoff` is seconds EAST of UTC; what PostgreSQL stores and returns as a zone ("tz") is seconds WEST.
"""

import os
import re
from bisect import bisect_right
from functools import lru_cache
from struct import unpack
from typing import NamedTuple

from ..errors import SqlError
from ..sqlstates import CONFIG_FILE_ERROR, INVALID_PARAMETER_VALUE
from .calendar import (
    EPOCH_SHIFT_SECS,
    SECS_PER_DAY,
    UNIX_EPOCH_JDATE,
    USECS_PER_SEC,
    date2j,
    is_leap,
    is_valid_julian,
    month_days,
)

_CYCLE = 146_097 * SECS_PER_DAY  # 400 years
_SOON = 2100


class ZoneType(NamedTuple):
    """What holds between two transitions."""

    gmtoff: int
    isdst: bool
    abbrev: str


class RuleDate(NamedTuple):
    """When a POSIX rule switches: kind "J", "n" or "M", its numbers, seconds of the local day."""

    kind: str
    numbers: tuple[int, ...]
    seconds: int

    def in_year(self, year: int) -> int:
        """The switch as seconds since 1970 of local clock time."""
        first = date2j(year, 1, 1) - UNIX_EPOCH_JDATE
        if self.kind == "J":
            day = first + self.numbers[0] - 1
            if is_leap(year) and self.numbers[0] >= 60:
                day += 1
        elif self.kind == "n":
            day = first + self.numbers[0]
        else:
            month, week, weekday = self.numbers
            start = date2j(year, month, 1)
            offset = (weekday - (start + 1) % 7) % 7 + (week - 1) * 7
            if offset >= month_days(year, month):
                offset -= 7
            day = start - UNIX_EPOCH_JDATE + offset
        return day * SECS_PER_DAY + self.seconds


class Rule(NamedTuple):
    """A POSIX TZ string: standard time, and daylight saving time with its two switches."""

    standard: ZoneType
    daylight: ZoneType | None
    start: RuleDate | None
    end: RuleDate | None

    def transitions(self, year: int) -> list[tuple[int, ZoneType]]:
        """The two switches of a year, in order, as unix seconds."""
        if self.daylight is None or self.start is None or self.end is None:
            return []
        begin = (self.start.in_year(year) - self.standard.gmtoff, self.daylight)
        end = (self.end.in_year(year) - self.daylight.gmtoff, self.standard)
        return [begin, end] if begin[0] <= end[0] else [end, begin]


class Zone:
    """One time zone."""

    __slots__ = (
        "_current",
        "_high",
        "_limit",
        "_low",
        "_until",
        "endless",
        "first",
        "name",
        "rule",
        "times",
        "types",
    )

    def __init__(
        self, name: str, times: list[int], types: list[ZoneType], first: ZoneType, rule: Rule | None
    ) -> None:
        self.name = name
        self.times = times
        self.types = types
        self.first = first
        self.rule = rule if rule is not None and rule.daylight is not None else None
        self._until = 0  # the last year whose rule transitions are in `times`
        self.endless = self.rule is not None and not times  # a POSIX rule alone holds for the past as well
        if self.endless:
            self._extend(_SOON + 401)
        self._limit: float = float("inf") if self.rule is None else times[-1]
        self._low, self._high, self._current = 1, 0, first

    def _extend(self, until: int) -> None:
        """Add the rule's transitions up to the end of a year."""
        rule, times, types = self.rule, self.times, self.types
        assert rule is not None
        first = self._until + 1
        if self._until == 0:
            first = 1970 + times[-1] // 31_556_952 if times else 1900
        for year in range(first, until + 1):
            for when, kind in rule.transitions(year):
                if not times or when > times[-1]:
                    times.append(when)
                    types.append(kind)
        self._until = until
        self._limit = times[-1]

    def _reduce(self, when: int) -> tuple[int, int]:
        """A time for which `times` answer, and how far it was moved."""
        if when < self._limit:
            if self.endless and when < self.times[0]:
                cycles = (self.times[0] - when) // _CYCLE + 1
                return when + cycles * _CYCLE, -cycles * _CYCLE
            return when, 0
        if self._until < _SOON:
            self._extend(_SOON)
            return self._reduce(when)
        if self._until < _SOON + 401:
            self._extend(_SOON + 401)
            if when < self._limit:
                return when, 0
        cycles = (when - int(self._limit)) // _CYCLE + 1
        return when - cycles * _CYCLE, cycles * _CYCLE

    def at(self, when: int) -> ZoneType:
        """What holds at a unix time."""
        if self._low <= when < self._high:
            return self._current
        reduced, moved = self._reduce(when)
        place = bisect_right(self.times, reduced)
        kind = self.types[place - 1] if place else self.first
        if not moved:
            self._low = self.times[place - 1] if place else -(2**63)
            self._high = self.times[place] if place < len(self.times) else 2**63 if self.rule is None else 0
            self._current = kind
        return kind

    def next_boundary(self, when: int) -> tuple[ZoneType, int, ZoneType] | None:
        """The first transition after a time: what holds before, its time, what holds from then."""
        reduced, moved = self._reduce(when)
        place = bisect_right(self.times, reduced)
        if place == len(self.times):
            if self.rule is None:
                return None
            self._extend(self._until + 1)
            return self.next_boundary(when)
        before = self.types[place - 1] if place else self.first
        return before, self.times[place] + moved, self.types[place]

    def fixed_offset(self) -> int | None:
        """The offset east if the zone never had another one."""
        if self.rule is not None:
            return None
        offsets = {kind.gmtoff for kind in self.types} | {self.first.gmtoff}
        return offsets.pop() if len(offsets) == 1 else None

    def knows_abbrev(self, abbrev: str) -> bool:
        """Whether the upper-case abbreviation was ever used in the zone."""
        if self.rule is not None and self._until == 0:
            self._extend(_SOON)
        return any(kind.abbrev == abbrev for kind in self.types) or self.first.abbrev == abbrev

    def abbrevs(self) -> list[str]:
        """All abbreviations that the zone ever used, without numeric ones."""
        if self.rule is not None and self._until == 0:
            self._extend(_SOON)
        names = {kind.abbrev for kind in (self.first, *self.types)}
        return sorted(name for name in names if name.isalpha() and name.isascii())

    def interpret_abbrev(self, abbrev: str, when: int) -> ZoneType | None:
        """The last use of an upper-case abbreviation at or before a time, else the first one after it."""
        reduced, _ = self._reduce(when)
        place = bisect_right(self.times, reduced)
        for index in range(place - 1, -1, -1):
            if self.types[index].abbrev == abbrev:
                return self.types[index]
        if self.first.abbrev == abbrev:
            return self.first
        if self.rule is not None and self._until == 0:
            self._extend(_SOON)
        for index in range(place, len(self.types)):
            if self.types[index].abbrev == abbrev:
                return self.types[index]
        return None

    def local_offset(self, local: int) -> ZoneType:
        """What holds at a local clock time given as if it were unix seconds.

        In a spring-forward gap the time before the switch counts, in a fall-back overlap the one after."""
        before_time = local - self._current.gmtoff
        if self._low + SECS_PER_DAY <= before_time < self._high - SECS_PER_DAY:
            return self._current
        found = self.next_boundary(local - SECS_PER_DAY)
        if found is None:
            return self.at(local - SECS_PER_DAY)
        before, boundary, after = found
        before_time = local - before.gmtoff
        after_time = local - after.gmtoff
        if before_time < boundary and after_time < boundary:
            return before
        if before_time > boundary and after_time >= boundary:
            return after
        return before if before_time > after_time else after


def tz_offset_at(zone: Zone, timestamp: int) -> int:
    """Seconds east of UTC at a timestamptz."""
    return zone.at(timestamp // USECS_PER_SEC + EPOCH_SHIFT_SECS).gmtoff


def timestamp_to_utc(zone: Zone, timestamp: int) -> int:
    """Local clock time (a timestamp) -> timestamptz, not range-checked."""
    seconds = timestamp // USECS_PER_SEC + EPOCH_SHIFT_SECS
    return timestamp - zone.local_offset(seconds).gmtoff * USECS_PER_SEC


def timestamp_to_local(zone: Zone, timestamp: int) -> int:
    """timestamptz -> local clock time, not range-checked."""
    return timestamp + zone.at(timestamp // USECS_PER_SEC + EPOCH_SHIFT_SECS).gmtoff * USECS_PER_SEC


def determine_offset(zone: Zone, year: int, month: int, day: int, seconds: int) -> ZoneType:
    """What holds at a local date and second of the day; UTC if the date is beyond all bounds."""
    if not is_valid_julian(year, month, day):
        return ZoneType(0, False, "UTC")
    return zone.local_offset((date2j(year, month, day) - UNIX_EPOCH_JDATE) * SECS_PER_DAY + seconds)


def determine_abbrev_offset(
    zone: Zone, abbrev: str, year: int, month: int, day: int, seconds: int
) -> tuple[int, bool]:
    """Offset east and daylight flag of an abbreviation whose meaning depends on the local time."""
    kind = determine_offset(zone, year, month, day, seconds)
    when = 0
    if is_valid_julian(year, month, day):
        when = (date2j(year, month, day) - UNIX_EPOCH_JDATE) * SECS_PER_DAY + seconds - kind.gmtoff
    found = zone.interpret_abbrev(abbrev.upper(), when) or kind
    return found.gmtoff, found.isdst


# --- loading ----------------------------------------------------------------------------------------


def _parse_file(name: str, data: bytes) -> Zone:
    def block(start: int, size: int) -> tuple[list[int], list[ZoneType], ZoneType, int]:
        isutc, isstd, leap, timecnt, typecnt, charcnt = unpack(">6l", data[start + 20 : start + 44])
        at = start + 44
        times = list(unpack(f">{timecnt}{'q' if size == 8 else 'l'}", data[at : at + timecnt * size]))
        at += timecnt * size
        indexes = data[at : at + timecnt]
        at += timecnt
        raw = [unpack(">lbb", data[at + i * 6 : at + i * 6 + 6]) for i in range(typecnt)]
        at += typecnt * 6
        chars = data[at : at + charcnt]
        types = [
            ZoneType(off, bool(dst), chars[where : chars.index(0, where)].decode()) for off, dst, where in raw
        ]
        end = at + charcnt + leap * (size + 4) + isstd + isutc
        return times, [types[i] for i in indexes], types[0], end

    _times, _types, _first, end = block(0, 4)
    times, types, first, end = block(end, 8)
    rule = parse_posix(data[end:].strip(b"\n").decode())
    return Zone(name, times, types, first, rule)


_OFFSET = re.compile(r"([+-]?)([0-9]+)(?::([0-9]+)(?::([0-9]+))?)?")
_STD_NAME = re.compile(r"<([^>]*)>|([^0-9,+-]*)")
_RULE = re.compile(r"J([0-9]+)|([0-9]+)|M([0-9]+)\.([0-9]+)\.([0-9]+)")


def _offset(text: str, at: int) -> tuple[int, int] | None:
    """Seconds of an offset or time [+-]h[:m[:s]] and where it ends."""
    match = _OFFSET.match(text, at)
    if match is None:
        return None
    hours, minutes, seconds = int(match[2]), int(match[3] or 0), int(match[4] or 0)
    unfinished = match[4] is None and text[match.end() : match.end() + 1] == ":"
    if hours > 167 or minutes > 59 or seconds > 60 or unfinished:
        return None
    total = hours * 3600 + minutes * 60 + seconds
    return (-total if match[1] == "-" else total), match.end()


def _rule_date(text: str, at: int) -> tuple[RuleDate, int] | None:
    match = _RULE.match(text, at)
    if match is None:
        return None
    numbers: tuple[int, ...]
    if match[1]:
        kind, numbers, valid = "J", (int(match[1]),), 1 <= int(match[1]) <= 365
    elif match[2]:
        kind, numbers, valid = "n", (int(match[2]),), int(match[2]) <= 365
    else:
        month, week, day = int(match[3]), int(match[4]), int(match[5])
        kind, numbers = "M", (month, week, day)
        valid = 1 <= month <= 12 and 1 <= week <= 5 and day <= 6
    end, seconds = match.end(), 7200
    if text[end : end + 1] == "/":
        found = _offset(text, end + 1)
        if found is None:
            return None
        seconds, end = found
    return (RuleDate(kind, numbers, seconds), end) if valid else None


def parse_posix(text: str) -> Rule | None:
    """A POSIX TZ string as "EST5EDT,M3.2.0,M11.1.0"; None if it is not one. Names may be empty or odd."""
    match = _STD_NAME.match(text)
    assert match is not None
    found = _offset(text, match.end()) if match.end() < len(text) else None
    if found is None:
        return None
    standard = ZoneType(-found[0], False, match[1] if match[1] is not None else match[2])
    at = found[1]
    if at == len(text):
        return Rule(standard, None, None, None)
    match = _STD_NAME.match(text, at)
    assert match is not None
    name = match[1] if match[1] is not None else match[2].split(";")[0]
    at = match.end() if match[1] is not None else at + len(name)
    if not name:
        return None
    gmtoff = standard.gmtoff + 3600
    if at < len(text) and text[at] not in ",;":
        found = _offset(text, at)
        if found is None:
            return None
        gmtoff, at = -found[0], found[1]
    if at < len(text) and text[at] not in ",;":
        return None
    rules, at = (text, at + 1) if at < len(text) and text[at] in ",;" else ("M3.2.0,M11.1.0", 0)
    start = _rule_date(rules, at)
    end = None if start is None or rules[start[1] : start[1] + 1] != "," else _rule_date(rules, start[1] + 1)
    if start is None or end is None or end[1] != len(rules):
        return None
    return Rule(standard, ZoneType(gmtoff, True, name), start[0], end[0])


@lru_cache(1)
def zone_names() -> dict[str, str]:
    """Lower-case name -> name of every time zone in the tz database."""
    with open(os.path.join(_directory(), "zones"), encoding="ascii") as file:
        return {line.lower(): line for line in file.read().split()}


def _directory() -> str:
    import tzdata  # type: ignore[import-untyped]

    return os.path.dirname(str(tzdata.__file__))


@lru_cache(1024)
def find_zone(name: str) -> Zone | None:
    """The zone of a name in any case, or of a POSIX string; None if there is none."""
    if len(name) > 255:
        return None
    known = zone_names().get(name.lower())
    if known is not None:
        with open(os.path.join(_directory(), "zoneinfo", *known.split("/")), "rb") as file:
            return _parse_file(known, file.read())
    upper = name.upper()
    rule = parse_posix(upper)
    if rule is None:
        return None
    return Zone(upper, [], [], rule.standard, rule)


@lru_cache(256)
def session_zone(name: str) -> Zone:
    """The zone of the TimeZone setting, which is known to be valid."""
    found = find_zone(name)
    if found is None:
        raise SqlError(INVALID_PARAMETER_VALUE, f'time zone "{name}" not recognized')
    return found


# --- abbreviations ----------------------------------------------------------------------------------


@lru_cache(1)
def abbreviations() -> dict[str, tuple[int, bool, str | None]]:
    """Lower-case abbreviation -> (seconds east, daylight saving, or the name of its zone)."""
    from . import zone_abbreviations as data

    out: dict[str, tuple[int, bool, str | None]] = {}
    for word in data.FIXED.split():
        abbrev, _, offset = word.partition(":")
        out[abbrev.lower()] = (int(offset.rstrip("D")), offset.endswith("D"), None)
    for word in data.DYNAMIC.split():
        abbrev, _, zone = word.partition(":")
        out[abbrev.lower()] = (0, False, zone)
    return out


class Abbreviation(NamedTuple):
    """What a word means as time zone abbreviation: a fixed offset, or a zone to ask."""

    gmtoff: int
    isdst: bool
    zone: Zone | None


def find_abbreviation(word: str, session: Zone) -> Abbreviation | None:
    """A lower-case word as abbreviation: of the session's zone first, then of the default set.

    In the session's zone, an abbreviation that always meant the same is fixed, others depend on the time."""
    found = _zone_abbreviation(word.upper(), session.name)
    if found is not None:
        return found
    entry = abbreviations().get(word[:10])
    if entry is None:
        return None
    gmtoff, isdst, name = entry
    if name is None:
        return Abbreviation(gmtoff, isdst, None)
    zone = find_zone(name)
    if zone is None:
        raise SqlError(
            CONFIG_FILE_ERROR,
            f'time zone "{name}" not recognized',
            detail="This time zone name appears in the configuration file for time zone abbreviation"
            f' "{word}".',
        )
    return Abbreviation(0, False, zone)


@lru_cache(1024)
def _zone_abbreviation(upper: str, zone_name: str) -> Abbreviation | None:
    zone = session_zone(zone_name)
    if zone.rule is not None and not zone._until:
        zone._extend(_SOON)
    kinds = {kind for kind in (*zone.types, zone.first) if kind.abbrev == upper}
    if not kinds:
        return None
    if len(kinds) == 1:
        kind = kinds.pop()
        return Abbreviation(kind.gmtoff, kind.isdst, None)
    return Abbreviation(0, False, zone)
