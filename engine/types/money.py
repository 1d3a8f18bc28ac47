"""money: cents in an int8, written as in the locale en_US (manual section 8.2)."""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import NoReturn

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, implements
from ..sqlstates import (
    DIVISION_BY_ZERO,
    INVALID_BINARY_REPRESENTATION,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
)

_INT8 = struct.Struct(">q")
_SPACE = " \t\n\r\v\f"


def _checked(cents: int) -> int:
    if not -(2**63) <= cents < 2**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "money out of range")
    return cents


def _skip(text: str, here: int, symbols: str = "") -> int:
    while here < len(text) and text[here] in _SPACE:
        here += 1
    if here < len(text) and text[here] in symbols:
        here += 1
    return here


@implements("cash_in")
def cash_in(text: str) -> int:
    here = _skip(text, _skip(text, 0, "$"))
    negative = text[here : here + 1] in ("-", "(") and here < len(text)
    here = _skip(text, _skip(text, _skip(text, here, "-(+")), "$")
    here = _skip(text, here)
    value, decimals, dot = 0, 0, False
    while here < len(text):
        char = text[here]
        if char in "0123456789" and decimals < 2:
            value = value * 10 + int(char)
            decimals += dot
        elif char == "." and not dot:
            dot = True
        elif char != ",":
            break
        here += 1
    if text[here : here + 1] in tuple("56789"):
        value += 1
    value *= 10 ** (2 - decimals)
    while here < len(text) and text[here] in "0123456789":
        here += 1
    for char in text[here:]:
        if char == "-":
            negative = True
        elif char not in _SPACE and char not in ")+$":
            raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type money: "{text}"')
    value = -value if negative else value
    if not -(2**63) <= value < 2**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'value "{text}" is out of range for type money')
    return value


@implements("cash_out")
def cash_out(cents: int) -> str:
    whole, part = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${whole:,}.{part:02}"


@implements("cash_recv")
def cash_recv(data: bytes) -> int:
    if len(data) != 8:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
    return int(_INT8.unpack(data)[0])


@implements("cash_send")
def cash_send(cents: int) -> bytes:
    return _INT8.pack(cents)


# --- comparison ---------------------------------------------------------------------------------------


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
        implements(f"cash_{suffix}", inline=f"({{0}} {operator} {{1}})")(test)


_register_comparisons()


@implements("cash_cmp")
def cash_cmp(a: int, b: int) -> int:
    return (a > b) - (a < b)


@implements("cashlarger")
def cashlarger(a: int, b: int) -> int:
    return max(a, b)


@implements("cashsmaller")
def cashsmaller(a: int, b: int) -> int:
    return min(a, b)


# --- arithmetic ---------------------------------------------------------------------------------------


def _no_division() -> NoReturn:
    raise SqlError(DIVISION_BY_ZERO, "division by zero")


@implements("cash_pl")
def cash_pl(a: int, b: int) -> int:
    return _checked(a + b)


@implements("cash_mi")
def cash_mi(a: int, b: int) -> int:
    return _checked(a - b)


@implements(
    "cash_mul_int2", "cash_mul_int4", "cash_mul_int8", "int2_mul_cash", "int4_mul_cash", "int8_mul_cash"
)
def cash_mul_int8(a: int, b: int) -> int:
    return _checked(a * b)


def _rounded(value: float) -> int:
    if value != value or abs(value) >= 2.0**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "money out of range")
    return round(value)


@implements("cash_mul_flt4", "cash_mul_flt8")
def cash_mul_flt8(a: int, b: float) -> int:
    return _rounded(a * b)


@implements("flt4_mul_cash", "flt8_mul_cash")
def flt8_mul_cash(a: float, b: int) -> int:
    return _rounded(a * b)


@implements("cash_div_flt4", "cash_div_flt8")
def cash_div_flt8(a: int, b: float) -> int:
    return _no_division() if b == 0 else _rounded(a / b)


@implements("cash_div_int2", "cash_div_int4", "cash_div_int8")
def cash_div_int8(a: int, b: int) -> int:
    if b == 0:
        _no_division()
    quotient = abs(a) // abs(b)
    return _checked(quotient if (a < 0) == (b < 0) else -quotient)


@implements("cash_div_cash")
def cash_div_cash(a: int, b: int) -> float:
    return _no_division() if b == 0 else a / b


# --- casts and words ------------------------------------------------------------------------------------


@implements("int4_cash", "int8_cash")
def int8_cash(value: int) -> int:
    if not -(2**63) <= value * 100 < 2**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
    return value * 100


@implements("numeric_cash")
def numeric_cash(value: Decimal) -> int:
    function = IMPLEMENTATIONS["numeric_int8"].function
    return int(function(value.scaleb(2) if value.is_finite() else value))


@implements("cash_numeric")
def cash_numeric(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


_SMALL = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
]
_TENS = ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ("quadrillion", "trillion", "billion", "million", "thousand")


def _words(value: int) -> str:
    """A number below a thousand."""
    if value <= 20:
        return _SMALL[value]
    rest = value % 100
    if not rest:
        return f"{_SMALL[value // 100]} hundred"
    if rest % 10 == 0 and rest > 10:
        words = _TENS[rest // 10]
    elif rest < 20:
        words = ("and " if value > 99 else "") + _SMALL[rest]
    else:
        words = f"{_TENS[rest // 10]} {_SMALL[rest % 10]}"
    return f"{_SMALL[value // 100]} hundred {words}" if value > 99 else words


@implements("cash_words")
def cash_words(cents: int) -> str:
    dollars, rest = divmod(abs(cents), 100)
    text = "minus " if cents < 0 else ""
    for power, scale in zip((15, 12, 9, 6, 3), _SCALES, strict=True):
        group = dollars // 10**power % 1000
        if group:
            text += f"{_words(group)} {scale} "
    if dollars % 1000:
        text += _words(dollars % 1000)
    if not dollars:
        text += "zero"
    text += " dollar and " if dollars == 1 else " dollars and "
    text += _words(rest) + (" cent" if rest == 1 else " cents")
    return text[0].upper() + text[1:]
