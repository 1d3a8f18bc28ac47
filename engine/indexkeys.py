"""Index entries: how key columns become bytes, and what an entry holds.

An entry's key is `relation u32 | column ... [| rowid u64]`: the row id is left out exactly if the
index is unique, not of a deferrable constraint, and no key column is NULL (or NULLS NOT DISTINCT).
Its value is `rowid u64`, followed by the msgpack array of the INCLUDEd columns' stored values if there
are any; so a reader finds the row without looking at the key.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, NamedTuple

from gaveldb.storage.api import (
    ENCODERS,
    array_encoder,
    column_encoder,
    invert,
    record_encoder,
    row_key,
    rowid_bytes,
)

from .catalog.relation import Index, IndexKey
from .errors import SqlError
from .sqlstates import FEATURE_NOT_SUPPORTED

Encoder = Callable[[Any], bytes]

_KINDS: dict[int, str] = {
    16: "bool", 17: "bytes", 18: "text", 19: "text", 20: "int8", 21: "int8", 23: "int8", 24: "uint4",
    25: "text", 26: "uint4", 27: "int8", 28: "uint4", 29: "uint4", 700: "float8", 701: "float8",
    790: "int8", 1042: "bpchar", 1043: "text", 1082: "int8", 1083: "int8", 1114: "int8", 1184: "int8",
    1186: "interval", 1266: "timetz", 1700: "numeric", 2202: "uint4", 2203: "uint4", 2204: "uint4",
    2205: "uint4", 2206: "uint4", 2950: "uuid", 3220: "int8", 3734: "uint4", 3769: "uint4", 4089: "uint4",
    4096: "uint4", 4191: "uint4", 705: "text", 650: "bytes", 774: "bytes", 829: "bytes", 869: "bytes",
}  # fmt: skip
_EXTRA: dict[int, Encoder] = {}


def register_key_encoder(typid: int, encoder: Encoder) -> None:
    """Give a type its own order-preserving encoding (without flag byte)."""
    _EXTRA[typid] = encoder


def value_encoder(catalog: Any, typid: int) -> Encoder:
    """The order-preserving encoder of not NULL values of a type; 0A000 if it has none."""
    cache_key = ("key_encoder", typid)
    found = catalog.cache.get(cache_key)
    if found is None:
        found = catalog.cache[cache_key] = _find_encoder(catalog, typid)
    return found


def key_kind(catalog: Any, typid: int) -> str | None:
    """The name of a built-in kind in storage's ENCODERS."""
    return _KINDS.get(catalog.base_type(typid))


def _find_encoder(catalog: Any, typid: int) -> Encoder:
    base = catalog.base_type(typid)
    if base in _EXTRA:
        return _EXTRA[base]
    kind = _KINDS.get(base)
    if kind is not None:
        return ENCODERS[kind]
    row = catalog.pg_type.get(base)
    if row is not None and row.typtype == "e":
        float8 = ENCODERS["float8"]
        orders = {label.oid: float8(label.enumsortorder) for label in catalog.pg_enum.find("enumtypid", base)}
        return orders.__getitem__
    if row is not None and row.typtype == "c":
        return record_encoder([value_encoder(catalog, column[1]) for column in catalog.row_columns(base)])
    if row is not None and row.typtype in ("r", "m"):
        from .types.keyencoding import multirange_encoder, range_encoder
        from .types.ranges import range_info

        subtype = value_encoder(catalog, range_info(catalog, base).subtype)
        return range_encoder(subtype) if row.typtype == "r" else multirange_encoder(subtype)
    if base == 3802:
        from .types.keyencoding import jsonb_encoder

        return jsonb_encoder(ENCODERS["text"], ENCODERS["numeric"])
    element = catalog.element_type(base)
    if element:
        return array_encoder(value_encoder(catalog, element))
    raise SqlError(FEATURE_NOT_SUPPORTED, f"indexes on type {catalog.format_type(typid)} are not supported")


def key_column_encoder(catalog: Any, key: IndexKey) -> Encoder:
    """From a value or None to the bytes of a key column, flag byte included."""
    return column_encoder(
        value_encoder(catalog, key.typid), descending=key.descending, nulls_first=key.nulls_first
    )


def column_encoders(catalog: Any, index: Index) -> list[Encoder]:
    """One encoder per key column."""
    return [key_column_encoder(catalog, key) for key in index.keys]


def null_flag(key: IndexKey) -> bytes:
    """What stands in a key for NULL in this column."""
    return b"\x00" if key.nulls_first else b"\x02"


def storage_id(catalog: Any, index: Index) -> int:
    """The index's relation number in keys."""
    return int(catalog.relation(index.oid).storage_id)


def entry_key(catalog: Any, index: Index) -> Callable[[Sequence[Any], int], bytes]:
    """(key column values, row id) -> the entry's key."""
    encoders = column_encoders(catalog, index)
    prefix = row_key(storage_id(catalog, index), 0)[:4]
    if index.unique and not index.deferrable and not index.nulls_not_distinct:

        def unique(values: Sequence[Any], rowid: int) -> bytes:
            key = prefix + b"".join([encode(value) for encode, value in zip(encoders, values, strict=True)])
            return key + rowid_bytes(rowid) if None in values else key

        return unique
    if index.unique and not index.deferrable:
        return lambda values, rowid: (
            prefix + b"".join([encode(value) for encode, value in zip(encoders, values, strict=True)])
        )
    return lambda values, rowid: (
        prefix
        + b"".join([encode(value) for encode, value in zip(encoders, values, strict=True)])
        + rowid_bytes(rowid)
    )


def in_keys(items: Any, encode: Encoder, reverse: bool) -> list[bytes]:
    """The encoded distinct elements of an array (None: no elements), in key order."""
    if items is None:
        return []
    return sorted({encode(item) for item in items.items if item is not None}, reverse=reverse)


# --- generated writers ----------------------------------------------------------------------------


class KeySource(NamedTuple):
    """A Python expression for a column's bytes in a key, and the globals that it needs."""

    source: str
    helpers: dict[str, Any]


_TEMPLATES: dict[str, tuple[str, dict[str, Any]]] = {
    "int8": ("KEY_U8({0} + 9223372036854775808)", {"KEY_U8": Struct(">Q").pack}),
    "uint4": ("KEY_U4({0})", {"KEY_U4": Struct(">I").pack}),
}


def column_source(catalog: Any, key: IndexKey, number: int, value: str, null: bool) -> KeySource:
    """Source of a key column's bytes; `value` is a name or literal."""
    kind = key_kind(catalog, key.typid)
    template = _TEMPLATES.get(kind) if kind is not None else None
    if template is not None:
        encoded, helpers = template[0].format(value), dict(template[1])
    else:
        encoder = value_encoder(catalog, key.typid)
        name = f"encode_{kind}" if kind is not None else f"encode_key_{key.typid}_{number}"
        helpers = {name: encoder}
        encoded = f"{name}({value})"
    if key.descending:
        helpers["invert_key"] = invert
        encoded = f"invert_key({encoded})"
    source = f"b'\\x01' + {encoded}"
    if null:
        source = f"({null_flag(key)!r} if {value} is None else {source})"
    return KeySource(source, helpers)


def always_has_rowid(index: Index) -> bool:
    """Whether every entry's key ends with the row id: not so where entries must be unique. Indexes of
    deferrable constraints may hold duplicates for a while."""
    return not index.unique or index.deferrable
