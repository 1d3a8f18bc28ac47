"""pg_lsn: a position in the write-ahead log, an unsigned 64-bit number."""

import re
import struct
from collections.abc import Callable
from decimal import Decimal

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, implements
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_BINARY_REPRESENTATION,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
)

_FORM = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_UINT8 = struct.Struct(">Q")


@implements("pg_lsn_in")
def pg_lsn_in(text: str) -> int:
    match = _FORM.fullmatch(text)
    if match is None:
        raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type pg_lsn: "{text}"')
    return int(match.group(1), 16) << 32 | int(match.group(2), 16)


@implements("pg_lsn_out")
def pg_lsn_out(value: int) -> str:
    return f"{value >> 32:X}/{value & 0xFFFFFFFF:X}"


@implements("pg_lsn_recv")
def pg_lsn_recv(data: bytes) -> int:
    if len(data) != 8:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
    return int(_UINT8.unpack(data)[0])


@implements("pg_lsn_send")
def pg_lsn_send(value: int) -> bytes:
    return _UINT8.pack(value)


def _register_comparisons() -> None:
    tests: dict[str, tuple[str, Callable[[int, int], bool]]] = {
        "eq": ("==", lambda a, b: a == b),
        "ne": ("!=", lambda a, b: a != b),
        "lt": ("<", lambda a, b: a < b),
        "le": ("<=", lambda a, b: a <= b),
        "gt": (">", lambda a, b: a > b),
        "ge": (">=", lambda a, b: a >= b),
    }
    for suffix, (operator, test) in tests.items():
        implements(f"pg_lsn_{suffix}", inline=f"({{0}} {operator} {{1}})")(test)


_register_comparisons()


@implements("pg_lsn_cmp")
def pg_lsn_cmp(a: int, b: int) -> int:
    return (a > b) - (a < b)


@implements("pg_lsn_larger")
def pg_lsn_larger(a: int, b: int) -> int:
    return max(a, b)


@implements("pg_lsn_smaller")
def pg_lsn_smaller(a: int, b: int) -> int:
    return min(a, b)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


@implements("pg_lsn_hash")
def pg_lsn_hash(value: int) -> int:
    return int(IMPLEMENTATIONS["hashint8"].function(_signed(value)))


@implements("pg_lsn_hash_extended")
def pg_lsn_hash_extended(value: int, seed: int) -> int:
    return int(IMPLEMENTATIONS["hashint8extended"].function(_signed(value), seed))


@implements("pg_lsn_mi")
def pg_lsn_mi(a: int, b: int) -> Decimal:
    return Decimal(a - b)


def _moved(position: int, distance: Decimal, sign: int, what: str) -> int:
    if distance.is_nan():
        raise SqlError(FEATURE_NOT_SUPPORTED, f"cannot {what} pg_lsn")
    return numeric_pg_lsn(Decimal(position) + sign * distance)


@implements("pg_lsn_pli")
def pg_lsn_pli(position: int, distance: Decimal) -> int:
    return _moved(position, distance, 1, "add NaN to")


@implements("pg_lsn_mii")
def pg_lsn_mii(position: int, distance: Decimal) -> int:
    return _moved(position, distance, -1, "subtract NaN from")


@implements("numeric_pg_lsn")
def numeric_pg_lsn(value: Decimal) -> int:
    if not value.is_finite():
        what = "NaN" if value.is_nan() else "infinity"
        raise SqlError(FEATURE_NOT_SUPPORTED, f"cannot convert {what} to pg_lsn")
    number = int(value.to_integral_value("ROUND_HALF_UP"))
    if not 0 <= number < 1 << 64:
        raise SqlError(INVALID_PARAMETER_VALUE, "pg_lsn out of range")
    return number
