"""Parameter values of Bind: from the wire's text or binary form to engine values."""

from collections.abc import Sequence
from typing import Any

from .errors import SqlError
from .sqlstates import INVALID_PARAMETER_VALUE, PROTOCOL_VIOLATION
from .types.io import binary_receive, text_input


class Decoders:
    """The decoders of a statement's parameters in given formats.

    context_free: no decoder looks at settings or times, so no transaction need be there yet.
    """

    __slots__ = ("_formats", "_functions", "catalog", "context_free")

    def __init__(
        self, catalog: Any, functions: list[Any], context_free: bool, formats: Sequence[int]
    ) -> None:
        self.catalog = catalog
        self._formats = formats
        self._functions = functions
        self.context_free = context_free

    def decode(self, ctx: Any, values: Sequence[bytes | None]) -> tuple[Any, ...]:
        """The engine values; an error names the parameter in its context."""
        functions = self._functions
        if len(values) == 1:
            value = values[0]
            try:
                return (None if value is None else functions[0](ctx, value),)
            except (SqlError, UnicodeDecodeError) as error:
                raise self._located(error, 0, value) from None
        out = []
        for function, value in zip(functions, values, strict=True):
            try:
                out.append(None if value is None else function(ctx, value))
            except (SqlError, UnicodeDecodeError) as error:
                raise self._located(error, len(out), value) from None
        return tuple(out)

    def _located(self, error: SqlError | UnicodeDecodeError, index: int, value: bytes | None) -> SqlError:
        """The error with the parameter as its context; values are not shown
        (log_parameter_max_length_on_error = 0)."""
        if isinstance(error, UnicodeDecodeError):
            from .types.text import invalid_utf8

            try:
                invalid_utf8(error.object, error.start)
            except SqlError as found:
                error = found
        if error.where is None and value is not None:
            error.where = _where(index) + ("" if self._formats[index] else " = '...'")
            if error.message == "incorrect binary data format":
                error.message += f" in bind parameter {index + 1}"
        return error


def _where(index: int) -> str:
    return f"unnamed portal parameter ${index + 1}"


def parameter_decoders(catalog: Any, prepared: Any, formats: Sequence[int], count: int) -> Decoders:
    """The decoders for formats (none, one for all, or one each), remembered in the statement."""
    given = tuple(formats)
    found = prepared.decoders.get(given)
    if found is not None and found.catalog is catalog:
        return found
    if len(given) > 1 and len(given) != count:
        raise SqlError(
            PROTOCOL_VIOLATION, f"bind message has {len(given)} parameter formats but {count} parameters"
        )
    types = prepared.parameter_types
    functions = []
    codes = []
    context_free = True
    for index in range(count):
        format_code = given[index] if len(given) > 1 else given[0] if given else 0
        codes.append(format_code)
        try:
            functions.append(make_decoder(catalog, types[index], format_code))
        except SqlError as error:
            error.where = _where(index)
            raise
        context_free = context_free and types[index] in CONTEXT_FREE
    decoders = Decoders(catalog, functions, context_free, codes)
    prepared.decoders.clear()
    prepared.decoders[given] = decoders
    return decoders


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
    raise SqlError(INVALID_PARAMETER_VALUE, f"unsupported format code: {format_code}")


def _integer(low: int, high: int, typid: int) -> Any:
    """Decimal text straight to int; anything unusual takes the type's input function."""

    digits_max = len(str(high)) - 1  # so many are in range whatever they are

    def decode(ctx: Any, value: bytes) -> Any:
        if value.isdigit() and len(value) <= digits_max:
            return int(value)
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


CONTEXT_FREE = frozenset((20, 21, 23, 25, 1043, 1042, 17, 16, 2950, 26, 700, 701, 1700, 19))
_TEXT = {
    21: _integer(-(2**15), 2**15 - 1, 21),
    23: _integer(-(2**31), 2**31 - 1, 23),
    20: _integer(-(2**63), 2**63 - 1, 20),
}
_BINARY = {21: _fixed(2, 21), 23: _fixed(4, 23), 20: _fixed(8, 20)}
