"""String functions (manual section 9.4), without format(), encodings and identifiers: see text_format."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    PROGRAM_LIMIT_EXCEEDED,
    SUBSTRING_ERROR,
    SYNTAX_ERROR,
)
from ..types.integers import int4_overflow
from ..values import Array, make_array

TEXTOID = 25
BYTES_MAX = 0x3FFFFFFF  # PostgreSQL's MaxAllocSize
C_COLLATIONS = (950, 951)


def too_large() -> NoReturn:
    raise SqlError(PROGRAM_LIMIT_EXCEEDED, "requested length too large")


def substring_bounds(start: int, length: int | None) -> tuple[int, int | None]:
    """[first, end) of SQL's substring, counted from 0; None: to the end."""
    if length is None:
        return max(start - 1, 0), None
    end = start + length
    if length < 0:
        raise SqlError(SUBSTRING_ERROR, "negative substring length not allowed")
    return max(start - 1, 0), max(end - 1, 0)


@implements("text_substr")
def text_substr(text: str, start: int, length: int) -> str:
    first, end = substring_bounds(start, length)
    return text[first:end]


@implements("text_substr_no_len")
def text_substr_no_len(text: str, start: int) -> str:
    return text[max(start - 1, 0) :]


def overlay(whole: Any, part: Any, start: int, length: int) -> Any:
    if start <= 0:
        raise SqlError(SUBSTRING_ERROR, "negative substring length not allowed")
    if not -(2**31) <= start + length < 2**31:
        int4_overflow()
    return whole[: start - 1] + part + whole[max(start - 1 + length, 0) :]


@implements("textoverlay", "byteaoverlay")
def textoverlay(text: Any, part: Any, start: int, length: int) -> Any:
    return overlay(text, part, start, length)


@implements("textoverlay_no_len", "byteaoverlay_no_len")
def textoverlay_no_len(text: Any, part: Any, start: int) -> Any:
    return overlay(text, part, start, len(part))


@implements("textpos", "byteapos", inline="({0}.find({1}) + 1)")
def textpos(text: Any, part: Any) -> int:
    return text.find(part) + 1


@implements("textlen", "byteaoctetlen", inline="len({0})")
def textlen(text: Any) -> int:
    return len(text)


@implements("bpcharlen", inline="len({0}.rstrip(' '))")
def bpcharlen(text: str) -> int:
    return len(text.rstrip(" "))


@implements("textoctetlen", "bpcharoctetlen", inline="len({0}.encode())")
def textoctetlen(text: str) -> int:
    return len(text.encode())


# --- letters -------------------------------------------------------------------------------------------


def _simple_upper(char: str) -> str:
    upper = char.upper()
    return upper if len(upper) == 1 else char


def _simple_lower(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char


def upper_text(text: str) -> str:
    """Upper case, one character for one, as the builtin C.UTF-8 locale maps."""
    return text.upper() if text.isascii() else "".join(map(_simple_upper, text))


def lower_text(text: str) -> str:
    return text.lower() if text.isascii() else "".join(map(_simple_lower, text))


def _ascii_only(convert: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(convert(char) if char < "\x80" else char for char in text)


def initcap_text(text: str) -> str:
    result = []
    inside = False
    for char in text:
        result.append(_simple_lower(char) if inside else _simple_upper(char))
        inside = char.isalnum()
    return "".join(result)


def _initcap_ascii(text: str) -> str:
    result = []
    inside = False
    for char in text:
        plain = char < "\x80"
        result.append((char.lower() if inside else char.upper()) if plain else char)
        inside = plain and char.isalnum()
    return "".join(result)


@implements("upper", bind=True)
def upper(site: CallSite) -> Callable[[str], str]:
    return _ascii_only(str.upper) if site.collation in C_COLLATIONS else upper_text


@implements("lower", bind=True)
def lower(site: CallSite) -> Callable[[str], str]:
    return _ascii_only(str.lower) if site.collation in C_COLLATIONS else lower_text


@implements("casefold", bind=True)
def casefold(site: CallSite) -> Callable[[str], str]:
    return _ascii_only(str.lower) if site.collation in C_COLLATIONS else lower_text


@implements("initcap", bind=True)
def initcap(site: CallSite) -> Callable[[str], str]:
    return _initcap_ascii if site.collation in C_COLLATIONS else initcap_text


# --- padding and trimming --------------------------------------------------------------------------------


def _fill(length: int, missing: int, fill: str) -> str:
    if length * 4 > BYTES_MAX:
        too_large()
    return (fill * (missing // len(fill) + 1))[:missing] if fill and missing > 0 else ""


@implements("lpad")
def lpad(text: str, length: int, fill: str) -> str:
    length = max(length, 0)
    return _fill(length, length - len(text), fill) + text[:length]


@implements("rpad")
def rpad(text: str, length: int, fill: str) -> str:
    length = max(length, 0)
    return text[:length] + _fill(length, length - len(text), fill)


@implements("btrim", inline="{0}.strip({1})")
def btrim(text: str, characters: str) -> str:
    return text.strip(characters)


@implements("ltrim", inline="{0}.lstrip({1})")
def ltrim(text: str, characters: str) -> str:
    return text.lstrip(characters)


@implements("rtrim", inline="{0}.rstrip({1})")
def rtrim(text: str, characters: str) -> str:
    return text.rstrip(characters)


@implements("btrim1", inline="{0}.strip(' ')")
def btrim1(text: str) -> str:
    return text.strip(" ")


@implements("ltrim1", inline="{0}.lstrip(' ')")
def ltrim1(text: str) -> str:
    return text.lstrip(" ")


@implements("rtrim1", inline="{0}.rstrip(' ')")
def rtrim1(text: str) -> str:
    return text.rstrip(" ")


# --- parts -----------------------------------------------------------------------------------------------


@implements("text_left")
def text_left(text: str, count: int) -> str:
    return text[:count] if count >= 0 else text[: max(len(text) + count, 0)]


@implements("text_right")
def text_right(text: str, count: int) -> str:
    if count == -(2**31):
        return text  # its negation overflows in PostgreSQL too
    return text[max(len(text) - count, 0) :] if count >= 0 else text[-count:]


@implements("text_reverse", "bytea_reverse", inline="{0}[::-1]")
def text_reverse(text: Any) -> Any:
    return text[::-1]


@implements("repeat")
def repeat(text: str, count: int) -> str:
    if count <= 0:
        return ""
    if len(text) * count > BYTES_MAX - 4:
        too_large()
    return text * count


@implements("replace_text")
def replace_text(text: str, old: str, new: str) -> str:
    return text.replace(old, new) if old else text


@implements("translate")
def translate(text: str, old: str, new: str) -> str:
    table: dict[int, str | None] = {}
    for place, char in enumerate(old):
        table.setdefault(ord(char), new[place] if place < len(new) else None)
    return text.translate(table)


@implements("split_part")
def split_part(text: str, delimiter: str, field: int) -> str:
    if field == 0:
        raise SqlError(INVALID_PARAMETER_VALUE, "field position must not be zero")
    if not text:
        return ""
    parts = text.split(delimiter) if delimiter else [text]
    place = field - 1 if field > 0 else len(parts) + field
    return parts[place] if 0 <= place < len(parts) else ""


def _pieces(text: str, delimiter: str | None, null: str | None) -> list[str | None]:
    if not text:
        return []
    parts: list[str | None]
    if delimiter is None:
        parts = list(text)
    else:
        parts = [*text.split(delimiter)] if delimiter else [text]
    return parts if null is None else [None if part == null else part for part in parts]


@implements("text_to_array")
def text_to_array(text: str | None, delimiter: str | None) -> Array | None:
    return None if text is None else make_array(TEXTOID, _pieces(text, delimiter, None))


@implements("text_to_array_null")
def text_to_array_null(text: str | None, delimiter: str | None, null: str | None) -> Array | None:
    return None if text is None else make_array(TEXTOID, _pieces(text, delimiter, null))


@implements("text_to_table")
def text_to_table(text: str | None, delimiter: str | None) -> Iterator[str | None]:
    return iter(() if text is None else _pieces(text, delimiter, None))


@implements("text_to_table_null")
def text_to_table_null(text: str | None, delimiter: str | None, null: str | None) -> Iterator[str | None]:
    return iter(() if text is None else _pieces(text, delimiter, null))


@implements("text_starts_with", inline="{0}.startswith({1})")
def text_starts_with(text: str, prefix: str) -> bool:
    return text.startswith(prefix)


# --- codes -----------------------------------------------------------------------------------------------


@implements("ascii")
def ascii_code(text: str) -> int:
    return ord(text[0]) if text else 0


@implements("chr")
def chr_text(code: int) -> str:
    if code < 0:
        raise SqlError(INVALID_PARAMETER_VALUE, "character number must be positive")
    if code == 0:
        raise SqlError(PROGRAM_LIMIT_EXCEEDED, "null character not permitted")
    if code > 0x10FFFF:
        raise SqlError(PROGRAM_LIMIT_EXCEEDED, f"requested character too large for encoding: {code}")
    if 0xD800 <= code < 0xE000:
        raise SqlError(PROGRAM_LIMIT_EXCEEDED, f"requested character not valid for encoding: {code}")
    return chr(code)


def _register_bases() -> None:
    def make(letter: str, bits: int) -> Callable[[int], str]:
        mask = (1 << bits) - 1
        return lambda value: format(value & mask, letter)

    for word, letter in (("hex", "x"), ("bin", "b"), ("oct", "o")):
        for bits in (32, 64):
            implements(f"to_{word}{bits}")(make(letter, bits))


_register_bases()


@implements("md5_text")
def md5_text(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@implements("md5_bytea")
def md5_bytea(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _invalid_escape() -> NoReturn:
    raise SqlError(
        SYNTAX_ERROR,
        "invalid Unicode escape",
        hint=r"Unicode escapes must be \XXXX, \+XXXXXX, \uXXXX, or \UXXXXXXXX.",
    )


def _escape_code(text: str, here: int) -> tuple[int, int, str]:
    """The code of the escape at `here`, the place after it, and its digits."""
    lead = text[here + 1 : here + 2]
    skip, width = {"+": (2, 6), "u": (2, 4), "U": (2, 8)}.get(lead, (1, 4))
    digits = text[here + skip : here + skip + width]
    if len(digits) != width or any(char not in "0123456789abcdefABCDEF" for char in digits):
        _invalid_escape()
    return int(digits, 16), here + skip + width, digits


@implements("unistr")
def unistr(text: str) -> str:
    result: list[str] = []
    here, high = 0, 0

    def bad_pair() -> NoReturn:
        raise SqlError(SYNTAX_ERROR, "invalid Unicode surrogate pair")

    while here < len(text):
        char = text[here]
        if char != "\\" or text[here + 1 : here + 2] == "\\":
            if high:
                bad_pair()
            result.append(char)
            here += 1 if char != "\\" else 2
            continue
        code, here, digits = _escape_code(text, here)
        if code == 0 or code > 0x10FFFF:
            raise SqlError(INVALID_PARAMETER_VALUE, f"invalid Unicode code point: {digits}")
        if high:
            if not 0xDC00 <= code < 0xE000:
                bad_pair()
            code, high = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00), 0
        elif 0xDC00 <= code < 0xE000:
            bad_pair()
        if 0xD800 <= code < 0xDC00:
            high = code
        else:
            result.append(chr(code))
    if high:
        bad_pair()
    return "".join(result)


def _form(name: str) -> Any:
    form = name.upper()
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise SqlError(INVALID_PARAMETER_VALUE, f"invalid normalization form: {name}")
    return form


@implements("unicode_normalize_func")
def unicode_normalize_func(text: str, form: str) -> str:
    return unicodedata.normalize(_form(form), text)


@implements("unicode_is_normalized")
def unicode_is_normalized(text: str, form: str) -> bool:
    return unicodedata.is_normalized(_form(form), text)


@implements("unicode_version")
def unicode_version() -> str:
    return ".".join(unicodedata.unidata_version.split(".")[:2])


@implements("unicode_assigned")
def unicode_assigned(text: str) -> bool:
    return all(unicodedata.category(char) != "Cn" for char in text)


@implements("icu_unicode_version")
def icu_unicode_version() -> None:
    return None


@implements("to_ascii_default")
def to_ascii_default(text: str) -> str:
    raise SqlError(FEATURE_NOT_SUPPORTED, "encoding conversion from UTF8 to ASCII not supported")
