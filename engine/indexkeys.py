"""Index entries: how the values of key columns become the bytes of an entry's key.

    key:   relation u32 | column ... [| rowid u64]      value: rowid u64 [| INCLUDEd columns, msgpack]

1. The row id is part of the key unless the entry must be unique: a unique index has it only in
   entries with a NULL (NULLS DISTINCT). Indexes of deferrable constraints may hold duplicates for
   a while, so their entries always have it.
2. A column is a flag byte (NULL or not) and its value's order-preserving encoding (storage/keys.py).
3. The sources here are Python expressions for generated code; `helpers` are the globals they need.
"""

from struct import Struct
from typing import Any, NamedTuple

from gaveldb.storage.api import ENCODERS, array_encoder, column_encoder, invert, record_encoder

from .catalog.relation import Index, IndexKey

_U8 = Struct(">Q")
_U4 = Struct(">I")

_KINDS = {
    16: "bool", 21: "int8", 23: "int8", 20: "int8", 1082: "int8", 1083: "int8", 1114: "int8", 1184: "int8", 790: "int8",
    27: "int8", 26: "uint4", 28: "uint4", 29: "uint4", 24: "uint4", 2202: "uint4", 2203: "uint4", 2204: "uint4",
    2205: "uint4", 2206: "uint4", 3734: "uint4", 3769: "uint4", 4089: "uint4", 4096: "uint4", 4191: "uint4",
    700: "float8", 701: "float8", 1700: "numeric", 25: "text", 1043: "text", 19: "text", 18: "text", 1042: "bpchar",
    17: "bytes", 2950: "uuid", 1186: "interval", 1266: "timetz", 5069: "int8", 3220: "int8",
}
_TEMPLATES = {
    "int8": ("KEY_U8({0} + 9223372036854775808)", {"KEY_U8": _U8.pack}),
    "uint4": ("KEY_U4({0})", {"KEY_U4": _U4.pack}),
}


class KeySource(NamedTuple):
    """A Python expression for (part of) a key, and the globals that it needs."""

    source: str
    helpers: dict[str, Any]


def type_encoder(catalog: Any, typid: int) -> Any:
    """value -> bytes in the order of the type's default btree opclass; None if there is none."""
    cached = catalog.cache.get(("key_encoder", typid))
    if cached is None:
        cached = catalog.cache["key_encoder", typid] = (_type_encoder(catalog, typid),)
    return cached[0]


def _type_encoder(catalog: Any, typid: int) -> Any:
    typid = catalog.base_type(typid)
    kind = _KINDS.get(typid)
    if kind is not None:
        return ENCODERS[kind]
    row = catalog.pg_type.get(typid)
    if row is None:
        return None
    if row.typtype == "e":
        return _enum_encoder(catalog, typid)
    element = catalog.element_type(typid)
    if element or typid in (22, 30):
        inner = type_encoder(catalog, element or {22: 21, 30: 26}[typid])
        return array_encoder(inner) if inner is not None else None
    if row.typtype == "c":
        columns = [type_encoder(catalog, column[1]) for column in catalog.row_columns(typid)]
        return None if any(column is None for column in columns) else record_encoder(columns)
    if typid == 3802:
        from .types.compare import jsonb_key_bytes

        return jsonb_key_bytes
    return None


def _enum_encoder(catalog: Any, typid: int) -> Any:
    order = {row.oid: ENCODERS["float8"](row.enumsortorder) for row in catalog.pg_enum.find("enumtypid", typid)}
    return order.__getitem__


def key_type(catalog: Any, key: IndexKey) -> int:
    """The type that the key's values have (the column's, below domains)."""
    return int(catalog.base_type(key.typid))


def column_function(catalog: Any, key: IndexKey) -> Any:
    """value or None -> the column's bytes in the key, flag included."""
    encoder = type_encoder(catalog, key.typid)
    return column_encoder(encoder, descending=key.descending, nulls_first=key.nulls_first)


def column_source(catalog: Any, key: IndexKey, number: int, value: str, null: bool) -> KeySource:
    """Source of a column's bytes; `value` is a name or literal."""
    kind = _KINDS.get(catalog.base_type(key.typid))
    flag = b"\x00" if key.nulls_first else b"\x02"
    template = _TEMPLATES.get(kind) if kind is not None else None
    helpers: dict[str, Any] = {}
    if template is not None:
        encoded, helpers = template[0].format(value), dict(template[1])
    else:
        encoder = type_encoder(catalog, key.typid)
        name = f"encode_{kind}" if kind is not None else f"encode_key_{key.typid}_{number}"
        helpers = {name: encoder}
        encoded = f"{name}({value})"
    if key.descending:
        helpers["invert_key"] = invert
        encoded = f"invert_key({encoded})"
    source = f"b'\\x01' + {encoded}"
    if null:
        source = f"({flag!r} if {value} is None else {source})"
    return KeySource(source, helpers)


def always_has_rowid(index: Index) -> bool:
    """Whether every entry's key ends with the row id."""
    return not index.unique or index.deferrable


def distinct_nulls(index: Index) -> bool:
    """Whether entries with a NULL key column do not conflict with each other."""
    return not index.nulls_not_distinct
