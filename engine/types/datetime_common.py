"""What the modules of the date and time types share: precisions as type modifiers, binary input."""

from collections.abc import Callable
from struct import Struct
from typing import Any

from ..errors import SqlError
from ..sqlstates import (
    INVALID_BINARY_REPRESENTATION,
    INVALID_PARAMETER_VALUE,
    INVALID_PRECEDING_OR_FOLLOWING_SIZE,
    PROTOCOL_VIOLATION,
)
from ..values import Array

MAX_PRECISION = 6
_SCALES = (1_000_000, 100_000, 10_000, 1_000, 100, 10, 1)


def receive_with(packer: Struct, data: bytes) -> tuple[Any, ...]:
    """Unpack a binary value of fixed size."""
    if len(data) == packer.size:
        return packer.unpack(data)
    if len(data) < packer.size:
        raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
    raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format in function argument")


def round_precision(value: int, typmod: int) -> int:
    """Microseconds rounded to a precision, halves away from zero."""
    if 0 <= typmod < MAX_PRECISION:
        scale = _SCALES[typmod]
        half = scale // 2
        if value >= 0:
            return (value + half) // scale * scale
        return -((-value + half) // scale * scale)
    return value


def precision_typmodin(typename: str) -> Callable[..., int]:
    """The typmodin function of a type with a precision: `typename` as the warning names it."""

    def typmodin(ctx: Any, modifiers: Array) -> int:
        numbers = typmod_numbers(modifiers)
        if len(numbers) != 1:
            raise SqlError(INVALID_PARAMETER_VALUE, "invalid type modifier")
        if numbers[0] < 0:
            raise SqlError(
                INVALID_PARAMETER_VALUE, f"{typename_of(typename, numbers[0])} precision must not be negative"
            )
        if numbers[0] > MAX_PRECISION:
            too_precise(ctx, typename_of(typename, numbers[0]))
            return MAX_PRECISION
        return numbers[0]

    return typmodin


def typename_of(typename: str, precision: int) -> str:
    """TIMESTAMP(9) WITH TIME ZONE"""
    first, _, rest = typename.partition(" ")
    return f"{first}({precision}){' ' + rest if rest else ''}"


def too_precise(ctx: Any, typename: str) -> None:
    """Warn that a precision is reduced to the maximum."""
    from ..errors import Notice

    if ctx is not None:
        ctx.notice(
            Notice(
                f"{typename} precision reduced to maximum allowed, {MAX_PRECISION}",
                severity="WARNING",
                sqlstate=INVALID_PARAMETER_VALUE,
            )
        )


def typmod_numbers(modifiers: Array) -> list[int]:
    """The integers of a type's modifiers."""
    from .integers import parse_integer

    return [parse_integer(str(item), 4) for item in modifiers.items]


def invalid_window_size() -> SqlError:
    """The error of a negative RANGE offset."""
    return SqlError(
        INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function"
    )
