"""Engine values: how a value of each PostgreSQL type looks in Python, between bytes and bytes.

| type                               | Python value                                                       |
|------------------------------------|--------------------------------------------------------------------|
| bool                               | bool                                                               |
| int2 int4 int8 oid xid cid reg*    | int (oid and reg* unsigned 32 bit; 0 is "-")                       |
| float4 float8                      | float (float4 already rounded to single precision)                 |
| numeric                            | Decimal; the exponent is minus the display scale and never > 0;    |
|                                    | Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")          |
| text varchar name cstring unknown  | str                                                                |
| bpchar                             | str, padded with blanks to its length as PostgreSQL stores it      |
| "char"                             | str of one character ("" is the zero byte)                         |
| bytea                              | bytes                                                              |
| date                               | int days since 2000-01-01; DATE_INFINITY / DATE_MINUS_INFINITY     |
| time                               | int microseconds since midnight                                    |
| timetz                             | TimeTz(microseconds, zone): zone in seconds WEST of UTC            |
| timestamp timestamptz              | int microseconds since 2000-01-01 (UTC); +-infinity as int64 ends  |
| interval                           | Interval(months, days, microseconds)                               |
| uuid                               | bytes of length 16                                                 |
| json                               | str, the text as given                                             |
| jsonb                              | Jsonb(value): Python tree, see Jsonb                               |
| enum                               | int: the oid of the pg_enum row                                    |
| arrays, int2vector, oidvector      | Array                                                              |
| composite, record                  | Record                                                             |
| domain                             | as its base type                                                   |
| inet cidr macaddr macaddr8         | bytes that order as the values do (types/network.py)               |
| range types                        | Range                                                              |
| multirange types                   | Multirange                                                         |
| void                               | "" ; internal: any Python object                                   |
| tid                                | int: the row id                                                    |
| SQL NULL                           | None, for every type                                               |

All values are immutable. Python equality and ordering must not be relied upon for float, numeric,
interval, timetz, bpchar, jsonb, arrays and records: comparison goes through the type's btree
functions (NaN = NaN, 30 days = 1 month, trailing blanks, ...).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

DATE_INFINITY = 2**31 - 1
DATE_MINUS_INFINITY = -(2**31)
TIMESTAMP_INFINITY = 2**63 - 1
TIMESTAMP_MINUS_INFINITY = -(2**63)


class Interval(NamedTuple):
    """An interval; infinite ones have all three fields at their int32/int32/int64 extremes."""

    months: int
    days: int
    microseconds: int


INTERVAL_INFINITY = Interval(2**31 - 1, 2**31 - 1, 2**63 - 1)
INTERVAL_MINUS_INFINITY = Interval(-(2**31), -(2**31), -(2**63))


class TimeTz(NamedTuple):
    """A time with time zone; `zone` is seconds west of UTC, as PostgreSQL stores it."""

    microseconds: int
    zone: int


class Array(NamedTuple):
    """An array: flat items in row-major order; `dims` lengths and `lowers` lower bounds per
    dimension; the empty array has no dimensions. `elemtype` is the element type's oid."""

    elemtype: int
    items: tuple[Any, ...]
    dims: tuple[int, ...]
    lowers: tuple[int, ...]


def make_array(elemtype: int, items: "list[Any] | tuple[Any, ...]") -> Array:
    """A one-dimensional array with lower bound 1 (no dimensions if empty)."""
    if not items:
        return Array(elemtype, (), (), ())
    return Array(elemtype, tuple(items), (len(items),), (1,))


class Jsonb:
    """A jsonb value: `value` is None | bool | int | Decimal | str | list | dict (keys in insertion
    order are already in jsonb order: shorter first, then bytewise; duplicates removed). Integral
    numbers without a fraction part are int, others Decimal with their scale kept. Never mutated."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Jsonb) and self.value == other.value

    def __hash__(self) -> int:
        return hash(repr(self.value))

    def __repr__(self) -> str:
        return f"Jsonb({self.value!r})"


class RowType(NamedTuple):
    """The shape of a Record: `typid` is the composite type's oid, or RECORDOID (2249)."""

    typid: int
    names: tuple[str, ...]
    types: tuple[int, ...]
    typmods: tuple[int, ...]


class Record(NamedTuple):
    """A composite value with its shape."""

    rowtype: RowType
    values: tuple[Any, ...]


class Range:
    """A range in canonical form: a bound that is None is infinite (and not inclusive); `empty` ranges
    have no bounds. Built by types/ranges.py. Compared through the range functions only."""

    __slots__ = ("empty", "lower", "lower_inc", "typid", "upper", "upper_inc")

    def __init__(
        self, typid: int, lower: Any, upper: Any, lower_inc: bool, upper_inc: bool, empty: bool = False
    ) -> None:
        self.typid = typid
        self.lower = lower
        self.upper = upper
        self.lower_inc = lower_inc
        self.upper_inc = upper_inc
        self.empty = empty

    def __repr__(self) -> str:
        if self.empty:
            return f"Range({self.typid}, empty)"
        left, right = "(["[self.lower_inc], ")]"[self.upper_inc]
        return f"Range({self.typid}, {left}{self.lower!r},{self.upper!r}{right})"


class Multirange:
    """A multirange: its ranges in order, none empty, none touching its neighbour."""

    __slots__ = ("ranges", "typid")

    def __init__(self, typid: int, ranges: tuple[Range, ...]) -> None:
        self.typid = typid
        self.ranges = ranges

    def __repr__(self) -> str:
        return f"Multirange({self.typid}, {list(self.ranges)!r})"


# types whose values are unsigned where int4 has the same bits: oid, xid, cid and the reg types
UNSIGNED_TYPES = frozenset((26, 28, 29, 24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191))
INT4OID = 23


def unsigned(value: int) -> int:
    """An int4 as an oid of the same bits."""
    return value & 0xFFFF_FFFF


def signed(value: int) -> int:
    """An oid as an int4 of the same bits."""
    return value - (1 << 32) if value >= 1 << 31 else value


def relabelling(source: int, target: int) -> Callable[[int], int] | None:
    """What a binary-coercible cast does to a value here, None for nothing."""
    if source == INT4OID and target in UNSIGNED_TYPES:
        return unsigned
    if target == INT4OID and source in UNSIGNED_TYPES:
        return signed
    return None
