"""Catalog rows as bytes: one msgpack array per row, values in column order.

Values that msgpack knows are written as they are. One-dimensional arrays of the declared type with
the usual lower bound are plain lists; everything else is an extension type of its own, so that
anyarray columns (statistics, missing values) hold values of any type.
"""

from decimal import Decimal
from typing import Any

import msgspec

from ..values import Array, Interval, Jsonb, Record, RowType, TimeTz
from .acl import ACLITEMOID, AclItem

EXT_NUMERIC, EXT_INTERVAL, EXT_TIMETZ, EXT_ARRAY, EXT_RECORD, EXT_JSONB, EXT_ACLITEM = range(1, 8)

# array column type -> (element type, lower bound)
ARRAY_TYPES: dict[int, tuple[int, int]] = {
    22: (21, 0),  # int2vector
    30: (26, 0),  # oidvector
    1002: (18, 1),
    1003: (19, 1),
    1005: (21, 1),
    1007: (23, 1),
    1009: (25, 1),
    1016: (20, 1),
    1021: (700, 1),
    1022: (701, 1),
    1028: (26, 1),
    1034: (ACLITEMOID, 1),
    10028: (2619, 1),
}

_encoder = msgspec.msgpack.Encoder()


def _ext_hook(code: int, data: memoryview) -> Any:
    payload = _decoder.decode(data)
    if code == EXT_NUMERIC:
        return Decimal(payload)
    if code == EXT_INTERVAL:
        return Interval(*payload)
    if code == EXT_TIMETZ:
        return TimeTz(*payload)
    if code == EXT_ARRAY:
        elemtype, items, dims, lowers = payload
        return Array(elemtype, tuple(items), tuple(dims), tuple(lowers))
    if code == EXT_RECORD:
        typid, names, types, typmods, values = payload
        return Record(RowType(typid, tuple(names), tuple(types), tuple(typmods)), tuple(values))
    if code == EXT_JSONB:
        return Jsonb(_thaw_json(payload))
    if code == EXT_ACLITEM:
        return AclItem(*payload)
    raise ValueError(f"unknown extension type {code} in a catalog row")


_decoder = msgspec.msgpack.Decoder(ext_hook=_ext_hook)


def _ext(code: int, payload: Any) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, _encoder.encode(payload))


def freeze(value: Any) -> Any:
    """An engine value as something msgpack can write; read back by the decoder's hook."""
    if value is None or isinstance(value, (bool, int, str, float, bytes)):
        return value
    if isinstance(value, Decimal):
        return _ext(EXT_NUMERIC, str(value))
    if isinstance(value, AclItem):
        return _ext(EXT_ACLITEM, list(value))
    if isinstance(value, Array):
        return _ext(EXT_ARRAY, [value.elemtype, [freeze(i) for i in value.items], value.dims, value.lowers])
    if isinstance(value, Interval):
        return _ext(EXT_INTERVAL, list(value))
    if isinstance(value, TimeTz):
        return _ext(EXT_TIMETZ, list(value))
    if isinstance(value, Record):
        shape = value.rowtype
        return _ext(
            EXT_RECORD,
            [shape.typid, shape.names, shape.types, shape.typmods, [freeze(v) for v in value.values]],
        )
    if isinstance(value, Jsonb):
        return _ext(EXT_JSONB, _freeze_json(value.value))
    raise TypeError(f"cannot store a {type(value).__name__} in a catalog row")


def _freeze_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _freeze_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_freeze_json(v) for v in value]
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) >= 2**63):
        return _ext(EXT_NUMERIC, str(value))
    return value


def _thaw_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _thaw_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_thaw_json(v) for v in value]
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.as_tuple().exponent == 0:
        return int(value)
    return value


def pack_values(row: Any, types: tuple[int, ...]) -> bytes:
    """A row (any sequence of engine values in column order) as bytes."""
    out = []
    for value, typid in zip(row, types, strict=True):
        if type(value) is Array:
            shape = ARRAY_TYPES.get(typid)
            if (
                shape is not None
                and len(value.dims) <= 1
                and value.elemtype == shape[0]
                and (not value.lowers or value.lowers[0] == shape[1])
            ):
                value = [freeze(item) for item in value.items]
            else:
                value = freeze(value)
        elif value is not None:
            value = freeze(value)
        out.append(value)
    return _encoder.encode(out)


def unpack_values(data: bytes, types: tuple[int, ...]) -> list[Any] | None:
    """The engine values of a stored row; None for a tombstone."""
    if not data:
        return None
    values = _decoder.decode(data)
    if values is None:
        return None
    for n, typid in enumerate(types):
        if typid in ARRAY_TYPES and type(values[n]) is list:
            values[n] = to_array(values[n], typid)
    return values


def to_array(items: Any, typid: int) -> Array:
    """The items of a one-dimensional catalog array column as an Array."""
    elemtype, lower = ARRAY_TYPES[typid]
    if elemtype == ACLITEMOID:
        items = tuple([item if type(item) is AclItem else AclItem(*item) for item in items])
    if not items:
        # PostgreSQL's vectors always have one dimension, other empty arrays have none
        return Array(elemtype, (), (0,), (0,)) if lower == 0 else Array(elemtype, (), (), ())
    return Array(elemtype, tuple(items), (len(items),), (lower,))


def int2vector(*items: int) -> Array:
    """An int2vector value."""
    return to_array(items, 22)


def oidvector(*items: int) -> Array:
    """An oidvector value."""
    return to_array(items, 30)
