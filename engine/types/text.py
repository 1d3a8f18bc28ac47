"""Character types: text, varchar, bpchar, name, cstring, unknown: I/O, lengths, comparison.

Values are str without NUL. Texts compare by code point, which is the order of their UTF-8 bytes.
"""

from typing import NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    CHARACTER_NOT_IN_REPERTOIRE,
    INVALID_PARAMETER_VALUE,
    STRING_DATA_RIGHT_TRUNCATION,
)
from ..values import Array
from .hashing import hash_bytes, hash_bytes_extended
from .integers import int4in

HEADER = 4  # typmods of character types count PostgreSQL's length word
LENGTH_MAX = 10_485_760
NAME_BYTES = 63


def typmod_integers(modifiers: Array) -> list[int]:
    """The type modifiers as integers."""
    return [int4in(item) for item in modifiers.items]


def _typmodin(modifiers: Array, typename: str) -> int:
    numbers = typmod_integers(modifiers)
    if len(numbers) != 1:
        raise SqlError(INVALID_PARAMETER_VALUE, "invalid type modifier")
    if numbers[0] < 1:
        raise SqlError(INVALID_PARAMETER_VALUE, f"length for type {typename} must be at least 1")
    if numbers[0] > LENGTH_MAX:
        raise SqlError(INVALID_PARAMETER_VALUE, f"length for type {typename} cannot exceed {LENGTH_MAX}")
    return numbers[0] + HEADER


@implements("bpchartypmodin")
def bpchartypmodin(modifiers: Array) -> int:
    return _typmodin(modifiers, "char")


@implements("varchartypmodin")
def varchartypmodin(modifiers: Array) -> int:
    return _typmodin(modifiers, "varchar")


@implements("bpchartypmodout", "varchartypmodout")
def bpchartypmodout(typmod: int) -> str:
    return f"({typmod - HEADER})" if typmod > HEADER else ""


def too_long(typename: str, length: int) -> NoReturn:
    raise SqlError(STRING_DATA_RIGHT_TRUNCATION, f"value too long for type {typename}({length})")


def varchar_fit(text: str, typmod: int, explicit: bool) -> str:
    """To varchar(n): only blanks may be cut off, except by an explicit cast."""
    length = typmod - HEADER
    if length < 0 or len(text) <= length:
        return text
    if not explicit and text[length:].strip(" "):
        too_long("character varying", length)
    return text[:length]


def bpchar_fit(text: str, typmod: int, explicit: bool) -> str:
    """To character(n): as varchar, and padded with blanks."""
    length = typmod - HEADER
    if length < 0 or len(text) == length:
        return text
    if len(text) < length:
        return text.ljust(length)
    if not explicit and text[length:].strip(" "):
        too_long("character", length)
    return text[:length]


def name_fit(text: str) -> str:
    """Cut to 63 bytes, at a character boundary."""
    if len(text) <= NAME_BYTES and (text.isascii() or len(text.encode()) <= NAME_BYTES):
        return text
    return text.encode()[:NAME_BYTES].decode(errors="ignore")


# Text types' input, output and casts among them are the identity.
@implements(
    "textin",
    "textout",
    "varcharout",
    "bpcharout",
    "nameout",
    "cstring_in",
    "cstring_out",
    "unknownin",
    "unknownout",
    "name_text",
    "name_bpchar",
    inline="{0}",
)
def same_text(text: str) -> str:
    return text


@implements("varcharin")
def varcharin(text: str, _typioparam: int = 0, typmod: int = -1) -> str:
    return varchar_fit(text, typmod, False)


@implements("bpcharin")
def bpcharin(text: str, _typioparam: int = 0, typmod: int = -1) -> str:
    return bpchar_fit(text, typmod, False)


@implements("varchar")
def varchar(text: str, typmod: int, explicit: bool) -> str:
    return varchar_fit(text, typmod, explicit)


@implements("bpchar")
def bpchar(text: str, typmod: int, explicit: bool) -> str:
    return bpchar_fit(text, typmod, explicit)


@implements("namein", "text_name")
def namein(text: str) -> str:
    return name_fit(text)


@implements("bpchar_name")
def bpchar_name(text: str) -> str:
    return name_fit(text).rstrip(" ")


def invalid_utf8(data: bytes, start: int) -> NoReturn:
    """PostgreSQL's report_invalid_encoding: shows the bytes of the broken character."""
    first = data[start]
    length = 1 if first < 0x80 else 2 if first & 0xE0 == 0xC0 else 3 if first & 0xF0 == 0xE0 else 4
    if first >= 0x80 and first & 0xF8 not in (0xC0, 0xC8, 0xD0, 0xD8, 0xE0, 0xE8, 0xF0):
        length = 1
    shown = " ".join(f"0x{byte:02x}" for byte in data[start : start + length])
    raise SqlError(CHARACTER_NOT_IN_REPERTOIRE, f'invalid byte sequence for encoding "UTF8": {shown}')


def decode_text(data: bytes) -> str:
    """Client bytes to text; 22021 for invalid UTF-8 and for NUL."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        invalid_utf8(data, error.start)
    if "\0" in text:
        invalid_utf8(data, data.index(0))
    return text


@implements("textrecv", "unknownrecv", "cstring_recv")
def textrecv(data: bytes) -> str:
    return decode_text(data)


@implements("namerecv")
def namerecv(data: bytes) -> str:
    return name_fit(decode_text(data))


@implements("varcharrecv")
def varcharrecv(data: bytes, _typioparam: int = 0, typmod: int = -1) -> str:
    return varchar_fit(decode_text(data), typmod, False)


@implements("bpcharrecv")
def bpcharrecv(data: bytes, _typioparam: int = 0, typmod: int = -1) -> str:
    return bpchar_fit(decode_text(data), typmod, False)


@implements(
    "textsend",
    "varcharsend",
    "bpcharsend",
    "namesend",
    "unknownsend",
    "cstring_send",
    inline="({0}).encode()",
)
def textsend(text: str) -> bytes:
    return text.encode()


# --- comparison ----------------------------------------------------------------------------------------

for _names in (
    ("texteq", "nameeq", "nameeqtext", "texteqname"),
    ("textne", "namene", "namenetext", "textnename"),
):
    _operator = "==" if _names[0] == "texteq" else "!="
    implements(*_names, inline="({0} " + _operator + " {1})")(eval(f"lambda a, b: a {_operator} b"))
for _suffix, _operator in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    implements(
        f"text_{_suffix}",
        f"text_pattern_{_suffix}",
        f"name{_suffix}",
        f"name{_suffix}text",
        f"text{_suffix}name",
        inline="({0} " + _operator + " {1})",
    )(eval(f"lambda a, b: a {_operator} b"))
    implements(
        f"bpchar{_suffix}",
        f"bpchar_pattern_{_suffix}",
        inline="({0}.rstrip(' ') " + _operator + " {1}.rstrip(' '))",
    )(eval(f"lambda a, b: a.rstrip(' ') {_operator} b.rstrip(' ')"))
implements("bpchareq", inline="({0}.rstrip(' ') == {1}.rstrip(' '))")(
    lambda a, b: a.rstrip(" ") == b.rstrip(" ")
)
implements("bpcharne", inline="({0}.rstrip(' ') != {1}.rstrip(' '))")(
    lambda a, b: a.rstrip(" ") != b.rstrip(" ")
)


@implements("bttextcmp", "btnamecmp", "btnametextcmp", "bttextnamecmp", "bttext_pattern_cmp")
def bttextcmp(a: str, b: str) -> int:
    return (a > b) - (a < b)


@implements("bpcharcmp", "btbpchar_pattern_cmp")
def bpcharcmp(a: str, b: str) -> int:
    return bttextcmp(a.rstrip(" "), b.rstrip(" "))


@implements("text_larger", inline="({0} if {0} > {1} else {1})")
def text_larger(a: str, b: str) -> str:
    return a if a > b else b


@implements("text_smaller", inline="({0} if {0} < {1} else {1})")
def text_smaller(a: str, b: str) -> str:
    return a if a < b else b


@implements("bpchar_larger")
def bpchar_larger(a: str, b: str) -> str:
    return a if bpcharcmp(a, b) >= 0 else b


@implements("bpchar_smaller")
def bpchar_smaller(a: str, b: str) -> str:
    return a if bpcharcmp(a, b) <= 0 else b


@implements("hashtext", "hashname")
def hashtext(text: str) -> int:
    return hash_bytes(text.encode())


@implements("hashtextextended", "hashnameextended")
def hashtextextended(text: str, seed: int) -> int:
    return hash_bytes_extended(text.encode(), seed)


@implements("hashbpchar")
def hashbpchar(text: str) -> int:
    return hash_bytes(text.rstrip(" ").encode())


@implements("hashbpcharextended")
def hashbpcharextended(text: str, seed: int) -> int:
    return hash_bytes_extended(text.rstrip(" ").encode(), seed)


@implements("textcat", inline="({0} + {1})")
def textcat(a: str, b: str) -> str:
    return a + b


@implements("nameconcatoid")
def nameconcatoid(name: str, oid: int) -> str:
    suffix = f"_{oid}"
    room = NAME_BYTES - len(suffix)
    return name.encode()[:room].decode(errors="ignore") + suffix
