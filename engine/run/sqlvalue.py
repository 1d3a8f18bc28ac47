"""CURRENT_DATE, CURRENT_USER and their kind; WHERE CURRENT OF."""

from typing import Any

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS
from ..sqlstates import FEATURE_NOT_SUPPORTED

_CASTS = {
    "current_date": "timestamptz_date",
    "current_time": "timestamptz_timetz",
    "localtime": "timestamptz_time",
    "localtimestamp": "timestamptz_timestamp",
}
_SCALES = {
    "current_timestamp": "timestamptz_scale",
    "current_time": "timetz_scale",
    "localtime": "time_scale",
    "localtimestamp": "timestamp_scale",
}
_NAMES = {
    "current_role": "current_user",
    "current_user": "current_user",
    "user": "current_user",
    "session_user": "session_user",
    "current_catalog": "current_database",
    "current_schema": "current_schema",
}


def _call(ctx: Any, prosrc: str, *args: Any) -> Any:
    implementation = IMPLEMENTATIONS.get(prosrc)
    if implementation is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"function {prosrc} is not implemented")
    if implementation.context:
        return implementation.function(ctx, *args)
    return implementation.function(*args)


def sql_value(ctx: Any, op: str, typmod: int) -> Any:
    """The value of an SQLValueFunction in this transaction."""
    op = op.lower().removesuffix("_n")
    if op in _NAMES:
        return _call(ctx, _NAMES[op])
    value = ctx.transaction_timestamp
    if op in _CASTS:
        value = _call(ctx, _CASTS[op], value)
    if typmod >= 0 and op in _SCALES:
        value = _call(ctx, _SCALES[op], value, typmod)
    return value


def cursor_rowid(ctx: Any, name: str, relid: int, child: int) -> int:
    """The row id of the cursor's current row in the relation; 0 if that is not one of this child."""
    return ctx.session.cursor_rowid(name, relid, child)
