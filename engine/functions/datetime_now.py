"""Current times: of the transaction, the statement, and the clock."""

import time
from typing import Any

from ..registry import implements
from ..types.calendar import DAYS, EPOCH_SHIFT_SECS, MONTHS, USECS_PER_DAY, USECS_PER_SEC, civil
from ..types.datetime_format import format_time
from ..types.timezones import session_zone, timestamp_to_local


def clock_now() -> int:
    """The clock's time as a timestamptz."""
    return time.time_ns() // 1000 - 946_684_800_000_000


@implements("now", context=True)
def now(ctx: Any) -> int:
    return ctx.transaction_timestamp


@implements("statement_timestamp", context=True)
def statement_timestamp(ctx: Any) -> int:
    return ctx.statement_timestamp


@implements("clock_timestamp")
def clock_timestamp() -> int:
    return clock_now()


@implements("timeofday", context=True)
def timeofday(ctx: Any) -> str:
    zone = session_zone(ctx.settings.timezone)
    value = clock_now()
    days, rest = divmod(timestamp_to_local(zone, value), USECS_PER_DAY)
    year, month, day = civil(days)
    clock = format_time(rest - rest % USECS_PER_SEC) + f".{rest % USECS_PER_SEC:06}"
    abbrev = zone.at(value // USECS_PER_SEC + EPOCH_SHIFT_SECS).abbrev
    return f"{DAYS[(days + 6) % 7][:3]} {MONTHS[month - 1]} {day:02} {clock} {year:04} {abbrev}"
