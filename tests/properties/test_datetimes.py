"""Round trips of dates, times and intervals: value -> text -> value, in every style and many time zones."""

from types import SimpleNamespace
from typing import Any

import pytest
from gaveldb.engine.functions.formatting_datetime import timestamp_to_char
from gaveldb.engine.functions.formatting_input import read_by_picture
from gaveldb.engine.types import dates, intervals, times, timestamps
from gaveldb.engine.types.calendar import (
    END_DATE,
    END_TIMESTAMP,
    MIN_DATE,
    MIN_TIMESTAMP,
    USECS_PER_DAY,
    date2j,
    j2date,
)
from gaveldb.engine.types.timezones import session_zone, timestamp_to_local, timestamp_to_utc
from gaveldb.engine.values import Interval, TimeTz
from hypothesis import given
from hypothesis import strategies as st

ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Dublin", "<+0530>-5:30"]
STYLES = [
    ("ISO", "MDY"),
    ("SQL", "DMY"),
    ("SQL", "MDY"),
    ("Postgres", "DMY"),
    ("Postgres", "MDY"),
    ("German", "DMY"),
]
INTERVAL_STYLES = ["postgres", "postgres_verbose", "sql_standard", "iso_8601"]
timestamp_values = st.one_of(
    st.integers(MIN_TIMESTAMP, END_TIMESTAMP - 1),
    st.integers(-(2**51), 2**51),
    st.sampled_from([2**63 - 1, -(2**63)]),
)
day_times = st.integers(0, USECS_PER_DAY)
small = st.integers(-(2**31) + 1, 2**31 - 2)


def context(zone: str = "UTC", style: tuple[str, str] = ("ISO", "MDY"), interval: str = "postgres") -> Any:
    settings = SimpleNamespace(timezone=zone, datestyle=style, intervalstyle=interval)
    return SimpleNamespace(settings=settings, transaction_timestamp=0)


@given(st.integers(0, 2**31 - 1))
def test_julian_days(julian: int) -> None:
    assert date2j(*j2date(julian)) == julian


@pytest.mark.parametrize("style", STYLES)
@given(st.integers(MIN_DATE, END_DATE - 1))
def test_dates(style: tuple[str, str], value: int) -> None:
    ctx = context(style=style)
    assert dates.date_in(ctx, dates.date_out(ctx, value)) == value


@pytest.mark.parametrize("style", STYLES)
@given(timestamp_values)
def test_timestamps(style: tuple[str, str], value: int) -> None:
    ctx = context(style=style)
    assert timestamps.timestamp_in(ctx, timestamps.timestamp_out(ctx, value)) == value
    assert timestamps.timestamp_recv(timestamps.timestamp_send(value)) == value


@pytest.mark.parametrize("zone", ZONES)
@given(timestamp_values)
def test_timestamps_with_time_zone(zone: str, value: int) -> None:
    ctx = context(zone)
    assert timestamps.timestamptz_in(ctx, timestamps.timestamptz_out(ctx, value)) == value


@pytest.mark.parametrize("zone", ZONES)
@given(st.integers(MIN_TIMESTAMP + USECS_PER_DAY, END_TIMESTAMP - USECS_PER_DAY))
def test_local_times(zone: str, value: int) -> None:
    """Local time and back is the same moment, or the other one with the same local time."""
    where = session_zone(zone)
    local = timestamp_to_local(where, value)
    back = timestamp_to_utc(where, local)
    assert back == value or timestamp_to_local(where, back) == local


@given(day_times, st.integers(-57599, 57599))
def test_times(value: int, zone: int) -> None:
    ctx = context()
    assert times.time_in(ctx, times.time_out(value)) == value
    zoned = TimeTz(value, zone)
    assert times.timetz_in(ctx, times.timetz_out(zoned)) == zoned
    assert times.timetz_recv(times.timetz_send(zoned)) == zoned


@pytest.mark.parametrize("style", INTERVAL_STYLES)
@given(small, small, st.integers(-(2**63) + 1, 2**63 - 2))
def test_intervals(style: str, months: int, days: int, microseconds: int) -> None:
    ctx = context(interval=style)
    value = Interval(months, days, microseconds)
    if style == "iso_8601" and abs(microseconds) >= 2**50:
        microseconds %= 2**40  # seconds are read as double precision
        value = Interval(months, days, microseconds)
    assert intervals.interval_in(ctx, intervals.interval_out(ctx, value)) == value
    assert intervals.interval_recv(intervals.interval_send(value)) == value


@given(st.integers(-63_082_281_600_000_000 + USECS_PER_DAY, 252_455_616_000_000_000))
def test_pictures(value: int) -> None:
    text = timestamp_to_char(value, "YYYY-MM-DD HH24:MI:SS.US")
    assert text is not None
    read = read_by_picture(text, "YYYY-MM-DD HH24:MI:SS.US", session_zone("UTC"))
    assert read.time == value % USECS_PER_DAY
    assert date2j(read.year, read.month, read.day) == date2j(2000, 1, 1) + value // USECS_PER_DAY
