r"""Keys: encodings whose byte order is PostgreSQL's order of the values.

A row's key is `relation u32 | rowid u64`, an index entry's `relation u32 | column ... [| rowid u64]`,
all big-endian. A column in a key is one flag byte, then its value's encoding; DESC inverts each byte
of the encoding, not of the flag:

    00      NULL under NULLS FIRST
    01      a value follows
    02      NULL under NULLS LAST

No encoding is a proper prefix of another of its type, so columns can follow one another:

| kind      | encoding                                                                           |
|-----------|------------------------------------------------------------------------------------|
| bool      | 00 or 01                                                                           |
| int8      | 8 bytes, sign bit flipped; also int2, int4, date, time, timestamp, money           |
| uint4     | 4 bytes: oid and its kin                                                           |
| float8    | 8 bytes: IEEE with sign bit flipped if positive, all bits if negative; -0 as 0;    |
|           | NaN as FF..FF, behind infinity; also float4                                        |
| numeric   | class byte (-inf, negative, zero, positive, inf, NaN); exponent of the first       |
|           | digit in 3 bytes; digits without trailing zeros as nibbles digit + 1, ended by 0;  |
|           | exponent and digits inverted for negative ones. The scale does not matter          |
| text      | UTF-8 (code-point order, the C collation), 00 as 00 FF, ended by 00 00             |
| bpchar    | as text, without trailing blanks                                                   |
| bytes     | as text                                                                            |
| uuid      | its 16 bytes                                                                       |
| interval  | 10 bytes: microseconds with 30 days to the month, as PostgreSQL compares them      |
| timetz    | int8 of the UTC time, then 4 bytes of the zone, sign bit flipped                   |
| array     | each item as 01 value or 02 (NULL); 00; then how many dimensions, their lengths,   |
|           | their lower bounds, in 4 bytes each, sign bit flipped                              |
| record    | each column as in NULLS LAST                                                       |

Index entries that are to be unique have no rowid in the key unless a column is NULL.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from struct import Struct
from typing import Any

from .keydecoding import describe as describe

Encoder = Callable[[Any], bytes]

NULL_FIRST = b"\x00"
VALUE = b"\x01"
NULL_LAST = b"\x02"

_U4 = Struct(">I")
_U8 = Struct(">Q")
_F8 = Struct(">d")
_ROW = Struct(">IQ")
_I4_BIAS = 1 << 31
_I8_BIAS = 1 << 63
_INTERVAL_BIAS = 1 << 79
_EXPONENT_BIAS = 1 << 23
_ALL_BITS = (1 << 64) - 1
_DAY_MICROSECONDS = 86_400_000_000
_INVERTED = bytes(255 - byte for byte in range(256))
_NIBBLES = b"123456789a" + bytes(246)  # digit -> hex digit of the digit plus one
_NUMERIC_ZERO = b"\x02"
_TIMETZ = Struct(">QI")

# --- whole keys -----------------------------------------------------------------------------------

row_key = _ROW.pack  # row_key(relation, rowid)
relation_prefix = _U4.pack  # relation_prefix(relation)
rowid_bytes = _U8.pack  # what a non-unique index entry ends with


def row_span(relation: int) -> tuple[bytes, bytes]:
    """low and high of all keys of a relation, rows or index entries."""
    return _U4.pack(relation), _U4.pack(relation + 1)


def index_span(relation: int, prefix: bytes = b"") -> tuple[bytes, bytes]:
    """low and high of a relation's keys whose encoded columns begin with `prefix`."""
    low = _U4.pack(relation) + prefix
    return low, successor(low)


def successor(prefix: bytes) -> bytes:
    """The least key greater than every key that begins with `prefix` (which is not all FF)."""
    stripped = prefix.rstrip(b"\xff")
    assert stripped, "no key is greater than all that begin with FF bytes"
    return stripped[:-1] + bytes((stripped[-1] + 1,))


def rowid_of(key: bytes) -> int:
    """The row id that a row's key or a non-unique index entry ends with."""
    rowid: int = _U8.unpack_from(key, len(key) - 8)[0]
    return rowid


def relation_of(key: bytes) -> int:
    """The relation that a key belongs to."""
    relation: int = _U4.unpack_from(key)[0]
    return relation


# --- values ---------------------------------------------------------------------------------------


def encode_bool(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def encode_int8(value: int) -> bytes:
    return _U8.pack(value + _I8_BIAS)


encode_uint4: Encoder = _U4.pack


def encode_float8(value: float) -> bytes:
    if value != value:
        return b"\xff\xff\xff\xff\xff\xff\xff\xff"
    packed = _F8.pack(value + 0.0)  # -0.0 + 0.0 is 0.0
    if packed[0] < 0x80:
        return bytes((packed[0] | 0x80,)) + packed[1:]
    return packed.translate(_INVERTED)


def encode_numeric(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    if exponent.__class__ is str:
        if exponent != "F":
            return b"\x05"
        return b"\x00" if sign else b"\x04"
    stripped = bytes(digits).rstrip(b"\x00")
    if not stripped:
        return _NUMERIC_ZERO
    nibbles = stripped.translate(_NIBBLES).decode()
    magnitude = (value.adjusted() + _EXPONENT_BIAS).to_bytes(3, "big") + bytes.fromhex(
        nibbles + ("0" if len(nibbles) & 1 else "00")
    )
    if sign:
        return b"\x01" + magnitude.translate(_INVERTED)
    return b"\x03" + magnitude


def encode_text(value: str) -> bytes:
    return value.encode().replace(b"\x00", b"\x00\xff") + b"\x00\x00"


def encode_bpchar(value: str) -> bytes:
    return value.rstrip(" ").encode().replace(b"\x00", b"\x00\xff") + b"\x00\x00"


def encode_bytes(value: bytes) -> bytes:
    return value.replace(b"\x00", b"\x00\xff") + b"\x00\x00"


def encode_uuid(value: bytes) -> bytes:
    return value


def encode_interval(value: tuple[int, int, int]) -> bytes:
    """(months, days, microseconds)."""
    months, days, microseconds = value
    return ((months * 30 + days) * _DAY_MICROSECONDS + microseconds + _INTERVAL_BIAS).to_bytes(10, "big")


def encode_timetz(value: tuple[int, int]) -> bytes:
    """(microseconds, zone in seconds west of UTC)."""
    microseconds, zone = value
    return _TIMETZ.pack(microseconds + zone * 1_000_000 + _I8_BIAS, zone + _I4_BIAS)


def encode_array(items: Sequence[Any], dims: Sequence[int], lowers: Sequence[int], element: Encoder) -> bytes:
    """An array of items encoded by `element` (without flag byte), compared as array_cmp does."""
    parts = [NULL_LAST if item is None else VALUE + element(item) for item in items]
    parts.append(b"\x00")
    parts.append(_U4.pack(len(dims) + _I4_BIAS))
    parts.extend(_U4.pack(length + _I4_BIAS) for length in dims)
    parts.extend(_U4.pack(lower + _I4_BIAS) for lower in lowers)
    return b"".join(parts)


def encode_record(values: Sequence[Any], columns: Sequence[Encoder]) -> bytes:
    """A record whose columns are encoded by `columns` (without flag byte)."""
    return b"".join(
        [
            NULL_LAST if value is None else VALUE + column(value)
            for value, column in zip(values, columns, strict=True)
        ]
    )


def invert(encoded: bytes) -> bytes:
    """The encoding for DESC."""
    return encoded.translate(_INVERTED)


ENCODERS: dict[str, Encoder] = {
    "bool": encode_bool,
    "int8": encode_int8,
    "uint4": encode_uint4,
    "float8": encode_float8,
    "numeric": encode_numeric,
    "text": encode_text,
    "bpchar": encode_bpchar,
    "bytes": encode_bytes,
    "uuid": encode_uuid,
    "interval": encode_interval,
    "timetz": encode_timetz,
}

# --- columns --------------------------------------------------------------------------------------


def array_encoder(element: Encoder) -> Encoder:
    """Encodes values with `items`, `dims` and `lowers` (engine.values.Array)."""
    return lambda value: encode_array(value.items, value.dims, value.lowers, element)


def record_encoder(columns: Sequence[Encoder]) -> Encoder:
    """Encodes values with `values` (engine.values.Record)."""
    return lambda value: encode_record(value.values, columns)


def column_encoder(
    encode: Encoder | str, *, descending: bool = False, nulls_first: bool | None = None
) -> Encoder:
    """From a value or None to a key column with its flag byte. `encode` is one of ENCODERS' names
    or a function; NULLS FIRST is the default for DESC, NULLS LAST otherwise, as in PostgreSQL."""
    function = ENCODERS[encode] if isinstance(encode, str) else encode
    null = NULL_FIRST if (descending if nulls_first is None else nulls_first) else NULL_LAST
    if descending:
        return lambda value: null if value is None else b"\x01" + function(value).translate(_INVERTED)
    if function is encode_int8:
        return lambda value: null if value is None else _FLAGGED_INT8(1, value + _I8_BIAS)
    if function is encode_text:
        return lambda value: (
            null
            if value is None
            else b"\x01%b\x00\x00" % value.encode()
            if "\x00" not in value
            else b"\x01" + encode_text(value)
        )
    return lambda value: null if value is None else b"\x01" + function(value)


_FLAGGED_INT8 = Struct(">BQ").pack


def key_encoder(relation: int, columns: Sequence[Encoder]) -> Callable[[Sequence[Any]], bytes]:
    """From the column values to an index entry's key, without a row id. `columns` are made by
    `column_encoder`; fewer values than columns give a prefix for `index_span`."""
    prefix = _U4.pack(relation)
    if len(columns) == 1:
        (only,) = columns
        return lambda values: prefix + only(values[0]) if values else prefix
    return lambda values: (
        prefix + b"".join([column(value) for column, value in zip(columns, values, strict=False)])
    )
