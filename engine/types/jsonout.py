"""SQL values as JSON: to_json's rules by type (json_categorize_type), as text and as jsonb trees.

    json_writer(catalog, typid)  -> f(ctx, value) -> JSON text
    jsonb_writer(catalog, typid) -> f(ctx, value) -> the value of a Jsonb

Both are for values that are not NULL. Dates and timestamps are written as XSD does, whatever DateStyle is.
"""

import re
from collections.abc import Callable
from json.encoder import encode_basestring as quote_string
from typing import Any

from ..values import TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, Array, Record
from .io import text_output
from .jsonb import json_number, jsonb_parse, jsonb_text, sort_keys

TextWriter = Callable[[Any, Any], str]
TreeWriter = Callable[[Any, Any], Any]

BOOL, JSON, JSONB, RECORD = 16, 114, 3802, 2249
NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})
DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184
ANY_ARRAYS = frozenset({2277, 5078, 2287})
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def category(catalog: Any, typid: int) -> str:
    """bool, number, date, json, jsonb, array, row or other."""
    base = catalog.base_type(typid)
    if base == BOOL:
        return "bool"
    if base in NUMBERS:
        return "number"
    if base in (DATE, TIMESTAMP, TIMESTAMPTZ):
        return "date"
    if base == JSON:
        return "json"
    if base == JSONB:
        return "jsonb"
    if base in ANY_ARRAYS or catalog.element_type(base):
        return "array"
    row = catalog.pg_type.get(base)
    if base == RECORD or (row is not None and row.typtype == "c"):
        return "row"
    return "other"


def date_text(ctx: Any, value: int, base: int) -> str:
    """A date or timestamp as XSD writes it; PostgreSQL's words for infinity."""
    from .datetime_format import format_date, format_timestamp

    if base == DATE:
        return format_date(value, ISO_STYLE)
    if value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return "infinity" if value > 0 else "-infinity"
    if base == TIMESTAMP:
        return format_timestamp(value, ISO_STYLE).replace(" ", "T", 1)
    from .timezones import session_zone, timestamp_to_local

    local = timestamp_to_local(session_zone(ctx.settings.get("TimeZone")), value)
    east = (local - value) // 1_000_000
    hours, rest = divmod(abs(east), 3600)
    minutes, seconds = divmod(rest, 60)
    offset = f"{'-' if east < 0 else '+'}{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")
    stamp, space, era = format_timestamp(local, ISO_STYLE).replace(" ", "T", 1).partition(" ")
    return stamp + offset + space + era


ISO_STYLE = ("ISO", "MDY")


def json_writer(catalog: Any, typid: int) -> TextWriter:
    """The type's to_json, found once per catalog version."""
    cache_key = ("json_writer", typid)
    found = catalog.cache.get(cache_key)
    if found is None:
        found = catalog.cache[cache_key] = _text_writer(catalog, typid)
    return found


def _text_writer(catalog: Any, typid: int) -> TextWriter:
    what = category(catalog, typid)
    if what == "bool":
        return lambda ctx, value: "true" if value else "false"
    if what == "json":
        return lambda ctx, value: value
    if what == "jsonb":
        return lambda ctx, value: jsonb_text(value)
    if what == "array":
        return lambda ctx, value: array_json(catalog, ctx, value, ",")
    if what == "row":
        return lambda ctx, value: record_json(catalog, ctx, value, ",")
    if what == "date":
        base = catalog.base_type(typid)
        return lambda ctx, value: f'"{date_text(ctx, value, base)}"'
    write = text_output(catalog, typid)
    if what == "number":
        if catalog.base_type(typid) in (20, 21, 23):
            return write

        def number(ctx: Any, value: Any) -> str:
            text = write(ctx, value)
            return text if _NUMBER.fullmatch(text) else f'"{text}"'

        return number
    return lambda ctx, value: quote_string(write(ctx, value))


def array_json(catalog: Any, ctx: Any, array: Array, separator: str) -> str:
    """[1,2] or [[1,2],[3,4]]; `separator` stands between the parts of the first dimension."""
    if not array.dims:
        return "[]"
    write = json_writer(catalog, array.elemtype)
    parts = ["null" if item is None else write(ctx, item) for item in array.items]
    for level in range(len(array.dims) - 1, -1, -1):
        length = array.dims[level]
        join = (separator if level == 0 else ",").join
        parts = [f"[{join(parts[start : start + length])}]" for start in range(0, len(parts), length)]
    return parts[0]


def record_json(catalog: Any, ctx: Any, record: Record, separator: str) -> str:
    """{"a":1,"b":2}"""
    shape = record.rowtype
    parts = []
    for name, typid, value in zip(field_names(shape), shape.types, record.values, strict=True):
        text = "null" if value is None else json_writer(catalog, typid)(ctx, value)
        parts.append(f"{quote_string(name)}:{text}")
    return "{" + separator.join(parts) + "}"


def field_names(shape: Any) -> Any:
    """The column names of a row; those of ROW(...) are f1, f2, ..."""
    return shape.names or tuple([f"f{place}" for place in range(1, len(shape.types) + 1)])


def jsonb_writer(catalog: Any, typid: int) -> TreeWriter:
    """The type's to_jsonb, found once per catalog version."""
    cache_key = ("jsonb_writer", typid)
    found = catalog.cache.get(cache_key)
    if found is None:
        found = catalog.cache[cache_key] = _tree_writer(catalog, typid)
    return found


def _tree_writer(catalog: Any, typid: int) -> TreeWriter:
    what = category(catalog, typid)
    if what == "bool":
        return lambda ctx, value: value
    if what == "json":
        return lambda ctx, value: jsonb_parse(value).value
    if what == "jsonb":
        return lambda ctx, value: value.value
    if what == "array":
        return lambda ctx, value: _array_tree(catalog, ctx, value)
    if what == "row":
        return lambda ctx, value: _record_tree(catalog, ctx, value)
    base = catalog.base_type(typid)
    if what == "date":
        return lambda ctx, value: date_text(ctx, value, base)
    write = text_output(catalog, typid)
    if what == "number":
        if base in (20, 21, 23):
            return lambda ctx, value: value

        def number(ctx: Any, value: Any) -> Any:
            text = write(ctx, value)
            return json_number(text) if _NUMBER.fullmatch(text) else text

        return number
    return write


def _array_tree(catalog: Any, ctx: Any, array: Array) -> list[Any]:
    if not array.dims:
        return []
    write = jsonb_writer(catalog, array.elemtype)
    parts: list[Any] = [None if item is None else write(ctx, item) for item in array.items]
    for length in reversed(array.dims):
        parts = [parts[start : start + length] for start in range(0, len(parts), length)]
    return parts[0]


def _record_tree(catalog: Any, ctx: Any, record: Record) -> dict[str, Any]:
    shape = record.rowtype
    found = {}
    for name, typid, value in zip(field_names(shape), shape.types, record.values, strict=True):
        found[name] = None if value is None else jsonb_writer(catalog, typid)(ctx, value)
    return sort_keys(found)


def is_scalar(catalog: Any, typid: int) -> bool:
    """Whether the type may be a key of a JSON object."""
    return category(catalog, typid) not in ("array", "row", "json", "jsonb")
