"""More catalog functions: node trees as text, sizes for people, descriptions of objects."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..catalog.quoting import quote_identifier
from ..errors import SqlError
from ..registry import implements
from ..sqlstates import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, NUMERIC_VALUE_OUT_OF_RANGE
from .regtypes import procedure_text, regoperatorout, search_path


@implements("pg_node_tree_out", "pg_ndistinct_out", "pg_dependencies_out", "pg_mcv_list_out")
def text_as_it_is(value: Any) -> str:
    return str(value)


@implements("pg_node_tree_send")
def pg_node_tree_send(value: str) -> bytes:
    return value.encode()


def _register_no_input(typename: str) -> None:
    @implements(f"{typename}_in", f"{typename}_recv")
    def refuse(*args: Any) -> Any:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"cannot accept a value of type {typename}")


for _typename in ("pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list"):
    _register_no_input(_typename)


# --- sizes ------------------------------------------------------------------------------------------------

# unit, the limit below which it is used, whether its last step rounds, and log2 of its size
_UNITS = (
    ("bytes", 10 * 1024, False, 0),
    ("kB", 20 * 1024 - 1, True, 10),
    ("MB", 20 * 1024 - 1, True, 20),
    ("GB", 20 * 1024 - 1, True, 30),
    ("TB", 20 * 1024 - 1, True, 40),
    ("PB", 20 * 1024 - 1, True, 50),
)


def _half_rounded(value: int) -> int:
    return (value + 1) // 2 if value >= 0 else -((1 - value) // 2)


@implements("pg_size_pretty")
def pg_size_pretty(size: int) -> str:
    for n, (unit, limit, rounds, bits) in enumerate(_UNITS):
        if n == len(_UNITS) - 1 or abs(size) < limit:
            return f"{_half_rounded(size) if rounds else size} {unit}"
        following = _UNITS[n + 1]
        shift = following[3] - bits - int(following[2]) + int(rounds)
        size = size // (1 << shift) if size >= 0 else -(-size // (1 << shift))
    raise AssertionError("unreachable")


@implements("pg_size_pretty_numeric")
def pg_size_pretty_numeric(size: Decimal) -> str:
    if abs(size) < 10 * 1024:
        return f"{size:f} bytes"
    return pg_size_pretty(int(size))


@implements("pg_size_bytes")
def pg_size_bytes(text: str) -> int:
    found = re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", text, re.DOTALL)
    if found is None:
        raise SqlError(INVALID_PARAMETER_VALUE, f'invalid size: "{text}"')
    unit = found[2]
    try:
        number = Decimal(found[1])
        too_large = number.adjusted() > 131071
    except ArithmeticError:
        too_large = True
    if too_large:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
    names = {name.lower(): bits for name, _, _, bits in _UNITS} | {"b": 0}
    if unit and unit.lower() not in names:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'invalid size: "{text}"',
            detail=f'Invalid size unit: "{unit}".',
            hint='Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".',
        )
    value = number * (1 << names[unit.lower()]) if unit else number
    result = int(value.to_integral_value(ROUND_HALF_UP))
    if not -(2**63) <= result < 2**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
    return result


# --- descriptions -----------------------------------------------------------------------------------------

_RELATION_KINDS = {
    "r": "table",
    "p": "table",
    "i": "index",
    "I": "index",
    "S": "sequence",
    "t": "toast table",
    "v": "view",
    "m": "materialized view",
    "c": "composite type",
    "f": "foreign table",
}
# classid -> (kind, name column)
_SIMPLE = {
    2615: ("schema", "nspname"),
    1260: ("role", "rolname"),
    1262: ("database", "datname"),
    1213: ("tablespace", "spcname"),
    2612: ("language", "lanname"),
    3079: ("extension", "extname"),
    2601: ("access method", "amname"),
    2328: ("foreign-data wrapper", "fdwname"),
    1417: ("server", "srvname"),
    6104: ("publication", "pubname"),
    3466: ("event trigger", "evtname"),
}


def describe_object(ctx: Any, classid: int, objid: int, subid: int = 0) -> str | None:
    """What DETAIL lines call an object (getObjectDescription); None if it does not exist."""
    from ..catalog.typenames import format_type
    from .regtypes import regclassout

    catalog = ctx.catalog
    row = catalog.table(classid).get(objid) if classid in catalog.tables else None
    if row is None:
        return None
    if classid == 1259:
        text = f"{_RELATION_KINDS[row.relkind]} {regclassout(ctx, objid)}"
        attribute = catalog.pg_attribute.get(objid, subid) if subid else None
        return text if attribute is None else f"column {attribute.attname} of {text}"
    if classid == 1247:
        return f"type {format_type(catalog, objid, None, path=search_path(ctx))}"
    if classid == 1255:
        return f"function {procedure_text(ctx, objid)}"
    if classid == 2617:
        return f"operator {regoperatorout(ctx, objid)}"
    if classid == 2606:
        if row.conrelid:
            return f"constraint {row.conname} on {describe_object(ctx, 1259, row.conrelid)}"
        return f"constraint {row.conname}"
    if classid == 2604:
        column = describe_object(ctx, 1259, row.adrelid, row.adnum)
        return f"default value for {column}"
    if classid == 2618:
        return f"rule {row.rulename} on {describe_object(ctx, 1259, row.ev_class)}"
    if classid == 2620:
        return f"trigger {row.tgname} on {describe_object(ctx, 1259, row.tgrelid)}"
    if classid == 2605:
        source, target = (
            format_type(catalog, t, None, path=search_path(ctx)) for t in (row.castsource, row.casttarget)
        )
        return f"cast from {source} to {target}"
    if classid == 3456:
        return f"collation {quote_identifier(row.collname)}"
    if classid == 3381:
        return f"statistics object {quote_identifier(row.stxname)}"
    simple = _SIMPLE.get(classid)
    return None if simple is None else f"{simple[0]} {getattr(row, simple[1])}"


@implements("pg_describe_object", context=True)
def pg_describe_object(ctx: Any, classid: int, objid: int, subid: int) -> str | None:
    return describe_object(ctx, classid, objid, subid) if classid and objid else None


@implements(
    "pg_collation_actual_version",
    "pg_database_collation_actual_version",
    "pg_xact_commit_timestamp",
    "pg_current_logfile",
    "pg_column_compression",
    "pg_indexam_progress_phasename",
    "pg_last_wal_receive_lsn",
    "pg_last_wal_replay_lsn",
    "pg_last_xact_replay_timestamp",
)
def unknown(*args: Any) -> None:
    return None


@implements("pg_trigger_depth", context=True)
def pg_trigger_depth(ctx: Any) -> int:
    return int(ctx.session.trigger_depth)


@implements("pg_notification_queue_usage")
def pg_notification_queue_usage() -> float:
    return 0.0


@implements("aclinsert")
def aclinsert(*args: Any) -> Any:
    raise SqlError(FEATURE_NOT_SUPPORTED, "aclinsert is no longer supported")


@implements("aclremove")
def aclremove(*args: Any) -> Any:
    raise SqlError(FEATURE_NOT_SUPPORTED, "aclremove is no longer supported")
