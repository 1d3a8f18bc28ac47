"""AT TIME ZONE and other functions that name a time zone; the views of time zones and abbreviations."""

from collections.abc import Iterator
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_PARAMETER_VALUE
from ..types.calendar import (
    EPOCH_SHIFT_SECS,
    USECS_PER_DAY,
    USECS_PER_SEC,
    checked_timestamp,
    civil,
    is_infinite,
    truncated_divmod,
)
from ..types.datetime_format import format_interval
from ..types.intervals import negate
from ..types.timestamps import add_interval_tz, is_finite
from ..types.timezones import (
    Zone,
    ZoneType,
    abbreviations,
    determine_abbrev_offset,
    find_abbreviation,
    find_zone,
    session_zone,
    timestamp_to_utc,
    tz_offset_at,
    zone_names,
)
from ..values import Interval, TimeTz

ZoneMeaning = tuple[int | None, Zone | None, str]


def decode_zone_name(ctx: Any, name: str) -> ZoneMeaning:
    """What a zone's name means: (offset east, None, ""), (None, zone, abbreviation) or (None, zone, "")."""
    word = name.lower()
    found = find_abbreviation(word, session_zone(ctx.settings.timezone))
    if found is not None:
        return (found.gmtoff, None, "") if found.zone is None else (None, found.zone, word)
    zone = find_zone(name)
    if zone is None:
        raise SqlError(INVALID_PARAMETER_VALUE, f'time zone "{name}" not recognized')
    return None, zone, ""


def lookup_zone(ctx: Any, name: str) -> Zone:
    """The zone of a name; an abbreviation stands for its offset or its zone."""
    offset, zone, _ = decode_zone_name(ctx, name)
    if zone is not None:
        return zone
    assert offset is not None
    return Zone("", [], [], ZoneType(offset, False, ""), None)


def interval_zone(ctx: Any, zone: Interval) -> int:
    """Seconds east of UTC of an interval given as time zone."""
    if is_infinite(zone):
        text = format_interval(zone, ctx.settings.intervalstyle)
        raise SqlError(INVALID_PARAMETER_VALUE, f'interval time zone "{text}" must be finite')
    if zone[0] or zone[1]:
        text = format_interval(zone, ctx.settings.intervalstyle)
        raise SqlError(
            INVALID_PARAMETER_VALUE, f'interval time zone "{text}" must not include months or days'
        )
    return truncated_divmod(zone[2], USECS_PER_SEC)[0]


def _abbrev_offset_at(zone: Zone, abbrev: str, value: int) -> int:
    seconds = value // USECS_PER_SEC + EPOCH_SHIFT_SECS
    return (zone.interpret_abbrev(abbrev.upper(), seconds) or zone.at(seconds)).gmtoff


@implements("timestamptz_zone", context=True)
def timestamptz_zone(ctx: Any, name: str, value: int) -> int:
    if not is_finite(value):
        return value
    offset, zone, abbrev = decode_zone_name(ctx, name)
    if zone is not None:
        offset = _abbrev_offset_at(zone, abbrev, value) if abbrev else tz_offset_at(zone, value)
    assert offset is not None
    return checked_timestamp(value + offset * USECS_PER_SEC)


@implements("timestamp_zone", context=True)
def timestamp_zone(ctx: Any, name: str, value: int) -> int:
    if not is_finite(value):
        return value
    offset, zone, abbrev = decode_zone_name(ctx, name)
    if zone is not None:
        if not abbrev:
            return checked_timestamp(timestamp_to_utc(zone, value))
        days, rest = divmod(value, USECS_PER_DAY)
        offset = determine_abbrev_offset(zone, abbrev, *civil(days), rest // USECS_PER_SEC)[0]
    assert offset is not None
    return checked_timestamp(value - offset * USECS_PER_SEC)


@implements("timestamptz_izone", context=True)
def timestamptz_izone(ctx: Any, zone: Interval, value: int) -> int:
    if not is_finite(value):
        return value
    return checked_timestamp(value + interval_zone(ctx, zone) * USECS_PER_SEC)


@implements("timestamp_izone", context=True)
def timestamp_izone(ctx: Any, zone: Interval, value: int) -> int:
    if not is_finite(value):
        return value
    return checked_timestamp(value - interval_zone(ctx, zone) * USECS_PER_SEC)


def _moved(value: TimeTz, west: int) -> TimeTz:
    return TimeTz((value[0] + (value[1] - west) * USECS_PER_SEC) % USECS_PER_DAY, west)


@implements("timetz_zone", context=True)
def timetz_zone(ctx: Any, name: str, value: TimeTz) -> TimeTz:
    offset, zone, abbrev = decode_zone_name(ctx, name)
    now = ctx.transaction_timestamp
    if zone is not None:
        offset = _abbrev_offset_at(zone, abbrev, now) if abbrev else tz_offset_at(zone, now)
    assert offset is not None
    return _moved(value, -offset)


@implements("timetz_izone", context=True)
def timetz_izone(ctx: Any, zone: Interval, value: TimeTz) -> TimeTz:
    return _moved(value, -interval_zone(ctx, zone))


@implements("timetz_at_local", context=True)
def timetz_at_local(ctx: Any, value: TimeTz) -> TimeTz:
    return timetz_zone(ctx, ctx.settings.timezone, value)


@implements("timestamptz_pl_interval_at_zone", context=True)
def timestamptz_pl_interval_at_zone(ctx: Any, value: int, interval: Interval, name: str) -> int:
    return add_interval_tz(lookup_zone(ctx, name), value, interval)


@implements("timestamptz_mi_interval_at_zone", context=True)
def timestamptz_mi_interval_at_zone(ctx: Any, value: int, interval: Interval, name: str) -> int:
    return add_interval_tz(lookup_zone(ctx, name), value, negate(interval))


# --- views ------------------------------------------------------------------------------------------


def _offset(seconds: int) -> Interval:
    return Interval(0, 0, seconds * USECS_PER_SEC)


@implements("pg_timezone_names", context=True)
def pg_timezone_names(ctx: Any) -> Iterator[tuple[Any, ...]]:
    seconds = ctx.transaction_timestamp // USECS_PER_SEC + EPOCH_SHIFT_SECS
    for name in zone_names().values():
        zone = find_zone.__wrapped__(name)
        if zone is not None:
            kind = zone.at(seconds)
            yield name, kind.abbrev, _offset(kind.gmtoff), kind.isdst


@implements("pg_timezone_abbrevs_abbrevs", context=True)
def pg_timezone_abbrevs_abbrevs(ctx: Any) -> Iterator[tuple[Any, ...]]:
    seconds = ctx.transaction_timestamp // USECS_PER_SEC + EPOCH_SHIFT_SECS
    for abbrev, (gmtoff, isdst, name) in sorted(abbreviations().items()):
        upper = abbrev.upper()
        if name is not None:
            zone = find_zone(name)
            if zone is None:
                continue
            kind = zone.interpret_abbrev(upper, seconds) or zone.at(seconds)
            gmtoff, isdst = kind.gmtoff, kind.isdst
        yield upper, _offset(gmtoff), isdst


@implements("pg_timezone_abbrevs_zone", context=True)
def pg_timezone_abbrevs_zone(ctx: Any) -> Iterator[tuple[Any, ...]]:
    zone = session_zone(ctx.settings.timezone)
    seconds = ctx.transaction_timestamp // USECS_PER_SEC + EPOCH_SHIFT_SECS
    for abbrev in zone.abbrevs():
        kind = zone.interpret_abbrev(abbrev, seconds) or zone.at(seconds)
        yield abbrev, _offset(kind.gmtoff), kind.isdst
