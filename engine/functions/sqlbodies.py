"""PostgreSQL's built-in functions that are written in SQL, in Python.

Those with a parsed body have no prosrc; here they go by <name>_<oid> (tests/tools/dump_catalog.py).
"""

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, CallSite, implements
from ..sqlstates import FEATURE_NOT_SUPPORTED
from ..values import Array, Interval

_MICROSECONDS = 1_000_000


def call(ctx: Any, prosrc: str, *args: Any) -> Any:
    """Another implementation's answer."""
    found = IMPLEMENTATIONS.get(prosrc)
    if found is None or found.bind:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"function {prosrc} is not supported")
    return found.function(ctx, *args) if found.context else found.function(*args)


def _delegate(name: str, prosrc: str, arrange: Callable[..., tuple[Any, ...]]) -> None:
    @implements(name, context=True)
    def delegate(ctx: Any, *args: Any) -> Any:
        return call(ctx, prosrc, *arrange(*args))


def _swapped(a: Any, b: Any) -> tuple[Any, Any]:
    return b, a


for _name, _prosrc in (
    ("timedate_pl_1296", "datetime_timestamp"),
    ("timetzdate_pl_1298", "datetimetz_timestamptz"),
    ("interval_pl_time_1848", "time_pl_interval"),
    ("interval_pl_date_2546", "date_pl_interval"),
    ("interval_pl_timetz_2547", "timetz_pl_interval"),
    ("interval_pl_timestamp_2548", "timestamp_pl_interval"),
    ("interval_pl_timestamptz_2549", "timestamptz_pl_interval"),
    ("integer_pl_date_2550", "date_pli"),
    ("int8pl_inet_2631", "inetpl"),
    ("numeric_pl_pg_lsn_5023", "pg_lsn_pli"),
    ("path_contain_pt_1426", "on_ppath"),
):
    _delegate(_name, _prosrc, _swapped)

_delegate("lpad_879", "lpad", lambda text, n: (text, n, " "))
_delegate("rpad_880", "rpad", lambda text, n: (text, n, " "))
_delegate("polygon_1544", "circle_poly", lambda circle: (12, circle))
_delegate("round_1708", "numeric_round", lambda n: (n, 0))
_delegate("trunc_1710", "numeric_trunc", lambda n: (n, 0))
_delegate("bit_length_1812", "bitlength", lambda bits: (bits,))


@implements("log10_1481", "log_1741", context=True)
def log10(ctx: Any, value: Any) -> Any:
    from decimal import Decimal

    return call(ctx, "numeric_log", Decimal(10), value)


@implements("bit_length_1810")
def bit_length_bytea(value: bytes) -> int:
    return len(value) * 8


@implements("bit_length_1811")
def bit_length_text(value: str) -> int:
    return len(value.encode()) * 8


@implements("timestamptz_1176", context=True)
def timestamptz_of(ctx: Any, date: int, time: int) -> Any:
    return call(ctx, "timestamp_timestamptz", call(ctx, "datetime_timestamp", date, time))


@implements("date_part_1384", context=True)
def date_part(ctx: Any, field: str, date: int) -> Any:
    return call(ctx, "timestamp_part", field, call(ctx, "date_timestamp", date))


def _today(ctx: Any) -> Any:
    """The session's current date."""
    return call(ctx, "timestamptz_date", ctx.transaction_timestamp)


@implements("age_1386", context=True)
def age_timestamptz(ctx: Any, value: int) -> Any:
    return call(ctx, "timestamptz_age", call(ctx, "date_timestamptz", _today(ctx)), value)


@implements("age_2059", context=True)
def age_timestamp(ctx: Any, value: int) -> Any:
    return call(ctx, "timestamp_age", call(ctx, "date_timestamp", _today(ctx)), value)


@implements("substring_2074", context=True)
def substring_similar(ctx: Any, text: str, pattern: str, escape: str) -> Any:
    return call(ctx, "textregexsubstr", text, call(ctx, "similar_to_escape_2", pattern, escape))


def _register_overlaps(oid: int, kind: str, first: bool, second: bool) -> None:
    """(a, length) OVERLAPS (b, length): lengths are added to their starts."""

    @implements(f"overlaps_{oid}", context=True)
    def overlaps(ctx: Any, start: Any, end: Any, other_start: Any, other_end: Any) -> Any:
        add = f"{kind}_pl_interval"
        if first and end is not None:
            end = None if start is None else call(ctx, add, start, end)
        if second and other_end is not None:
            other_end = None if other_start is None else call(ctx, add, other_start, other_end)
        return call(ctx, f"overlaps_{kind.removesuffix('tz')}", start, end, other_start, other_end)


for _kind, _both, _second, _first in (
    ("timestamptz", 1305, 1306, 1307),
    ("time", 1309, 1310, 1311),
    ("timestamp", 2042, 2043, 2044),
):
    _register_overlaps(_both, _kind, True, True)
    _register_overlaps(_second, _kind, False, True)
    _register_overlaps(_first, _kind, True, False)


# --- of any type ----------------------------------------------------------------------------------


def _as_text(site: CallSite, position: int) -> Callable[[Any, Any], str]:
    """argument::text."""
    from ..types.io import text_output

    typid = site.catalog.base_type(site.arg_types[position])
    if typid == 16:
        return lambda ctx, value: "true" if value else "false"
    if typid == 1042:
        return lambda ctx, value: value.rstrip(" ")
    return text_output(site.catalog, typid)


@implements("select pg_catalog.quote_literal($1::pg_catalog.text)", context=True, bind=True)
def quote_literal(site: CallSite) -> Any:
    text = _as_text(site, 0)
    return lambda ctx, value: call(ctx, "quote_literal", text(ctx, value))


@implements("select pg_catalog.quote_nullable($1::pg_catalog.text)", context=True, bind=True)
def quote_nullable(site: CallSite) -> Any:
    text = _as_text(site, 0)
    return lambda ctx, value: "NULL" if value is None else call(ctx, "quote_literal", text(ctx, value))


@implements("select $1 operator(pg_catalog.||) $2::pg_catalog.text", context=True, bind=True)
def textanycat(site: CallSite) -> Any:
    text = _as_text(site, 1)
    return lambda ctx, a, b: a + text(ctx, b)


@implements("select $1::pg_catalog.text operator(pg_catalog.||) $2", context=True, bind=True)
def anytextcat(site: CallSite) -> Any:
    text = _as_text(site, 0)
    return lambda ctx, a, b: text(ctx, a) + b


# --- sleeping -------------------------------------------------------------------------------------


@implements("pg_sleep_for_3935", context=True, waits=True)
def pg_sleep_for(ctx: Any, length: Interval) -> Any:
    seconds = (length.months * 30 + length.days) * 86400 + length.microseconds / _MICROSECONDS
    return call(ctx, "pg_sleep", float(seconds))


@implements("pg_sleep_until_3936", context=True, waits=True)
def pg_sleep_until(ctx: Any, until: int) -> Any:
    import time

    now = time.time_ns() // 1000 - 946_684_800_000_000
    return call(ctx, "pg_sleep", max(until - now, 0) / _MICROSECONDS)


# --- information_schema's helpers -----------------------------------------------------------------


@implements("SELECT * FROM pg_catalog.unnest($1) WITH ORDINALITY")
def pg_expandarray(array: Array) -> Iterator[tuple[Any, int]]:
    for n, item in enumerate(array.items, 1):
        yield item, n


@implements("_pg_index_position_12423", context=True)
def pg_index_position(ctx: Any, index: int, attnum: int) -> int | None:
    row = ctx.catalog.pg_index.get(index)
    if row is None:
        return None
    return next((n for n, key in enumerate(row.indkey.items, 1) if key == attnum), None)


def _fields(record: Any) -> dict[str, Any]:
    """The fields of a row value of a catalog: a Record, or the catalog row itself."""
    if hasattr(record, "_asdict") and not hasattr(record, "rowtype"):
        return record._asdict()
    return dict(zip(record.rowtype.names, record.values, strict=True))


@implements("_pg_truetypid_12424")
def pg_truetypid(attribute: Any, type_: Any) -> int:
    a, t = _fields(attribute), _fields(type_)
    return t["typbasetype"] if t["typtype"] == "d" else a["atttypid"]


@implements("_pg_truetypmod_12425")
def pg_truetypmod(attribute: Any, type_: Any) -> int:
    a, t = _fields(attribute), _fields(type_)
    return t["typtypmod"] if t["typtype"] == "d" else a["atttypmod"]


@implements("_pg_char_max_length_12426")
def pg_char_max_length(typid: int, typmod: int) -> int | None:
    if typmod == -1:
        return None
    return typmod - 4 if typid in (1042, 1043) else typmod if typid in (1560, 1562) else None


@implements("_pg_char_octet_length_12427")
def pg_char_octet_length(typid: int, typmod: int) -> int | None:
    if typid not in (25, 1042, 1043):
        return None
    return 1 << 30 if typmod == -1 else (typmod - 4) * 4  # a UTF8 character has up to 4 bytes


@implements("_pg_numeric_precision_12429")
def pg_numeric_precision(typid: int, typmod: int) -> int | None:
    if typid == 1700:
        return None if typmod == -1 else (typmod - 4) >> 16 & 0xFFFF
    return {21: 16, 23: 32, 20: 64, 700: 24, 701: 53}.get(typid)


@implements("_pg_numeric_precision_radix_12430")
def pg_numeric_precision_radix(typid: int, typmod: int) -> int | None:
    return 2 if typid in (20, 21, 23, 700, 701) else 10 if typid == 1700 else None


@implements("_pg_numeric_scale_12431")
def pg_numeric_scale(typid: int, typmod: int) -> int | None:
    if typid in (20, 21, 23):
        return 0
    return (typmod - 4) & 0xFFFF if typid == 1700 and typmod != -1 else None


@implements("_pg_datetime_precision_12432")
def pg_datetime_precision(typid: int, typmod: int) -> int | None:
    if typid == 1082:
        return 0
    if typid in (1083, 1114, 1184, 1266):
        return 6 if typmod < 0 else typmod
    if typid == 1186:
        return 6 if typmod < 0 or typmod & 0xFFFF == 0xFFFF else typmod & 0xFFFF
    return None


@implements("_pg_interval_type_12433", context=True)
def pg_interval_type(ctx: Any, typid: int, typmod: int) -> str | None:
    if typid != 1186:
        return None
    import re

    found = re.match(r"interval[()0-9]* (.+)\Z", ctx.catalog.format_type(typid, typmod))
    return found[1].upper() if found else None
