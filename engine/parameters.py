"""Parameter values of Bind: from the wire's text or binary form to engine values."""

from collections.abc import Sequence
from typing import Any

from .errors import SqlError
from .sqlstates import PROTOCOL_VIOLATION, UNDEFINED_OBJECT
from .types.io import binary_receive, text_input


def decode_parameters(
    session: Any, ctx: Any, types: Sequence[int], formats: Sequence[int], values: Sequence[bytes | None]
) -> tuple[Any, ...]:
    """Decode each value by its type and format (none, one for all, or one each)."""
    count = len(formats)
    if count > 1 and count != len(values):
        raise SqlError(
            PROTOCOL_VIOLATION,
            f"bind message has {count} parameter formats but {len(values)} parameters",
        )
    cache = ctx.catalog.cache
    decoders = cache.get("parameter_decoders")
    if decoders is None:
        decoders = cache["parameter_decoders"] = {}
    out = []
    for index, value in enumerate(values):
        if value is None:
            out.append(None)
            continue
        format_code = formats[index] if count > 1 else formats[0] if count else 0
        key = (types[index], format_code)
        decoder = decoders.get(key)
        if decoder is None:
            decoder = decoders[key] = make_decoder(ctx.catalog, types[index], format_code)
        try:
            out.append(decoder(ctx, value))
        except SqlError as error:
            if error.where is None:
                error.where = f"unnamed portal parameter ${index + 1}"
                if format_code == 0 and len(value) < 64:
                    error.where += f" = '{bytes(value).decode('utf-8', 'replace')}'"
            raise
    return tuple(out)


def make_decoder(catalog: Any, typid: int, format_code: int) -> Any:
    """(ctx, bytes) -> engine value."""
    if format_code == 0:
        special = _TEXT.get(typid)
        if special is not None:
            return special
        parse = text_input(catalog, typid)
        return lambda ctx, value: parse(ctx, str(value, "utf-8"), -1)
    if format_code == 1:
        special = _BINARY.get(typid)
        if special is not None:
            return special
        receive = binary_receive(catalog, typid)
        return lambda ctx, value: receive(ctx, bytes(value), -1)
    raise SqlError(UNDEFINED_OBJECT, f"unsupported format code: {format_code}")


def _integer(low: int, high: int, typid: int) -> Any:
    """Decimal text straight to int; anything unusual takes the type's input function."""

    def decode(ctx: Any, value: bytes) -> Any:
        if len(value) < 19:
            digits = value[1:] if value[:1] == b"-" else value
            if bytes(digits).isdigit():
                number = int(value)
                if low <= number <= high:
                    return number
        return text_input(ctx.catalog, typid)(ctx, str(value, "utf-8"), -1)

    return decode


def _fixed(size: int, typid: int) -> Any:
    def decode(ctx: Any, value: bytes) -> Any:
        if len(value) == size:
            return int.from_bytes(value, "big", signed=True)
        return binary_receive(ctx.catalog, typid)(ctx, bytes(value), -1)

    return decode


_TEXT = {
    21: _integer(-(2**15), 2**15 - 1, 21),
    23: _integer(-(2**31), 2**31 - 1, 23),
    20: _integer(-(2**63), 2**63 - 1, 20),
}
_BINARY = {21: _fixed(2, 21), 23: _fixed(4, 23), 20: _fixed(8, 20)}
