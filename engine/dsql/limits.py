"""Aurora DSQL's limits as data: value, SQLSTATE, text; each can be made smaller for tests."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import SqlError
from ..sqlstates import (
    CONFIGURATION_LIMIT_EXCEEDED,
    DISK_FULL,
    PROGRAM_LIMIT_EXCEEDED,
    PROTOCOL_VIOLATION,
    TOO_MANY_COLUMNS,
    TOO_MANY_CONNECTIONS,
    SqlState,
)


class Limit(NamedTuple):
    """One limit. In the texts {limit} is its value, {mb} and {kb} the same in MiB and KiB, {now} what
    there would be."""

    name: str
    value: int
    message: str
    sqlstate: SqlState = PROGRAM_LIMIT_EXCEEDED
    detail: str | None = None
    inferred: bool = False  # value or text is not recorded


MIB = 1 << 20
LIMITS = (
    Limit("rows", 3_000, "transaction row limit exceeded"),
    Limit(
        "transaction_bytes",
        10 * MIB,
        "transaction size limit {mb}mb exceeded",
        detail="Current transaction size {now}mb > {mb}mb",
    ),
    Limit(
        "transaction_seconds",
        300,
        "transaction age limit of {limit}s exceeded",
        detail="Current transaction age {now}s exceeds {limit}s",
    ),
    Limit("key_bytes", 1_981, "key size too large", inferred=True),  # documented: 1024; observed: 1981
    Limit("declared_key_bytes", 2_000, "key size greater than {limit} bytes not supported"),  # of one column
    Limit("key_columns", 8, "more than {limit} column keys in an index are not supported", TOO_MANY_COLUMNS),
    Limit("index_columns", 256, "cannot use more than {limit} columns in an index", TOO_MANY_COLUMNS),
    Limit("indexes", 24, "more than {limit} indexes per table are not allowed"),
    Limit("columns", 255, "tables can have at most {limit} columns", TOO_MANY_COLUMNS),
    Limit("row_bytes", 2 * MIB, "maximum row size exceeded"),
    Limit("value_bytes", MIB, "datatype limit greater than {limit} bytes not supported for {type}"),
    Limit("char_bytes", 4_096, "Datatype limit greater than {limit} bytes not supported for char"),
    Limit("varchar_bytes", 65_535, "Datatype limit greater than {limit} bytes not supported for varchar"),
    Limit("schemas", 10, "more than {limit} schemas not allowed"),
    Limit("tables", 1_000, "creating more than {limit} tables not allowed"),
    Limit("views", 5_000, "creating more than {limit} views not allowed"),
    Limit(
        "view_bytes", 512 << 10, "view definition too large", inferred=True
    ),  # docs 2 MiB; seen: 131-524 KiB
    Limit("sequences", 5_000, "creating more than {limit} sequences is not allowed"),
    Limit(
        "connections",
        10_000,
        "Unable to accept connection, too many open connections.",
        TOO_MANY_CONNECTIONS,
    ),
    Limit(
        "connection_rate",  # a second
        100,
        "Unable to accept connection, rate exceeded.",
        CONFIGURATION_LIMIT_EXCEEDED,
    ),
    Limit("connection_burst", 1_000, "Unable to accept connection, rate exceeded."),
    Limit("connection_seconds", 3_600, "connection age limit exceeded", inferred=True),
    Limit(  # documented: 53200, "query requires too much temp space, out of memory."
        "query_memory", 128 * MIB, "query requires more than allowed temp space of {kb} KB to execute"
    ),
    Limit("message_bytes", 10 * MIB, "invalid message length", PROTOCOL_VIOLATION),
    Limit("storage_bytes", 10 << 40, "Current cluster size exceeds cluster size limit.", DISK_FULL),
    Limit("statistics", 5, "more than {limit} extended statistics per table are not allowed"),
)
BY_NAME = {limit.name: limit for limit in LIMITS}
_UNITS = {"": 1, "kB": 1 << 10, "MB": MIB, "s": 1, "min": 60}
_SETTING = re.compile(r"(\w+)=(\d+)(kB|MB|s|min|)").fullmatch


class Limits:
    """The limits in force. `overrides`: texts NAME=SIZE; ValueError for what is none."""

    def __init__(self, overrides: Iterable[str] = ()) -> None:
        self._values = {limit.name: limit.value for limit in LIMITS}
        for text in overrides:
            found = _SETTING(text)
            if found is None or found[1] not in BY_NAME:
                names = ", ".join(BY_NAME)
                raise ValueError(f"no limit {text!r}: NAME=SIZE with a NAME of {names}")
            self._values[found[1]] = int(found[2]) * _UNITS[found[3]]

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def check(self, name: str, now: int) -> None:
        """Raise the limit's error if `now` is more than it allows."""
        if now > self._values[name]:
            raise self.error(name, now)

    def error(self, name: str, now: int, **more: str) -> SqlError:
        """The error of a limit that is exceeded. `more`: what else its texts name."""
        limit = BY_NAME[name]
        value = self._values[name]
        shown = {"limit": value, "mb": f"{value / MIB:g}", "kb": value >> 10, "now": now, **more}
        if "mb" in (limit.detail or ""):
            shown["now"] = f"{now / MIB:.2f}"
        detail = limit.detail.format(**shown) if limit.detail else None
        return SqlError(limit.sqlstate, limit.message.format(**shown), detail=detail)
