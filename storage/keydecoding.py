"""From keys back to values: for humans, golden files and tests."""

from collections.abc import Sequence
from decimal import Decimal
from struct import Struct
from typing import Any

_U4 = Struct(">I")
_U8 = Struct(">Q")
_F8 = Struct(">d")
_INVERTED = bytes(255 - byte for byte in range(256))
_FIXED = {"bool": 1, "int8": 8, "uint4": 4, "float8": 8, "uuid": 16, "interval": 10, "timetz": 12}
_DAY_MICROSECONDS = 86_400_000_000


def decode_columns(data: bytes, kinds: Sequence[str]) -> tuple[list[Any], bytes]:
    """The values of key columns (after the relation), and what follows them. A kind is a name of
    keys.ENCODERS, with " desc" behind it if descending."""
    values: list[Any] = []
    for kind in kinds:
        name, _, direction = kind.partition(" ")
        flag, data = data[0], data[1:]
        if flag != 1:
            values.append(None)
            continue
        plain = data.translate(_INVERTED) if direction else data
        value, size = decode_value(name, plain)
        values.append(value)
        data = data[size:]
    return values, data


def decode_value(kind: str, data: bytes) -> tuple[Any, int]:
    """A value and the size of its encoding. numeric comes without its scale, interval and timetz
    in the form they compare in."""
    if kind in _FIXED:
        size = _FIXED[kind]
        return _decode_fixed(kind, data[:size]), size
    if kind == "numeric":
        return _decode_numeric(data)
    end = 0
    while data[end : end + 2] != b"\x00\x00":
        end += 2 if data[end] == 0 else 1
    content = data[:end].replace(b"\x00\xff", b"\x00")
    return (content if kind == "bytes" else content.decode()), end + 2


def _decode_fixed(kind: str, data: bytes) -> Any:
    if kind == "bool":
        return data == b"\x01"
    if kind == "int8":
        return _U8.unpack(data)[0] - (1 << 63)
    if kind == "uint4":
        return _U4.unpack(data)[0]
    if kind == "float8":
        if data == b"\xff" * 8:
            return float("nan")
        return _F8.unpack(
            bytes((data[0] & 0x7F,)) + data[1:] if data[0] & 0x80 else data.translate(_INVERTED)
        )[0]
    if kind == "interval":
        return int.from_bytes(data, "big") - (1 << 79)
    if kind == "timetz":
        zone = _U4.unpack_from(data, 8)[0] - (1 << 31)
        return _U8.unpack_from(data)[0] - (1 << 63) - zone * 1_000_000, zone
    return data


def _decode_numeric(data: bytes) -> tuple[Decimal, int]:
    special = {0: "-Infinity", 2: "0", 4: "Infinity", 5: "NaN"}.get(data[0])
    if special is not None:
        return Decimal(special), 1
    negative = data[0] == 1
    magnitude = data[1:].translate(_INVERTED) if negative else data[1:]
    exponent = int.from_bytes(magnitude[:3], "big") - (1 << 23)
    text = magnitude[3:].hex()
    digits = tuple(int(nibble, 16) - 1 for nibble in text[: text.index("0")])
    size = 4 + len(digits) // 2 + 1
    return Decimal((int(negative), digits, exponent - len(digits) + 1)), size


def describe(key: bytes, kinds: Sequence[str] | None = None) -> str:
    """A key (without database) as text: `16384/7` a row, `16385(42, 'x')/7` an index entry if the
    kinds of its columns are known, `16385:0102ff` otherwise."""
    if len(key) < 4:
        return key.hex() or "(empty)"
    relation = _U4.unpack_from(key)[0]
    rest = key[4:]
    if kinds is not None:
        values, rest = decode_columns(rest, kinds)
        listed = ", ".join(
            "NULL" if value is None else str(value) if isinstance(value, Decimal) else repr(value)
            for value in values
        )
        rowid = f"/{_U8.unpack(rest)[0]}" if len(rest) == 8 else f":{rest.hex()}" if rest else ""
        return f"{relation}({listed}){rowid}"
    if len(rest) == 8:
        return f"{relation}/{_U8.unpack(rest)[0]}"
    return f"{relation}:{rest.hex()}" if rest else f"{relation}"
