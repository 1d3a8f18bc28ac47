"""bit and varbit: values are str of 0 and 1, first bit first."""

from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    ARRAY_SUBSCRIPT_ERROR,
    INVALID_BINARY_REPRESENTATION,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    PROTOCOL_VIOLATION,
    STRING_DATA_LENGTH_MISMATCH,
    STRING_DATA_RIGHT_TRUNCATION,
    SUBSTRING_ERROR,
)
from ..values import Array
from .integers import register_comparisons
from .text import typmod_integers

_LENGTH_MAX = 83_886_080


def parse_bits(text: str) -> str:
    """The digits of a literal: binary, or hexadecimal after x."""
    if text[:1] in ("x", "X"):
        for char in text[1:]:
            if char not in "0123456789abcdefABCDEF":
                raise SqlError(INVALID_TEXT_REPRESENTATION, f'"{char}" is not a valid hexadecimal digit')
        return "".join(f"{int(char, 16):04b}" for char in text[1:])
    digits = text[1:] if text[:1] in ("b", "B") else text
    for char in digits:
        if char not in "01":
            raise SqlError(INVALID_TEXT_REPRESENTATION, f'"{char}" is not a valid binary digit')
    return digits


def _bit_fit(value: str, length: int, explicit: bool) -> str:
    if length <= 0 or len(value) == length:
        return value
    if not explicit:
        raise SqlError(
            STRING_DATA_LENGTH_MISMATCH,
            f"bit string length {len(value)} does not match type bit({length})",
        )
    return value[:length].ljust(length, "0")


def _varbit_fit(value: str, length: int, explicit: bool) -> str:
    if length <= 0 or len(value) <= length:
        return value
    if not explicit:
        raise SqlError(STRING_DATA_RIGHT_TRUNCATION, f"bit string too long for type bit varying({length})")
    return value[:length]


@implements("bit_in")
def bit_in(text: str, _typioparam: int = 0, typmod: int = -1) -> str:
    return _bit_fit(parse_bits(text), typmod, False)


@implements("varbit_in")
def varbit_in(text: str, _typioparam: int = 0, typmod: int = -1) -> str:
    return _varbit_fit(parse_bits(text), typmod, False)


@implements("bit_out", "varbit_out", inline="{0}")
def bit_out(value: str) -> str:
    return value


def _receive(data: bytes) -> str:
    if len(data) < 4:
        raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
    length = int.from_bytes(data[:4], "big", signed=True)
    if length < 0:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "invalid length in external bit string")
    if len(data) - 4 < (length + 7) // 8:
        raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
    return "".join(f"{byte:08b}" for byte in data[4:])[:length]


@implements("bit_recv")
def bit_recv(data: bytes, _typioparam: int = 0, typmod: int = -1) -> str:
    return _bit_fit(_receive(data), typmod, False)


@implements("varbit_recv")
def varbit_recv(data: bytes, _typioparam: int = 0, typmod: int = -1) -> str:
    return _varbit_fit(_receive(data), typmod, False)


@implements("bit_send", "varbit_send")
def bit_send(value: str) -> bytes:
    size = (len(value) + 7) // 8
    body = int(value.ljust(size * 8, "0"), 2).to_bytes(size, "big") if value else b""
    return len(value).to_bytes(4, "big") + body


@implements("bit")
def bit(value: str, length: int, explicit: bool) -> str:
    return _bit_fit(value, length, explicit)


@implements("varbit")
def varbit(value: str, length: int, explicit: bool) -> str:
    return _varbit_fit(value, length, explicit)


def _typmodin(modifiers: Array, typename: str) -> int:
    numbers = typmod_integers(modifiers)
    if len(numbers) != 1:
        raise SqlError(INVALID_PARAMETER_VALUE, "invalid type modifier")
    if numbers[0] < 1:
        raise SqlError(INVALID_PARAMETER_VALUE, f"length for type {typename} must be at least 1")
    if numbers[0] > _LENGTH_MAX:
        raise SqlError(INVALID_PARAMETER_VALUE, f"length for type {typename} cannot exceed {_LENGTH_MAX}")
    return numbers[0]


@implements("bittypmodin")
def bittypmodin(modifiers: Array) -> int:
    return _typmodin(modifiers, "bit")


@implements("varbittypmodin")
def varbittypmodin(modifiers: Array) -> int:
    return _typmodin(modifiers, "varbit")


@implements("bittypmodout", "varbittypmodout")
def bittypmodout(typmod: int) -> str:
    return f"({typmod})" if typmod >= 0 else ""


register_comparisons("bit{}")


@implements("bitcmp")
def bitcmp(a: str, b: str) -> int:
    return (a > b) - (a < b)


def _register_logic() -> None:
    def make(word: str, operation: Any) -> Any:
        def run(a: str, b: str) -> str:
            if len(a) != len(b):
                raise SqlError(STRING_DATA_LENGTH_MISMATCH, f"cannot {word} bit strings of different sizes")
            return f"{operation(int(a, 2), int(b, 2)):0{len(a)}b}" if a else ""

        return run

    implements("bit_and")(make("AND", lambda x, y: x & y))
    implements("bit_or")(make("OR", lambda x, y: x | y))
    implements("bitxor")(make("XOR", lambda x, y: x ^ y))


_register_logic()
_FLIP = str.maketrans("01", "10")


@implements("bitnot")
def bitnot(value: str) -> str:
    return value.translate(_FLIP)


@implements("bitcat", inline="({0} + {1})")
def bitcat(a: str, b: str) -> str:
    return a + b


@implements("bitshiftleft")
def bitshiftleft(value: str, count: int) -> str:
    if count < 0:
        return bitshiftright(value, -count)
    return value[count:].ljust(len(value), "0")


@implements("bitshiftright")
def bitshiftright(value: str, count: int) -> str:
    if count < 0:
        return bitshiftleft(value, -count)
    return value[: max(len(value) - count, 0)].rjust(len(value), "0")


@implements("bitlength", inline="len({0})")
def bitlength(value: str) -> int:
    return len(value)


@implements("bitoctetlength")
def bitoctetlength(value: str) -> int:
    return (len(value) + 7) // 8


@implements("bit_bit_count")
def bit_bit_count(value: str) -> int:
    return value.count("1")


@implements("bitposition")
def bitposition(value: str, part: str) -> int:
    return value.find(part) + 1


def _substring(value: str, start: int, length: int | None) -> str:
    if length is None:
        return value[max(start - 1, 0) :]
    if length < 0:
        raise SqlError(SUBSTRING_ERROR, "negative substring length not allowed")
    return value[max(start - 1, 0) : max(start - 1 + length, 0)]


@implements("bitsubstr", "bitsubstr_no_len")
def bitsubstr(value: str, start: int, length: int | None = None) -> str:
    return _substring(value, start, length)


@implements("bitoverlay", "bitoverlay_no_len")
def bitoverlay(value: str, part: str, start: int, length: int | None = None) -> str:
    if start <= 0:
        raise SqlError(SUBSTRING_ERROR, "negative substring length not allowed")
    size = len(part) if length is None else length
    return value[: start - 1] + part + value[max(start - 1 + size, 0) :]


def _out_of_range(index: int, size: int) -> NoReturn:
    raise SqlError(ARRAY_SUBSCRIPT_ERROR, f"bit index {index} out of valid range (0..{size - 1})")


@implements("bitgetbit")
def bitgetbit(value: str, index: int) -> int:
    if not 0 <= index < len(value):
        _out_of_range(index, len(value))
    return int(value[index])


@implements("bitsetbit")
def bitsetbit(value: str, index: int, new: int) -> str:
    if not 0 <= index < len(value):
        _out_of_range(index, len(value))
    if new not in (0, 1):
        raise SqlError(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1")
    return value[:index] + str(new) + value[index + 1 :]


@implements("bitfromint4", "bitfromint8")
def bitfromint8(value: int, length: int) -> str:
    if length <= 0 or length > _LENGTH_MAX:
        length = 1
    return f"{value & ((1 << length) - 1):0{length}b}"


def _to_integer(value: str, size: int) -> int:
    if len(value) > size:
        name = "integer" if size == 32 else "bigint"
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f"{name} out of range")
    number = int(value, 2) if value else 0
    return number - (1 << size) if number >> (size - 1) else number


@implements("bittoint4")
def bittoint4(value: str) -> int:
    return _to_integer(value, 32)


@implements("bittoint8")
def bittoint8(value: str) -> int:
    return _to_integer(value, 64)
