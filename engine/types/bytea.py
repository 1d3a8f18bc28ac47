"""bytea: hex and escape formats, comparison, casts to integers."""

import re
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_PARAMETER_VALUE, INVALID_TEXT_REPRESENTATION
from .hashing import hash_bytes, hash_bytes_extended
from .integers import OVERFLOW, register_comparisons

_ESCAPE = re.compile(rb"\\(?:(\\)|([0-3][0-7][0-7]))")
_HEX = frozenset("0123456789abcdefABCDEF")


def parse_hex(text: str) -> bytes:
    """Hexadecimal digits in pairs, blanks between pairs."""
    try:
        if " " not in text and "\n" not in text and "\t" not in text and "\r" not in text:
            return bytes.fromhex(text)
    except ValueError:
        pass
    result = bytearray()
    here = 0
    while here < len(text):
        if text[here] in " \n\t\r":
            here += 1
            continue
        if text[here] not in _HEX:
            raise SqlError(INVALID_PARAMETER_VALUE, f'invalid hexadecimal digit: "{text[here]}"')
        if here + 1 >= len(text):
            raise SqlError(INVALID_PARAMETER_VALUE, "invalid hexadecimal data: odd number of digits")
        if text[here + 1] not in _HEX:
            raise SqlError(INVALID_PARAMETER_VALUE, f'invalid hexadecimal digit: "{text[here + 1]}"')
        result.append(int(text[here : here + 2], 16))
        here += 2
    return bytes(result)


def parse_escape(text: str) -> bytes:
    """The escape format: \\\\ and \\ooo."""
    data = text.encode()
    if b"\\" not in data:
        return data
    pieces = []
    here = 0
    while True:
        place = data.find(b"\\", here)
        if place < 0:
            pieces.append(data[here:])
            return b"".join(pieces)
        pieces.append(data[here:place])
        match = _ESCAPE.match(data, place)
        if match is None:
            raise SqlError(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea")
        pieces.append(b"\\" if match.group(1) else bytes((int(match.group(2), 8),)))
        here = match.end()


def escape_text(data: bytes) -> str:
    """bytea_output = escape."""
    return "".join(
        "\\\\" if byte == 92 else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in data
    )


@implements("byteain")
def byteain(text: str) -> bytes:
    if text[:2] == "\\x":
        return parse_hex(text[2:])
    return parse_escape(text)


@implements("byteaout", context=True)
def byteaout(ctx: Any, value: bytes) -> str:
    if ctx is not None and ctx.settings.get("bytea_output") == "escape":
        return escape_text(value)
    return "\\x" + value.hex()


@implements("bytearecv", "byteasend", inline="{0}")
def byteasend(value: bytes) -> bytes:
    return value


register_comparisons("bytea{}")


@implements("byteacmp")
def byteacmp(a: bytes, b: bytes) -> int:
    return (a > b) - (a < b)


@implements("bytea_larger", inline="({0} if {0} > {1} else {1})")
def bytea_larger(a: bytes, b: bytes) -> bytes:
    return a if a > b else b


@implements("bytea_smaller", inline="({0} if {0} < {1} else {1})")
def bytea_smaller(a: bytes, b: bytes) -> bytes:
    return a if a < b else b


@implements("hashbytea")
def hashbytea(value: bytes) -> int:
    return hash_bytes(value)


@implements("hashbyteaextended")
def hashbyteaextended(value: bytes, seed: int) -> int:
    return hash_bytes_extended(value, seed)


@implements("byteacat", inline="({0} + {1})")
def byteacat(a: bytes, b: bytes) -> bytes:
    return a + b


def _register_integer_casts() -> None:
    def make_to_int(size: int) -> Any:
        def to_int(value: bytes) -> int:
            if len(value) > size:
                OVERFLOW[size]()
            number = int.from_bytes(value, "big")
            return number - (1 << 8 * size) if number >> (8 * size - 1) else number

        return to_int

    def make_from_int(size: int) -> Any:
        return lambda value: value.to_bytes(size, "big", signed=True)

    for size in (2, 4, 8):
        implements(f"bytea_int{size}")(make_to_int(size))
        implements(f"int{size}_bytea")(make_from_int(size))


_register_integer_casts()
