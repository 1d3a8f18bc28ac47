"""Quoting, format(), concat(), encode()/decode() and parse_ident() (manual section 9.4)."""

import base64
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import (
    INVALID_PARAMETER_VALUE,
    NULL_VALUE_NOT_ALLOWED,
    NUMERIC_VALUE_OUT_OF_RANGE,
)
from ..types.bytea import parse_escape, parse_hex
from ..types.io import text_output
from ..values import Array, make_array

_SAFE = re.compile(r"[a-z_][a-z0-9_]*")


@lru_cache(maxsize=1)
def reserved_words() -> frozenset[str]:
    """Keywords that must be quoted as identifiers: all but the unreserved ones."""
    from pglast import keywords

    return frozenset(
        keywords.RESERVED_KEYWORDS | keywords.COL_NAME_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS
    )


@lru_cache(maxsize=5000)
def quote_identifier(name: str) -> str:
    """quote_ident(): quoted only if it must be."""
    if _SAFE.fullmatch(name) and name not in reserved_words() and name.isascii():
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_literal_text(text: str) -> str:
    """quote_literal(): E'' if there are backslashes."""
    quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'"
    return "E" + quoted if "\\" in text else quoted


@implements("quote_ident")
def quote_ident(name: str) -> str:
    return quote_identifier(name)


@implements("quote_literal")
def quote_literal(text: str) -> str:
    return quote_literal_text(text)


@implements("quote_nullable")
def quote_nullable(text: str | None) -> str:
    return "NULL" if text is None else quote_literal_text(text)


# --- concat and format ---------------------------------------------------------------------------------

TEXT_TYPES = (25, 1043, 19, 2275, 705)


def _writers(site: CallSite, skip: int) -> list[Callable[[Any, Any], str]]:
    """Output functions of the arguments after the first `skip`."""
    return [_writer(site.catalog, typid) for typid in site.arg_types[skip:]]


def _writer(catalog: Any, typid: int) -> Callable[[Any, Any], str]:
    if typid in TEXT_TYPES:
        return lambda ctx, value: value
    return text_output(catalog, typid)


def variadic_texts(site: CallSite, skip: int) -> Callable[[Any, tuple[Any, ...]], "list[str | None] | None"]:
    """The variadic arguments as texts: one by one, or the elements of the one array of VARIADIC."""
    if site.variadic:

        def of_array(ctx: Any, values: tuple[Any, ...]) -> "list[str | None] | None":
            array: Array | None = values[0]
            if array is None:
                return None
            write = _writer(site.catalog, array.elemtype)
            return [None if item is None else write(ctx, item) for item in array.items]

        return of_array
    writers = _writers(site, skip)

    def one_by_one(ctx: Any, values: tuple[Any, ...]) -> "list[str | None] | None":
        return [None if v is None else write(ctx, v) for v, write in zip(values, writers, strict=True)]

    return one_by_one


@implements("text_concat", context=True, bind=True)
def text_concat(site: CallSite) -> Callable[..., str | None]:
    texts = variadic_texts(site, 0)

    def concat(ctx: Any, *values: Any) -> str | None:
        parts = texts(ctx, values)
        return None if parts is None else "".join([part for part in parts if part is not None])

    return concat


@implements("text_concat_ws", context=True, bind=True)
def text_concat_ws(site: CallSite) -> Callable[..., str | None]:
    texts = variadic_texts(site, 1)

    def concat_ws(ctx: Any, separator: str | None, *values: Any) -> str | None:
        if separator is None:
            return None
        parts = texts(ctx, values)
        return None if parts is None else separator.join([part for part in parts if part is not None])

    return concat_ws


_SPECIFIER = re.compile(r"(?:([0-9]+)\$)?(-*)(?:\*(?:([0-9]+)\$)?|([0-9]+))?")


def _unterminated() -> NoReturn:
    raise SqlError(
        INVALID_PARAMETER_VALUE,
        "unterminated format() type specifier",
        hint='For a single "%" use "%%".',
    )


def _too_few() -> NoReturn:
    raise SqlError(INVALID_PARAMETER_VALUE, "too few arguments for format()")


def _format_number(digits: str) -> int:
    if len(digits.lstrip("0")) > 10 or int(digits) >= 2**31:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range")
    return int(digits)


def _position(digits: str) -> int:
    number = _format_number(digits)
    if number == 0:
        raise SqlError(
            INVALID_PARAMETER_VALUE, "format specifies argument 0, but arguments are numbered from 1"
        )
    return number


def _convert(kind: str, text: str | None) -> str:
    if kind == "s":
        return text or ""
    if kind == "L":
        return "NULL" if text is None else quote_literal_text(text)
    if text is None:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "null values cannot be formatted as an SQL identifier")
    return quote_identifier(text)


def _width(text: str | None) -> int:
    from ..types.integers import int4in

    return 0 if text is None else int4in(text)


def format_text(template: str, arguments: "list[str | None]") -> str:
    """format() on arguments that are texts already."""
    result: list[str] = []
    here, used = 0, 0
    while True:
        place = template.find("%", here)
        if place < 0:
            result.append(template[here:])
            return "".join(result)
        result.append(template[here:place])
        here = place + 1
        if here >= len(template):
            _unterminated()
        if template[here] == "%":
            result.append("%")
            here += 1
            continue
        match = _SPECIFIER.match(template, here)
        assert match is not None
        position, flags, width_position, width_digits = match.groups()
        star = "*" in match.group()
        index = _position(position) if position else None
        if match.end() >= len(template):
            if width_digits:
                _format_number(width_digits)
            _unterminated()
        width, left = 0, bool(flags)
        if star:
            wanted = _position(width_position) if width_position else used + 1
            if wanted > len(arguments):
                _too_few()
            used = wanted
            width = _width(arguments[wanted - 1])
            if width < 0:
                left, width = True, -width
        elif width_digits:
            width = _format_number(width_digits)
        kind = template[match.end()]
        if kind not in "sIL":
            raise SqlError(
                INVALID_PARAMETER_VALUE,
                f'unrecognized format() type specifier "{kind}"',
                hint='For a single "%" use "%%".',
            )
        wanted = index if index is not None else used + 1
        if wanted > len(arguments):
            _too_few()
        used = wanted
        text = _convert(kind, arguments[wanted - 1])
        result.append(text.ljust(width) if left else text.rjust(width))
        here = match.end() + 1


@implements("text_format", context=True, bind=True)
def text_format(site: CallSite) -> Callable[..., str | None]:
    texts = variadic_texts(site, 1)

    def run(ctx: Any, template: str | None, *values: Any) -> str | None:
        return None if template is None else format_text(template, texts(ctx, values) or [])

    return run


@implements("text_format_nv")
def text_format_nv(template: str | None) -> str | None:
    return None if template is None else format_text(template, [])


# --- encode and decode -----------------------------------------------------------------------------------

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _encode_base64(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    return "\n".join(text[start : start + 76] for start in range(0, len(text), 76))


def _decode_base64(text: str) -> bytes:
    result = bytearray()
    buffer = place = end = 0
    for char in text:
        if char in " \t\n\r":
            continue
        if char == "=":
            if not end:
                if place not in (2, 3):
                    raise SqlError(INVALID_PARAMETER_VALUE, 'unexpected "=" while decoding base64 sequence')
                end = 1 if place == 2 else 2
            code = 0
        else:
            code = _BASE64.find(char)
            if code < 0:
                raise SqlError(
                    INVALID_PARAMETER_VALUE, f'invalid symbol "{char}" found while decoding base64 sequence'
                )
        buffer = buffer << 6 | code
        place += 1
        if place == 4:
            chunk = buffer.to_bytes(3, "big")
            result += chunk if end == 0 else chunk[:end]
            buffer = place = 0
    if place:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "invalid base64 end sequence",
            hint="Input data is missing padding, is truncated, or is otherwise corrupted.",
        )
    return bytes(result)


def _encode_escape(data: bytes) -> str:
    text = "".join(
        "\\\\" if byte == 92 else chr(byte) if 0 < byte < 128 else f"\\{byte:03o}" for byte in data
    )
    return text


_ENCODERS: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": _encode_base64,
    "escape": _encode_escape,
}
_DECODERS: dict[str, Callable[[str], bytes]] = {
    "hex": parse_hex,
    "base64": _decode_base64,
    "escape": parse_escape,
}


def _unknown_encoding(name: str) -> NoReturn:
    raise SqlError(INVALID_PARAMETER_VALUE, f'unrecognized encoding: "{name}"')


@implements("binary_encode")
def binary_encode(data: bytes, name: str) -> str:
    encode = _ENCODERS.get(name.lower())
    if encode is None:
        _unknown_encoding(name)
    return encode(data)


@implements("binary_decode")
def binary_decode(text: str, name: str) -> bytes:
    decode = _DECODERS.get(name.lower())
    if decode is None:
        _unknown_encoding(name)
    return decode(text)


# --- parse_ident -------------------------------------------------------------------------------------------


def _not_identifier(text: str, detail: str | None = None) -> NoReturn:
    raise SqlError(INVALID_PARAMETER_VALUE, f'string is not a valid identifier: "{text}"', detail=detail)


_BLANKS = " \t\n\r\v\f"


def _downcase(text: str) -> str:
    return "".join(char.lower() if char < "\x80" else char for char in text)


@implements("parse_ident")
def parse_ident(text: str, strict: bool) -> Array:
    names: list[str] = []
    here, after_dot = 0, False
    size = len(text)

    def skip() -> None:
        nonlocal here
        while here < size and text[here] in _BLANKS:
            here += 1

    skip()
    while True:
        missing = True
        if here < size and text[here] == '"':
            start = here + 1
            while True:
                end = text.find('"', here + 1)
                if end < 0:
                    _not_identifier(text, "String has unclosed double quotes.")
                here = end
                if text[end + 1 : end + 2] != '"':
                    break
                here = end + 1
            name = text[start:here].replace('""', '"')
            if not name:
                _not_identifier(text, "Quoted identifier must not be empty.")
            names.append(name)
            here += 1
            missing = False
        elif here < size and (text[here].isalpha() or text[here] == "_" or text[here] > "\x7f"):
            start = here
            while here < size and (text[here].isalnum() or text[here] in "_$" or text[here] > "\x7f"):
                here += 1
            names.append(_downcase(text[start:here]))
            missing = False
        if missing:
            if here < size and text[here] == ".":
                _not_identifier(text, 'No valid identifier before ".".')
            if after_dot:
                _not_identifier(text, 'No valid identifier after ".".')
            _not_identifier(text)
        skip()
        if here < size and text[here] == ".":
            after_dot = True
            here += 1
            skip()
        elif here >= size:
            break
        else:
            if strict:
                _not_identifier(text)
            break
    return make_array(25, names)
