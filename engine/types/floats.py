"""float4 and float8: input and output, comparison with NaN above all, checked arithmetic, casts."""

import math
import re
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    INVALID_BINARY_REPRESENTATION,
    INVALID_PRECEDING_OR_FOLLOWING_SIZE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    PROTOCOL_VIOLATION,
)
from .hashing import hash_bytes, hash_bytes_extended
from .integers import BLANKS, OVERFLOW, division_by_zero

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*(?:[pP][+-]?[0-9]+)?")
_WORDS = {
    "nan": math.nan,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-infinity": -math.inf,
    "inf": math.inf,
    "+inf": math.inf,
    "-inf": -math.inf,
}
_SINGLE = struct.Struct("f")
_BIG_SINGLE = struct.Struct(">f")
_BIG_DOUBLE = struct.Struct(">d")


def float_overflow() -> NoReturn:
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")


def float_underflow() -> NoReturn:
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")


def single(value: float) -> float:
    """Rounded to single precision; infinite if it is too large."""
    try:
        return _SINGLE.unpack(_SINGLE.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def parse_float(text: str, typename: str) -> float:
    """The number a text says, in double precision, with PostgreSQL's errors."""
    word = text.strip(BLANKS)
    if _NUMBER.fullmatch(word):
        value = float(word)
        if math.isinf(value) or (value == 0.0 and any(c in "123456789" for c in re.split("[eE]", word)[0])):
            raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'"{word}" is out of range for type {typename}')
        return value
    found = _WORDS.get(word.lower())
    if found is not None:
        return found
    if len(word) > 2 and _HEXADECIMAL.fullmatch(word):
        try:
            return float.fromhex(word)
        except (ValueError, OverflowError):
            pass
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type {typename}: "{text}"')


@implements("float8in")
def float8in(text: str) -> float:
    return parse_float(text, "double precision")


@implements("float4in")
def float4in(text: str) -> float:
    exact = parse_float(text, "real")
    value = single(exact)
    if (math.isinf(value) and not math.isinf(exact)) or (value == 0.0 and exact != 0.0):
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'"{text.strip(BLANKS)}" is out of range for type real')
    return value


def _special(value: float) -> str:
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def float8_text(value: float) -> str:
    """The shortest text that reads back as the same double."""
    text = repr(value)
    if value >= 9007199254740992.0 or value <= -9007199254740992.0:
        return _large_text(value, text)
    if text.endswith(".0"):
        text = text[:-2]
        if len(text) >= 16 and abs(value) >= 1e15:
            digits = text.lstrip("-").rstrip("0")
            sign = "-" if value < 0 else ""
            fraction = "." + digits[1:] if len(digits) > 1 else ""
            return f"{sign}{digits[0]}{fraction}e+15"
        return text
    if text[-1] in "fn":
        return _special(value)
    if abs(value) >= 1e15 and "e" not in text:
        mantissa = text.lstrip("-").replace(".", "")
        return f"{'-' if value < 0 else ''}{mantissa[0]}.{mantissa[1:].rstrip('0')}e+15"
    return text


def _on_boundary(text: str, value: float, ulp: int) -> bool:
    """Whether a decimal lies exactly between two neighbours; PostgreSQL's printer shuns those."""
    exact = int(value)
    distance = abs(int(Decimal(text))) - abs(exact)
    power_of_two = abs(exact) & (abs(exact) - 1) == 0
    return 2 * abs(distance) == ulp or (power_of_two and -4 * distance == ulp)


def _large_text(value: float, text: str) -> str:
    """The text of a double of 2**53 and more, where repr may choose a boundary."""
    if value - value != 0.0:
        return _special(value)
    mantissa, exponent = f"{Decimal(text):e}".split("e")
    if _on_boundary(text, value, int(math.ulp(value))):
        mantissa, exponent = f"{value:.16e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent):+03d}"


def float4_text(value: float) -> str:
    """The shortest text that reads back as the same single."""
    if value - value != 0.0:
        return _special(value)
    for precision in range(1, 10):
        text = f"{value:.{precision}g}"
        if single(float(text)) == value:
            size = abs(value)
            if size < 16777216.0 or not _on_boundary(text, value, 1 << (int(size).bit_length() - 24)):
                break
    if "e" in text:
        mantissa, exponent = text.split("e")
        power = int(exponent)
    else:
        return text if abs(value) < 1e6 else _scientific(text)
    if -4 <= power < 6:
        return f"{Decimal(text):f}"
    return f"{mantissa}e{exponent}"


def _scientific(text: str) -> str:
    sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text)
    whole, _, fraction = digits.partition(".")
    mantissa = (whole + fraction).rstrip("0")
    return f"{sign}{mantissa[0]}{'.' + mantissa[1:] if len(mantissa) > 1 else ''}e{len(whole) - 1:+03d}"


def _digits(ctx: Any) -> int:
    return 1 if ctx is None else int(ctx.settings.get("extra_float_digits"))


@implements("float8out", context=True)
def float8out(ctx: Any, value: float) -> str:
    extra = _digits(ctx)
    if extra > 0:
        return float8_text(value)
    return f"{value:.{max(15 + extra, 1)}g}" if value - value == 0.0 else _special(value)


@implements("float4out", context=True)
def float4out(ctx: Any, value: float) -> str:
    extra = _digits(ctx)
    if extra > 0:
        return float4_text(value)
    return f"{value:.{max(6 + extra, 1)}g}" if value - value == 0.0 else _special(value)


def _unpack(data: bytes, codec: struct.Struct) -> float:
    if len(data) != codec.size:
        if len(data) < codec.size:
            raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
        raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
    return codec.unpack(data)[0]


@implements("float8recv")
def float8recv(data: bytes) -> float:
    return _unpack(data, _BIG_DOUBLE)


@implements("float4recv")
def float4recv(data: bytes) -> float:
    return _unpack(data, _BIG_SINGLE)


@implements("float8send", inline="pack_float8({0})", names={"pack_float8": _BIG_DOUBLE.pack})
def float8send(value: float) -> bytes:
    return _BIG_DOUBLE.pack(value)


@implements("float4send", inline="pack_float4({0})", names={"pack_float4": _BIG_SINGLE.pack})
def float4send(value: float) -> bytes:
    return _BIG_SINGLE.pack(value)


# --- comparison: NaN equals NaN and is above everything --------------------------------------------

NAN_COMPARISONS = {
    "eq": "({0} == {1} or ({0} != {0} and {1} != {1}))",
    "ne": "({0} != {1} and ({0} == {0} or {1} == {1}))",
    "lt": "({0} < {1} or ({1} != {1} and {0} == {0}))",
    "le": "({0} <= {1} or {1} != {1})",
    "gt": "({0} > {1} or ({0} != {0} and {1} == {1}))",
    "ge": "({0} >= {1} or {0} != {0})",
}


def compare_floats(a: float, b: float) -> int:
    if a < b or (b != b and a == a):
        return -1
    return 0 if a == b or (a != a and b != b) else 1


def _larger(a: float, b: float) -> float:
    return a if compare_floats(a, b) > 0 else b


def _smaller(a: float, b: float) -> float:
    return a if compare_floats(a, b) < 0 else b


implements("btfloat4cmp", "btfloat8cmp", "btfloat48cmp", "btfloat84cmp")(compare_floats)
implements("float4larger", "float8larger")(_larger)
implements("float4smaller", "float8smaller")(_smaller)


# --- arithmetic --------------------------------------------------------------------------------------


def float8pl(a: float, b: float) -> float:
    value = a + b
    if value - value != 0.0 and math.isinf(value) and not (math.isinf(a) or math.isinf(b)):
        float_overflow()
    return value


def float8mi(a: float, b: float) -> float:
    value = a - b
    if value - value != 0.0 and math.isinf(value) and not (math.isinf(a) or math.isinf(b)):
        float_overflow()
    return value


def float8mul(a: float, b: float) -> float:
    value = a * b
    if value - value != 0.0:
        if math.isinf(value) and not (math.isinf(a) or math.isinf(b)):
            float_overflow()
    elif value == 0.0 and a != 0.0 and b != 0.0:
        float_underflow()
    return value


def float8div(a: float, b: float) -> float:
    if b == 0.0:
        if a != a:
            return a
        division_by_zero()
    value = a / b
    if value - value != 0.0:
        if math.isinf(value) and not (math.isinf(a) or math.isinf(b)):
            float_overflow()
    elif value == 0.0 and a != 0.0 and not math.isinf(b):
        float_underflow()
    return value


def _narrow(function: Callable[[float, float], float]) -> Callable[[float, float], float]:
    """The single precision version: the double result is exact enough to be rounded once more."""

    def narrowed(a: float, b: float) -> float:
        exact = function(a, b)
        value = single(exact)
        if value == exact or value != value:
            return value
        if math.isinf(value):
            float_overflow()
        if value == 0.0:
            float_underflow()
        return value

    return narrowed


def _register_arithmetic() -> None:
    inlines = {
        "pl": (float8pl, "(_v if (_v := {0} + {1}) - _v == 0.0 else float8pl({0}, {1}))"),
        "mi": (float8mi, "(_v if (_v := {0} - {1}) - _v == 0.0 else float8mi({0}, {1}))"),
        "mul": (float8mul, "(_v if (_v := {0} * {1}) and _v - _v == 0.0 else float8mul({0}, {1}))"),
        "div": (
            float8div,
            "(_v if {1} and (_v := {0} / {1}) and _v - _v == 0.0 else float8div({0}, {1}))",
        ),
    }
    for word, (function, inline) in inlines.items():
        names = {"float8" + word: function}
        implements(f"float8{word}", f"float48{word}", f"float84{word}", inline=inline, names=names)(function)
        implements(f"float4{word}")(_narrow(function))
    for word, template in NAN_COMPARISONS.items():
        comparison = eval("lambda a, b: " + template.format("a", "b"))
        names4 = [f"{kind}{word}" for kind in ("float4", "float8", "float48", "float84")]
        implements(*names4, inline=template)(comparison)
    implements("float4um", "float8um", inline="(-{0})")(lambda a: -a)
    implements("float4up", "float8up", inline="{0}")(lambda a: a)
    implements("float4abs", "float8abs", inline="abs({0})")(abs)


_register_arithmetic()


# --- casts -------------------------------------------------------------------------------------------


@implements("i2tod", "i4tod", "i8tod", inline="float({0})")
def i4tod(value: int) -> float:
    return float(value)


@implements("i2tof", "i4tof", "i8tof")
def i4tof(value: int) -> float:
    return single(float(value)) if abs(value) < 2**53 else _int_to_single(value)


def _int_to_single(value: int) -> float:
    """Rounded once, to even, straight from the integer."""
    shift = max(abs(value).bit_length() - 24, 0)
    quotient, rest = divmod(abs(value), 1 << shift)
    half = 1 << (shift - 1)
    if rest > half or (rest == half and quotient & 1):
        quotient += 1
    return math.copysign(float(quotient << shift), value)


@implements("ftod", inline="{0}")
def ftod(value: float) -> float:
    return value


@implements("dtof")
def dtof(value: float) -> float:
    result = single(value)
    if result - result != 0.0:
        if math.isinf(result) and not math.isinf(value):
            float_overflow()
    elif result == 0.0 and value != 0.0:
        float_underflow()
    return result


def _register_integer_casts() -> None:
    for size in (2, 4, 8):
        limit = float(2 ** (8 * size - 1))
        names: dict[str, Any] = {f"int{size}_overflow": OVERFLOW[size]}
        template = f"(round({{0}}) if {-limit - 0.5} <= {{0}} < {limit - 0.5} else int{size}_overflow())"
        if size == 8:
            template = f"(round({{0}}) if {-limit} <= {{0}} < {limit} else int8_overflow())"
        function = eval("lambda a: " + template.format("a"), dict(names))
        implements(f"dtoi{size}", f"ftoi{size}", inline=template, names=names)(function)


_register_integer_casts()


def _in_range(value: float, base: float, offset: float, sub: bool, less: bool) -> bool:
    if offset != offset or offset < 0:
        raise SqlError(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function"
        )
    if value != value:
        return True if base != base else not less
    if base != base:
        return less
    if math.isinf(offset) and math.isinf(base) and (base > 0 if sub else base < 0):
        return True
    bound = base - offset if sub else base + offset
    return value <= bound if less else value >= bound


implements("in_range_float8_float8", "in_range_float4_float8")(_in_range)


# --- hashing -----------------------------------------------------------------------------------------


def _hashable(value: float) -> bytes:
    return struct.pack("<d", math.nan if value != value else value)


@implements("hashfloat4", "hashfloat8")
def hashfloat8(value: float) -> int:
    return 0 if value == 0.0 else hash_bytes(_hashable(value))


@implements("hashfloat4extended", "hashfloat8extended")
def hashfloat8extended(value: float, seed: int) -> int:
    return seed if value == 0.0 else hash_bytes_extended(_hashable(value), seed)
