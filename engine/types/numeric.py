"""numeric: input and output, scale rules, comparison, arithmetic and casts.

A value is a Decimal whose exponent is minus the display scale. Sums and products are exact in
CONTEXT; quotients and functions are computed with guard digits in a context rounding to 0 or 5
(ROUND_05UP), so that the final rounding half away from zero is the only one that counts.
"""

import re
import struct
from decimal import MAX_EMAX, MIN_EMIN, ROUND_05UP, ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_BINARY_REPRESENTATION,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    PROTOCOL_VIOLATION,
)
from ..values import Array
from .floats import parse_float, single
from .hashing import hash_bytes, hash_bytes_extended
from .integers import BLANKS, OVERFLOW, division_by_zero

SCALE_MAX = 16_383
DISPLAY_SCALE_MAX = 1000
MIN_SIG_DIGITS = 16
WEIGHT_MAX = 131_072  # digits before the decimal point
CONTEXT = Context(prec=400_000, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_UP, traps=[])
NAN = Decimal("NaN")
INFINITY = Decimal("Infinity")
MINUS_INFINITY = Decimal("-Infinity")
ZERO = Decimal(0)
ONE = Decimal(1)

_add, _subtract, _multiply = CONTEXT.add, CONTEXT.subtract, CONTEXT.multiply
_quantize = CONTEXT.quantize
_contexts: dict[int, Context] = {}
_units: dict[int, Decimal] = {}


def overflow() -> NoReturn:
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")


def guard_context(digits: int) -> Context:
    """A context that computes `digits` digits, safe to be rounded once more."""
    context = _contexts.get(digits)
    if context is None:
        context = Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_05UP, traps=[])
        if len(_contexts) < 2000:
            _contexts[digits] = context
    return context


def unit(scale: int) -> Decimal:
    """10 ** -scale."""
    found = _units.get(scale)
    if found is None:
        found = Decimal((0, (1,), -scale))
        if len(_units) < 2000:
            _units[scale] = found
    return found


def round_scale(value: Decimal, scale: int) -> Decimal:
    """Half away from zero to a scale >= 0; never a negative zero."""
    result = _quantize(value, unit(scale))
    return result if result else result.copy_abs()


def display_scale(value: Decimal) -> int:
    """The scale; 0 for NaN and infinities."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def is_special(value: Decimal) -> bool:
    return not value.is_finite()


def finish(value: Decimal) -> Decimal:
    """A computed value made storable: no positive exponent, no negative zero, within the format."""
    if value.adjusted() >= WEIGHT_MAX and value.is_finite() and value:
        overflow()
    if not value:
        return value.copy_abs()
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return _quantize(value, ONE)
    return value


# --- input and output --------------------------------------------------------------------------------

_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?"
)
_PREFIXED = re.compile(r"([+-]?)0(?:[xX]((?:_?[0-9a-fA-F])+)|[oO]((?:_?[0-7])+)|[bB]((?:_?[01])+))")
_WORDS = {
    "nan": NAN,
    "infinity": INFINITY,
    "+infinity": INFINITY,
    "-infinity": MINUS_INFINITY,
    "inf": INFINITY,
    "+inf": INFINITY,
    "-inf": MINUS_INFINITY,
}


def parse_numeric(text: str) -> Decimal:
    """A numeric literal, without a type modifier."""
    word = text.strip(BLANKS)
    if _NUMBER.fullmatch(word):
        value = Decimal(word.replace("_", ""))
        if value.is_nan():  # the exponent is beyond all limits
            overflow()
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        if exponent > 0:
            if not value:
                return ZERO
            if value.adjusted() >= WEIGHT_MAX:
                overflow()
            return _quantize(value, ONE)
        if -exponent > SCALE_MAX or value.adjusted() >= WEIGHT_MAX:
            overflow()
        return value if value else value.copy_abs()
    found = _WORDS.get(word.lower())
    if found is not None:
        return found
    match = _PREFIXED.fullmatch(word)
    if match is not None:
        sign, hexadecimal, octal, binary = match.groups()
        digits, base = (hexadecimal, 16) if hexadecimal else (octal, 8) if octal else (binary, 2)
        number = int(digits.replace("_", ""), base)
        return Decimal(-number if sign == "-" else number)
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type numeric: "{text}"')


def typmod_precision_scale(typmod: int) -> tuple[int, int]:
    """(precision, scale) of a valid type modifier."""
    modifier = typmod - 4
    return (modifier >> 16) & 0xFFFF, ((modifier & 0x7FF) ^ 1024) - 1024


def apply_typmod(value: Decimal, typmod: int) -> Decimal:
    """The value rounded to numeric(p, s); 22003 if it does not fit."""
    if typmod < 4:
        return value
    precision, scale = typmod_precision_scale(typmod)
    if not value.is_finite():
        if value.is_nan():
            return value
        raise SqlError(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "numeric field overflow",
            detail=f"A field with precision {precision}, scale {scale} cannot hold an infinite value.",
        )
    result = _quantize(value, unit(scale))
    if scale < 0:
        result = _quantize(result, ONE)
    if not result:
        return result.copy_abs()
    if result.adjusted() >= precision - scale:
        power = precision - scale
        raise SqlError(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "numeric field overflow",
            detail=f"A field with precision {precision}, scale {scale} must round to an absolute value "
            f"less than {'10^' if power else ''}{power if power else 1}.",
        )
    return result


@implements("numeric_in")
def numeric_in(text: str, _typioparam: int = 0, typmod: int = -1) -> Decimal:
    return apply_typmod(parse_numeric(text), typmod)


@implements("numeric")
def numeric(value: Decimal, typmod: int) -> Decimal:
    return apply_typmod(value, typmod)


@implements("numerictypmodin")
def numerictypmodin(modifiers: Array) -> int:
    from .text import typmod_integers

    numbers = typmod_integers(modifiers)
    if len(numbers) not in (1, 2):
        raise SqlError(INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier")
    precision, scale = numbers[0], numbers[1] if len(numbers) == 2 else 0
    if not 1 <= precision <= 1000:
        raise SqlError(INVALID_PARAMETER_VALUE, f"NUMERIC precision {precision} must be between 1 and 1000")
    if not -1000 <= scale <= 1000:
        raise SqlError(INVALID_PARAMETER_VALUE, f"NUMERIC scale {scale} must be between -1000 and 1000")
    return (precision << 16 | scale & 0x7FF) + 4


@implements("numerictypmodout")
def numerictypmodout(typmod: int) -> str:
    if typmod < 4:
        return ""
    precision, scale = typmod_precision_scale(typmod)
    return f"({precision},{scale})"


@implements("numeric_out", inline="format({0}, 'f')")
def numeric_out(value: Decimal) -> str:
    return format(value, "f")


_SPECIAL_SIGNS = {0xC000: NAN, 0xD000: INFINITY, 0xF000: MINUS_INFINITY}


@implements("numeric_recv")
def numeric_recv(data: bytes, _typioparam: int = 0, typmod: int = -1) -> Decimal:
    try:
        count, weight, sign, scale = struct.unpack_from(">HhHH", data)
        digits = struct.unpack_from(f">{count}H", data, 8)
    except struct.error:
        raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message") from None
    if sign in _SPECIAL_SIGNS:
        return apply_typmod(_SPECIAL_SIGNS[sign], typmod)
    if sign not in (0, 0x4000):
        raise SqlError(INVALID_BINARY_REPRESENTATION, 'invalid sign in external "numeric" value')
    if scale & 0x3FFF != scale:
        raise SqlError(INVALID_BINARY_REPRESENTATION, 'invalid scale in external "numeric" value')
    if any(digit > 9999 for digit in digits):
        raise SqlError(INVALID_BINARY_REPRESENTATION, 'invalid digit in external "numeric" value')
    text = "".join([f"{digit:04d}" for digit in digits]) or "0"
    value = Decimal(f"{'-' if sign else ''}{text}E{4 * (weight - count + 1) if count else 0}")
    result = value.quantize(unit(scale), rounding=ROUND_DOWN, context=CONTEXT)
    return apply_typmod(finish(result), typmod)


@implements("numeric_send")
def numeric_send(value: Decimal) -> bytes:
    if not value.is_finite():
        if value.is_nan():
            return b"\0\0\0\0\xc0\0\0\0"
        return b"\0\0\0\0\xd0\0\0\x20" if value > 0 else b"\0\0\0\0\xf0\0\0\x20"
    sign, _, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    digits, weight = base_10000(value)
    return struct.pack(f">HhHH{len(digits)}H", len(digits), weight, 0x4000 if sign else 0, -exponent, *digits)


def base_10000(value: Decimal) -> tuple[list[int], int]:
    """The digits to base 10000 without zeros at the ends, and the weight of the first."""
    if not value:
        return [], 0
    whole, _, fraction = format(value.copy_abs(), "f").partition(".")
    whole = whole.lstrip("0")
    whole = "0" * (-len(whole) % 4) + whole
    fraction += "0" * (-len(fraction) % 4)
    text = whole + fraction
    digits = [int(text[place : place + 4]) for place in range(0, len(text), 4)]
    weight = len(whole) // 4 - 1
    first = 0
    while digits[first] == 0:
        first += 1
    while digits[-1] == 0:
        digits.pop()
    return digits[first:], weight - first


# --- comparison ----------------------------------------------------------------------------------------


def numeric_cmp(a: Decimal, b: Decimal) -> int:
    if a.is_nan() or b.is_nan():
        return a.is_nan() - b.is_nan()
    return (a > b) - (a < b)


implements("numeric_cmp")(numeric_cmp)

implements("numeric_eq", inline="({0} == {1} or ({0} != {0} and {1} != {1}))")(
    lambda a, b: numeric_cmp(a, b) == 0
)
implements("numeric_ne", inline="({0} != {1} and ({0} == {0} or {1} == {1}))")(
    lambda a, b: numeric_cmp(a, b) != 0
)


def _register_orderings() -> None:
    for suffix, operator in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
        function = eval(f"lambda a, b: numeric_cmp(a, b) {operator} 0", {"numeric_cmp": numeric_cmp})
        template = (
            f"(({{0}} {operator} {{1}}) if {{0}} == {{0}} and {{1}} == {{1}} else numeric_cmp({{0}}, {{1}}) "
            f"{operator} 0)"
        )
        implements(f"numeric_{suffix}", inline=template, names={"numeric_cmp": numeric_cmp})(function)


_register_orderings()


@implements("numeric_larger")
def numeric_larger(a: Decimal, b: Decimal) -> Decimal:
    return a if numeric_cmp(a, b) > 0 else b


@implements("numeric_smaller")
def numeric_smaller(a: Decimal, b: Decimal) -> Decimal:
    return a if numeric_cmp(a, b) < 0 else b


def _hashed_digits(value: Decimal) -> tuple[bytes, int]:
    digits, weight = base_10000(value)
    return struct.pack(f"<{len(digits)}H", *digits), weight


@implements("hash_numeric")
def hash_numeric(value: Decimal) -> int:
    if not value.is_finite():
        return 0
    if not value:
        return -1
    data, weight = _hashed_digits(value)
    return hash_bytes(data) ^ weight


@implements("hash_numeric_extended")
def hash_numeric_extended(value: Decimal, seed: int) -> int:
    if not value.is_finite():
        return seed
    if not value:
        return seed - 1
    data, weight = _hashed_digits(value)
    return hash_bytes_extended(data, seed) ^ weight


# --- arithmetic ----------------------------------------------------------------------------------------


@implements("numeric_add")
def numeric_add(a: Decimal, b: Decimal) -> Decimal:
    value = _add(a, b)
    if value.adjusted() >= WEIGHT_MAX:
        return finish(value)
    return value


@implements("numeric_sub")
def numeric_sub(a: Decimal, b: Decimal) -> Decimal:
    value = _subtract(a, b)
    if value.adjusted() >= WEIGHT_MAX:
        return finish(value)
    return value


@implements("numeric_mul")
def numeric_mul(a: Decimal, b: Decimal) -> Decimal:
    value = _multiply(a, b)
    adjusted = value.adjusted()
    if adjusted >= WEIGHT_MAX:
        return finish(value)
    if adjusted < -8000 and display_scale(value) > SCALE_MAX:
        value = _quantize(value, unit(SCALE_MAX))
    return value if value else value.copy_abs()


def first_digit_weight(value: Decimal) -> tuple[int, int]:
    """The first digit to base 10000 and its weight."""
    if not value:
        return 0, 0
    adjusted = value.adjusted()
    weight = adjusted // 4
    return int(value.copy_abs().scaleb(-4 * weight, CONTEXT)), weight


def select_div_scale(a: Decimal, b: Decimal, scale_a: int, scale_b: int) -> int:
    """The scale of a quotient: at least 16 significant digits, and no less than the inputs' scales."""
    first_a, weight_a = first_digit_weight(a)
    first_b, weight_b = first_digit_weight(b)
    weight = weight_a - weight_b - (first_a <= first_b)
    return min(max(MIN_SIG_DIGITS - weight * 4, scale_a, scale_b, 0), DISPLAY_SCALE_MAX)


def divide(a: Decimal, b: Decimal, scale: int) -> Decimal:
    """A finite quotient rounded to a scale."""
    digits = a.adjusted() - b.adjusted() + 4 + scale
    quotient = guard_context(digits if digits > 4 else 4).divide(a, b)
    return round_scale(quotient, scale)


@implements("numeric_div")
def numeric_div(a: Decimal, b: Decimal) -> Decimal:
    if a.is_finite() and b.is_finite():
        if not b:
            division_by_zero()
        return finish(divide(a, b, select_div_scale(a, b, display_scale(a), display_scale(b))))
    if a.is_nan() or b.is_nan():
        return NAN
    if a.is_finite():
        return ZERO
    if not b.is_finite():
        return NAN
    if not b:
        division_by_zero()
    return a if b > 0 else a.copy_negate()


@implements("numeric_div_trunc")
def numeric_div_trunc(a: Decimal, b: Decimal) -> Decimal:
    if a.is_finite() and b.is_finite():
        if not b:
            division_by_zero()
        value = CONTEXT.divide_int(a, b)
        return finish(_quantize(value, ONE))
    return numeric_div(a, b)


@implements("numeric_mod")
def numeric_mod(a: Decimal, b: Decimal) -> Decimal:
    if a.is_nan() or b.is_nan():
        return NAN
    if not a.is_finite():
        if not b:
            division_by_zero()
        return NAN
    if not b.is_finite():
        return a
    if not b:
        division_by_zero()
    value = CONTEXT.remainder(a, b)
    scale = max(display_scale(a), display_scale(b))
    return round_scale(value, scale)


@implements("numeric_uminus")
def numeric_uminus(value: Decimal) -> Decimal:
    return value.copy_negate() if value else value


@implements("numeric_uplus", inline="{0}")
def numeric_uplus(value: Decimal) -> Decimal:
    return value


@implements("numeric_abs")
def numeric_abs(value: Decimal) -> Decimal:
    return value.copy_abs()


@implements("numeric_inc")
def numeric_inc(value: Decimal) -> Decimal:
    return _add(value, ONE)


# --- casts ---------------------------------------------------------------------------------------------


@implements("int2_numeric", "int4_numeric", "int8_numeric", inline="Decimal({0})", names={"Decimal": Decimal})
def int4_numeric(value: int) -> Decimal:
    return Decimal(value)


_INTEGER_NAMES = {2: "smallint", 4: "integer", 8: "bigint"}


def to_integer(value: Decimal, size: int) -> int:
    """Rounded half away from zero into an integer type."""
    if not value.is_finite():
        what = "NaN" if value.is_nan() else "infinity"
        raise SqlError(FEATURE_NOT_SUPPORTED, f"cannot convert {what} to {_INTEGER_NAMES[size]}")
    if value.adjusted() < 20:
        limit = 1 << (8 * size - 1)
        result = int(_quantize(value, ONE))
        if -limit <= result < limit:
            return result
    OVERFLOW[size]()


@implements("numeric_int2")
def numeric_int2(value: Decimal) -> int:
    return to_integer(value, 2)


@implements("numeric_int4")
def numeric_int4(value: Decimal) -> int:
    return to_integer(value, 4)


@implements("numeric_int8")
def numeric_int8(value: Decimal) -> int:
    return to_integer(value, 8)


@implements("numeric_float8")
def numeric_float8(value: Decimal) -> float:
    result = float(value)
    if result - result != 0.0 or result == 0.0:
        if not value.is_finite() or not value:
            return float(value)
        return parse_float(format(value, "f"), "double precision")
    return result


@implements("numeric_float8_no_overflow")
def numeric_float8_no_overflow(value: Decimal) -> float:
    return float(value)


@implements("numeric_float4")
def numeric_float4(value: Decimal) -> float:
    result = single(float(value))
    if (result - result != 0.0 or result == 0.0) and value.is_finite() and value:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'"{value:f}" is out of range for type real')
    return result


def _from_float(value: float, digits: int) -> Decimal:
    if value - value != 0.0:
        return NAN if value != value else INFINITY if value > 0 else MINUS_INFINITY
    return parse_numeric(f"{value:.{digits}g}")


@implements("float8_numeric")
def float8_numeric(value: float) -> Decimal:
    return _from_float(value, 15)


@implements("float4_numeric")
def float4_numeric(value: float) -> Decimal:
    return _from_float(value, 6)
