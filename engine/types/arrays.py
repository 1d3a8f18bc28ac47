"""Array values: the literal syntax, its error texts, and the binary format; int2vector, oidvector.

The parser follows the token machine of PostgreSQL 18's arrayfuncs.c (ReadArrayStr), because the
order in which errors are found is visible. One-dimensional literals without quotes, backslashes
and nested braces, by far the most, are split instead.
"""

import struct
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import (
    ARRAY_SUBSCRIPT_ERROR,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_BINARY_REPRESENTATION,
    INVALID_TEXT_REPRESENTATION,
    PROGRAM_LIMIT_EXCEEDED,
    PROTOCOL_VIOLATION,
)
from ..values import Array
from .io import binary_receive, binary_send, text_input, text_output, type_row

FIRST_GENBKI_OID = 10_000
DIMENSIONS_MAX = 6
ITEMS_MAX = 134_217_727  # MaxArraySize: MaxAllocSize / sizeof(Datum)
_BLANKS = " \t\n\r\v\f"
_SUSPECT = frozenset('"\\{')


def malformed(text: str, detail: str) -> NoReturn:
    """PostgreSQL's error for a literal that is no array."""
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'malformed array literal: "{text}"', detail=detail)


def _too_many_dimensions() -> NoReturn:
    raise SqlError(
        PROGRAM_LIMIT_EXCEEDED,
        f"number of array dimensions exceeds the maximum allowed ({DIMENSIONS_MAX})",
    )


def parse_array(text: str, elemtype: int, delimiter: str, read: Callable[[str], Any]) -> Array:
    """An array literal; `read` converts the text of one element."""
    if text[:1] == "{" and text[-1:] == "}" and _SUSPECT.isdisjoint(text[1:]):
        inner = text[1:-1]
        pieces = [piece.strip(_BLANKS) for piece in inner.split(delimiter)]
        if "}" not in inner and "" not in pieces:
            items = tuple([None if p in _NULLS else read(p) for p in pieces])
            return Array(elemtype, items, (len(items),), (1,))
    return _Parser(text, elemtype, delimiter, read).parse()


_NULLS = frozenset(n + u + a + b for n in "nN" for u in "uU" for a in "lL" for b in "lL")


class _Parser:
    """The token machine: `here` is the place of the next character."""

    def __init__(self, text: str, elemtype: int, delimiter: str, read: Callable[[str], Any]) -> None:
        self.text = text
        self.elemtype = elemtype
        self.delimiter = delimiter
        self.read = read
        self.here = 0
        self.element: str | None = None

    def skip_blanks(self) -> str:
        text, here = self.text, self.here
        while here < len(text) and text[here] in _BLANKS:
            here += 1
        self.here = here
        return text[here : here + 1]

    def parse(self) -> Array:
        text = self.text
        dims, lowers = self.dimensions()
        if dims:
            if self.skip_blanks() != "=":
                malformed(text, 'Missing "=" after array dimensions.')
            self.here += 1
            if self.skip_blanks() != "{":
                malformed(text, 'Array contents must start with "{".')
        elif self.skip_blanks() != "{":
            malformed(text, 'Array value must start with "{" or dimension information.')
        items, dims = self.contents(dims)
        if self.skip_blanks():
            malformed(text, "Junk after closing right brace.")
        if not items:
            return Array(self.elemtype, (), (), ())
        return Array(self.elemtype, tuple(items), tuple(dims), tuple(lowers or [1] * len(dims)))

    def integer(self) -> int | None:
        text, here = self.text, self.here
        if text[here : here + 1] in ("+", "-"):
            here += 1
        digits = here
        while here < len(text) and text[here] in "0123456789":
            here += 1
        if here == digits:
            return None
        value = int(text[self.here : here][:20])
        self.here = here
        if not -(2**31) <= value < 2**31:
            raise SqlError(PROGRAM_LIMIT_EXCEEDED, "array bound is out of integer range")
        return value

    def dimensions(self) -> tuple[list[int], list[int]]:
        dims: list[int] = []
        lowers: list[int] = []
        while self.skip_blanks() == "[":
            self.here += 1
            if len(dims) >= DIMENSIONS_MAX:
                _too_many_dimensions()
            lower, upper = 1, self.integer()
            if upper is None:
                malformed(self.text, '"[" must introduce explicitly-specified array dimensions.')
            if self.text[self.here : self.here + 1] == ":":
                self.here += 1
                lower, upper = upper, self.integer()
                if upper is None:
                    malformed(self.text, "Missing array dimension value.")
            if self.text[self.here : self.here + 1] != "]":
                malformed(self.text, 'Missing "]" after array dimensions.')
            self.here += 1
            if upper < lower:
                raise SqlError(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound")
            if upper == 2**31 - 1:
                raise SqlError(PROGRAM_LIMIT_EXCEEDED, f"array upper bound is too large: {upper}")
            if upper - lower + 1 > ITEMS_MAX:
                raise SqlError(
                    PROGRAM_LIMIT_EXCEEDED, f"array size exceeds the maximum allowed ({ITEMS_MAX})"
                )
            dims.append(upper - lower + 1)
            lowers.append(lower)
        return dims, lowers

    def mismatch(self, specified: bool) -> NoReturn:
        malformed(
            self.text,
            "Specified array dimensions do not match array contents."
            if specified
            else "Multidimensional arrays must have sub-arrays with matching dimensions.",
        )

    def unexpected(self, char: str) -> NoReturn:
        malformed(self.text, f'Unexpected "{char}" character.')

    def contents(self, given: list[int]) -> tuple[list[Any], list[int]]:
        specified = bool(given)
        dims = given + [-1] * (DIMENSIONS_MAX - len(given))
        counts = [0] * DIMENSIONS_MAX
        ndim, frozen, level, after_value = len(given), specified, 0, False
        items: list[Any] = []
        while True:
            token = self.token()
            if token == "{":
                if after_value:
                    self.unexpected("{")
                if level >= DIMENSIONS_MAX:
                    _too_many_dimensions()
                counts[level] = 0
                level += 1
                if level > ndim:
                    if frozen:
                        self.mismatch(specified)
                    ndim = level
            elif token == "}":
                if counts[level - 1] > 0 and not after_value:
                    self.unexpected("}")
                level -= 1
                if level > 0:
                    counts[level - 1] += 1
                if dims[level] < 0:
                    dims[level] = counts[level]
                elif counts[level] != dims[level]:
                    self.mismatch(specified)
                after_value = True
                if level == 0:
                    return items, dims[:ndim]
            elif token == "delimiter":
                if not after_value:
                    self.unexpected(self.delimiter)
                after_value = False
            else:
                if after_value:
                    malformed(self.text, "Unexpected array element.")
                if level != ndim:
                    self.mismatch(specified)
                frozen = True
                items.append(None if self.element is None else self.read(self.element))
                counts[level - 1] += 1
                after_value = True

    def token(self) -> str:
        char = self.skip_blanks()
        if char == "":
            malformed(self.text, "Unexpected end of input.")
        if char == "{" or char == "}":
            self.here += 1
            return char
        if char == self.delimiter:
            self.here += 1
            return "delimiter"
        if char == '"':
            self.quoted()
        else:
            self.unquoted()
        return "element"

    def quoted(self) -> None:
        text, here, parts = self.text, self.here + 1, []
        while True:
            char = text[here : here + 1]
            if char == "\\":
                here += 1
                char = text[here : here + 1]
            elif char == '"':
                break
            if char == "":
                malformed(text, "Unexpected end of input.")
            parts.append(char)
            here += 1
        self.here = here + 1
        char = self.skip_blanks()
        if char == "":
            malformed(text, "Unexpected end of input.")
        if char not in (self.delimiter, "}", "{"):
            malformed(text, "Incorrectly quoted array element.")
        self.element = "".join(parts)

    def unquoted(self) -> None:
        text, here, escaped, keep = self.text, self.here, False, 0
        parts: list[str] = []
        while True:
            char = text[here : here + 1]
            if char == "\\":
                here += 1
                char = text[here : here + 1]
                escaped = True
                if char:
                    parts.append(char)
                    here += 1
                    keep = len(parts)
                    continue
            if char == "":
                malformed(text, "Unexpected end of input.")
            if char == "{":
                self.unexpected("{")
            if char == '"':
                malformed(text, "Incorrectly quoted array element.")
            if char == self.delimiter or char == "}":
                break
            parts.append(char)
            if char not in _BLANKS:
                keep = len(parts)
            here += 1
        self.here = here
        word = "".join(parts[:keep])
        self.element = None if not escaped and word in _NULLS else word


def array_element_text(text: str, delimiter: str = ",") -> str:
    """One element as array_out writes it, quoted where it must be."""
    if text.isalnum() and text not in _NULLS:
        return text
    if text == "" or text in _NULLS or any(c in '"\\{} \t\n\r\v\f' or c == delimiter for c in text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def array_text(array: Array, write: Callable[[Any], str], delimiter: str = ",") -> str:
    """The array as array_out prints it."""
    dims = array.dims
    if not dims:
        return "{}"
    parts = ["NULL" if item is None else array_element_text(write(item), delimiter) for item in array.items]
    for length in reversed(dims):
        parts = [
            "{" + delimiter.join(parts[start : start + length]) + "}"
            for start in range(0, len(parts), length)
        ]
    if any(lower != 1 for lower in array.lowers):
        bounds = zip(array.lowers, dims, strict=True)
        return "".join(f"[{lower}:{lower + length - 1}]" for lower, length in bounds) + "=" + parts[0]
    return parts[0]


@implements("array_in", context=True, bind=True)
def array_in(site: CallSite) -> Callable[..., Array]:
    catalog = site.catalog
    readers: dict[int, Any] = {}

    def read_array(ctx: Any, text: str, elemtype: int, typmod: int) -> Array:
        found = readers.get(elemtype)
        if found is None:
            found = (text_input(catalog, elemtype), type_row(catalog, elemtype).typdelim)
            readers[elemtype] = found
        read, delimiter = found
        return parse_array(text, elemtype, delimiter, lambda item: read(ctx, item, typmod))

    return read_array


@implements("array_out", "anyarray_out", "anycompatiblearray_out", context=True, bind=True)
def array_out(site: CallSite) -> Callable[..., str]:
    catalog = site.catalog
    writers: dict[int, Any] = {}

    def write_array(ctx: Any, array: Array) -> str:
        found = writers.get(array.elemtype)
        if found is None:
            delimiter = type_row(catalog, array.elemtype).typdelim
            found = writers[array.elemtype] = (text_output(catalog, array.elemtype), delimiter)
        write, delimiter = found
        return array_text(array, lambda item: write(ctx, item), delimiter)

    return write_array


@implements("array_recv", context=True, bind=True)
def array_recv(site: CallSite) -> Callable[..., Array]:
    catalog = site.catalog

    def receive_array(ctx: Any, data: bytes, elemtype: int, typmod: int) -> Array:
        try:
            return _receive(ctx, data, elemtype, typmod)
        except struct.error:
            raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message") from None

    def _receive(ctx: Any, data: bytes, elemtype: int, typmod: int) -> Array:
        ndim, flags, sent_type = struct.unpack_from(">iiI", data)
        if ndim < 0:
            raise SqlError(INVALID_BINARY_REPRESENTATION, f"invalid number of dimensions: {ndim}")
        if ndim > DIMENSIONS_MAX:
            raise SqlError(
                PROGRAM_LIMIT_EXCEEDED,
                f"number of array dimensions ({ndim}) exceeds the maximum allowed ({DIMENSIONS_MAX})",
            )
        if flags not in (0, 1):
            raise SqlError(INVALID_BINARY_REPRESENTATION, "invalid array flags")
        # Oids of user-defined types differ from server to server: only those of built-in ones tell.
        if sent_type != elemtype and sent_type < FIRST_GENBKI_OID and elemtype < FIRST_GENBKI_OID:
            raise SqlError(
                DATATYPE_MISMATCH,
                f"binary data has array element type {sent_type} ({catalog.format_type(sent_type)}) "
                f"instead of expected {elemtype} ({catalog.format_type(elemtype)})",
            )
        bounds = struct.unpack_from(f">{2 * ndim}i", data, 12)
        dims, lowers = bounds[::2], bounds[1::2]
        count = 1 if ndim else 0
        for length in dims:
            if length < 0 or count * length > ITEMS_MAX:
                raise SqlError(
                    PROGRAM_LIMIT_EXCEEDED, f"array size exceeds the maximum allowed ({ITEMS_MAX})"
                )
            count *= length
        receive = binary_receive(catalog, elemtype)
        items: list[Any] = []
        here = 12 + 8 * ndim
        for _ in range(count):
            (length,) = struct.unpack_from(">i", data, here)
            here += 4
            if length == -1:
                items.append(None)
                continue
            if length < 0 or here + length > len(data):
                raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
            items.append(receive(ctx, data[here : here + length], typmod))
            here += length
        if here != len(data):
            raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
        if not items:
            return Array(elemtype, (), (), ())
        return Array(elemtype, tuple(items), tuple(dims), tuple(lowers))

    return receive_array


def _send_array(catalog: Any, ctx: Any, array: Array) -> bytes:
    send = binary_send(catalog, array.elemtype)
    bounds = [bound for pair in zip(array.dims, array.lowers, strict=True) for bound in pair]
    parts = [
        struct.pack(f">iiI{len(bounds)}i", len(array.dims), None in array.items, array.elemtype, *bounds)
    ]
    for item in array.items:
        if item is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            data = send(ctx, item)
            parts.append(len(data).to_bytes(4, "big"))
            parts.append(data)
    return b"".join(parts)


@implements("array_send", "anyarray_send", "anycompatiblearray_send", context=True, bind=True)
def array_send(site: CallSite) -> Callable[..., bytes]:
    catalog = site.catalog
    return lambda ctx, array: _send_array(catalog, ctx, array)


# --- int2vector and oidvector: one dimension, numbered from 0, blanks between ------------------------


def _vector(elemtype: int, items: list[int]) -> Array:
    return Array(elemtype, tuple(items), (len(items),), (0,))


@implements("int2vectorin")
def int2vectorin(text: str) -> Array:
    from .integers import int2in

    return _vector(21, [int2in(word) for word in text.split()])


@implements("oidvectorin")
def oidvectorin(text: str) -> Array:
    from .identifiers import oidin

    return _vector(26, [oidin(word) for word in text.split()])


@implements("int2vectorout", "oidvectorout")
def vectorout(value: Array) -> str:
    return " ".join(map(str, value.items))


def _receive_vector(data: bytes, elemtype: int, code: str, typename: str) -> Array:
    ndim, _, sent_type = struct.unpack_from(">iiI", data)
    if ndim > 1 or sent_type != elemtype:
        raise SqlError(INVALID_BINARY_REPRESENTATION, f"invalid {typename} data")
    if ndim == 0:
        return _vector(elemtype, [])
    (count,) = struct.unpack_from(">i", data, 12)
    size = struct.calcsize(code)
    return _vector(
        elemtype, [struct.unpack_from(">" + code, data, 24 + n * (4 + size))[0] for n in range(count)]
    )


@implements("int2vectorrecv")
def int2vectorrecv(data: bytes) -> Array:
    return _receive_vector(data, 21, "h", "int2vector")


@implements("oidvectorrecv")
def oidvectorrecv(data: bytes) -> Array:
    return _receive_vector(data, 26, "I", "oidvector")


def _send_vector(value: Array, code: str) -> bytes:
    size = struct.calcsize(code)
    parts = [struct.pack(">iiIii", 1, 0, value.elemtype, len(value.items), 0)]
    parts += [struct.pack(">i" + code, size, item) for item in value.items]
    return b"".join(parts)


@implements("int2vectorsend")
def int2vectorsend(value: Array) -> bytes:
    return _send_vector(value, "h")


@implements("oidvectorsend")
def oidvectorsend(value: Array) -> bytes:
    return _send_vector(value, "I")


@implements("anyarray_in")
def anyarray_in(text: str) -> Any:
    raise SqlError(FEATURE_NOT_SUPPORTED, "cannot accept a value of type anyarray")


@implements("anyarray_recv")
def anyarray_recv(data: bytes) -> Any:
    raise SqlError(FEATURE_NOT_SUPPORTED, "cannot accept a value of type anyarray")
