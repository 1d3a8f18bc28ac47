"""int2, int4, int8: input and output, comparison, arithmetic with overflow checks, bits, casts."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    DIVISION_BY_ZERO,
    INVALID_BINARY_REPRESENTATION,
    INVALID_PARAMETER_VALUE,
    INVALID_PRECEDING_OR_FOLLOWING_SIZE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    PROTOCOL_VIOLATION,
)
from .hashing import fold_int8, hash_uint32, hash_uint32_extended

BLANKS = " \t\n\r\v\f"
_NAMES = {2: "smallint", 4: "integer", 8: "bigint"}
_LIMIT = {2: 2**15, 4: 2**31, 8: 2**63}
_INTEGER = re.compile(
    r"([+-]?)(?:(?P<d>[0-9]+(?:_[0-9]+)*)|0[xX](?P<x>(?:_?[0-9a-fA-F]+)+)"
    r"|0[oO](?P<o>(?:_?[0-7]+)+)|0[bB](?P<b>(?:_?[01]+)+))"
)
_BASES = {"d": 10, "x": 16, "o": 8, "b": 2}


def int2_overflow() -> NoReturn:
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "smallint out of range")


def int4_overflow() -> NoReturn:
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")


def int8_overflow() -> NoReturn:
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")


OVERFLOW: dict[int, Callable[[], NoReturn]] = {2: int2_overflow, 4: int4_overflow, 8: int8_overflow}


def division_by_zero() -> NoReturn:
    raise SqlError(DIVISION_BY_ZERO, "division by zero")


def parse_integer(text: str, size: int) -> int:
    """The input function of the integer type with `size` bytes."""
    limit = _LIMIT[size]
    match = _INTEGER.fullmatch(text.strip(BLANKS))
    if match is None:
        raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type {_NAMES[size]}: "{text}"')
    kind = match.lastgroup or "d"
    digits = match.group(kind).replace("_", "").lstrip("0") or "0"
    if len(digits) <= 64:
        value = int(digits, _BASES[kind])
        if match.group(1) == "-":
            value = -value
        if -limit <= value < limit:
            return value
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'value "{text}" is out of range for type {_NAMES[size]}')


@implements("int2in")
def int2in(text: str) -> int:
    return parse_integer(text, 2)


@implements("int4in")
def int4in(text: str) -> int:
    if len(text) < 10 and text.isdigit() and text.isascii():
        return int(text)
    return parse_integer(text, 4)


@implements("int8in")
def int8in(text: str) -> int:
    if len(text) < 19 and text.isdigit() and text.isascii():
        return int(text)
    return parse_integer(text, 8)


@implements("int2out", "int4out", "int8out", inline="str({0})")
def int4out(value: int) -> str:
    return str(value)


def _register_binary(size: int) -> None:
    def receive(data: bytes) -> int:
        if len(data) != size:
            if len(data) < size:
                raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
            raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
        return int.from_bytes(data, "big", signed=True)

    implements(f"int{size}recv")(receive)

    def send(value: int) -> bytes:
        return value.to_bytes(size, "big", signed=True)

    implements(f"int{size}send", inline=f"({{0}}).to_bytes({size}, 'big', signed=True)")(send)


COMPARISONS = (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))


def register_comparisons(*names: str) -> None:
    """Register functions named like "int4{}" for eq, ne, lt, le, gt, ge on values comparing as Python's."""
    for suffix, operator in COMPARISONS:
        template = "({0} " + operator + " {1})"
        function = eval("lambda a, b: " + template.format("a", "b"))
        implements(*[name.format(suffix) for name in names], inline=template)(function)


def _compare(a: Any, b: Any) -> int:
    return (a > b) - (a < b)


_PAIRS = {"2": (2, 2), "4": (4, 4), "8": (8, 8), "24": (2, 4), "42": (4, 2), "28": (2, 8), "82": (8, 2)}
_PAIRS |= {"48": (4, 8), "84": (8, 4)}


def _make_div(size: int) -> Callable[[int, int], int]:
    limit, overflow = _LIMIT[size], OVERFLOW[size]

    def div(a: int, b: int) -> int:
        if a >= 0 and b > 0:
            return a // b
        if b == 0:
            division_by_zero()
        quotient = abs(a) // abs(b)
        if (a < 0) != (b < 0):
            return -quotient
        if quotient >= limit:
            overflow()
        return quotient

    return div


def truncated_mod(a: int, b: int) -> int:
    """C's %: the sign of the dividend."""
    if a >= 0 and b > 0:
        return a % b
    if b == 0:
        division_by_zero()
    return abs(a) % abs(b) if a >= 0 else -(abs(a) % abs(b))


def checked(expression: str, size: int) -> str:
    """A template that raises "out of range" unless the expression fits.

    The walrus target may be shared by nested templates: it is read before anything else runs."""
    limit = _LIMIT[size]
    return f"(_v if {-limit} <= (_v := {expression}) <= {limit - 1} else int{size}_overflow())"


def checked_names(size: int) -> dict[str, Any]:
    return {f"int{size}_overflow": OVERFLOW[size]}


def _register_checked(name: str, expression: str, size: int, *aliases: str) -> None:
    template = checked(expression, size)
    names = checked_names(size)
    arguments = "a, b" if "{1}" in expression else "a"
    function = eval(f"lambda {arguments}: " + template.format("a", "b"), dict(names))
    implements(name, *aliases, inline=template, names=names)(function)


def _register_arithmetic() -> None:
    for pair, (left, right) in _PAIRS.items():
        size = max(left, right)
        register_comparisons(f"int{pair}{{}}")
        _register_checked(f"int{pair}pl", "{0} + {1}", size)
        _register_checked(f"int{pair}mi", "{0} - {1}", size)
        _register_checked(f"int{pair}mul", "{0} * {1}", size)
        implements(f"int{pair}div")(_make_div(size))
        implements(f"btint{pair}cmp")(_compare)
    for size in (2, 4, 8):
        _register_binary(size)
        _register_checked(f"int{size}um", "-{0}", size)
        _register_checked(f"int{size}abs", "abs({0})", size)
        implements(f"int{size}up", inline="{0}")(lambda a: a)
        implements(f"int{size}mod")(truncated_mod)
        implements(f"int{size}larger", inline="({0} if {0} > {1} else {1})")(lambda a, b: a if a > b else b)
        implements(f"int{size}smaller", inline="({0} if {0} < {1} else {1})")(lambda a, b: a if a < b else b)
        for word, operator in (("and", "&"), ("or", "|"), ("xor", "^")):
            template = "({0} " + operator + " {1})"
            implements(f"int{size}{word}", inline=template)(eval("lambda a, b: " + template.format("a", "b")))
        implements(f"int{size}not", inline="(~{0})")(lambda a: ~a)
        implements(f"int{size}shl")(_make_shift_left(size))
        mask = 63 if size == 8 else 31
        implements(f"int{size}shr", inline=f"({{0}} >> ({{1}} & {mask}))")(_make_shift_right(mask))


def _make_shift_left(size: int) -> Callable[[int, int], int]:
    mask = 63 if size == 8 else 31
    bits = (1 << (8 * size)) - 1
    sign = 1 << (8 * size - 1)

    def shift(a: int, b: int) -> int:
        value = (a << (b & mask)) & bits
        return value - bits - 1 if value & sign else value

    return shift


def _make_shift_right(mask: int) -> Callable[[int, int], int]:
    return lambda a, b: a >> (b & mask)


_register_arithmetic()
_register_checked("int4inc", "{0} + 1", 4)
_register_checked("int8dec", "{0} - 1", 8)
_register_checked("i4toi2", "{0}", 2, "int82")
_register_checked("int84", "{0}", 4)


@implements("int8inc", inline="({0} + 1)")
def int8inc(a: int) -> int:
    return a + 1


@implements("int8inc_any", inline="({0} + 1)")
def int8inc_any(state: int, _value: Any) -> int:
    return state + 1


@implements("int8dec_any", inline="({0} - 1)")
def int8dec_any(state: int, _value: Any) -> int:
    return state - 1


@implements("int8inc_float8_float8", inline="({0} + 1)")
def int8inc_float8_float8(state: int, _y: float, _x: float) -> int:
    return state + 1


@implements("i2toi4", "int28", "int48", "oidtoi8", inline="{0}")
def widen(a: int) -> int:
    return a


@implements("i8tooid")
def i8tooid(a: int) -> int:
    if not 0 <= a < 2**32:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range")
    return a


def _gcd(a: int, b: int, size: int) -> int:
    value = math.gcd(a, b)
    if value >= _LIMIT[size]:
        OVERFLOW[size]()
    return value


def _lcm(a: int, b: int, size: int) -> int:
    value = math.lcm(a, b)
    if value >= _LIMIT[size] or (a and b and math.gcd(a, b) >= _LIMIT[size]):
        OVERFLOW[size]()
    return value


@implements("int4gcd")
def int4gcd(a: int, b: int) -> int:
    return _gcd(a, b, 4)


@implements("int8gcd")
def int8gcd(a: int, b: int) -> int:
    return _gcd(a, b, 8)


@implements("int4lcm")
def int4lcm(a: int, b: int) -> int:
    return _lcm(a, b, 4)


@implements("int8lcm")
def int8lcm(a: int, b: int) -> int:
    return _lcm(a, b, 8)


@implements(
    "in_range_int2_int2",
    "in_range_int2_int4",
    "in_range_int2_int8",
    "in_range_int4_int2",
    "in_range_int4_int4",
    "in_range_int4_int8",
    "in_range_int8_int8",
)
def in_range_int(value: int, base: int, offset: int, sub: bool, less: bool) -> bool:
    """RANGE offset PRECEDING/FOLLOWING; sums beyond the type behave as infinite, as in PostgreSQL."""
    if offset < 0:
        raise SqlError(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function"
        )
    bound = base - offset if sub else base + offset
    return value <= bound if less else value >= bound


@implements("generate_series_int4", "generate_series_int8")
def generate_series(start: int, stop: int) -> Iterator[int]:
    return iter(range(start, stop + 1))


@implements("generate_series_step_int4", "generate_series_step_int8")
def generate_series_step(start: int, stop: int, step: int) -> Iterator[int]:
    if step == 0:
        raise SqlError(INVALID_PARAMETER_VALUE, "step size cannot equal zero")
    return iter(range(start, stop + (1 if step > 0 else -1), step))


@implements("hashint2", "hashint4")
def hashint4(value: int) -> int:
    return hash_uint32(value)


@implements("hashint2extended", "hashint4extended")
def hashint4extended(value: int, seed: int) -> int:
    return hash_uint32_extended(value, seed)


@implements("hashint8")
def hashint8(value: int) -> int:
    return hash_uint32(fold_int8(value))


@implements("hashint8extended")
def hashint8extended(value: int, seed: int) -> int:
    return hash_uint32_extended(fold_int8(value), seed)
