"""JSON text to Jsonb and back: PostgreSQL's lexical rules, error texts and jsonb's key order.

`jsonb_parse` reads untrusted text, `jsonb_load` text that `jsonb_text` wrote (no checks beyond the
decoder's). The C decoder of the standard library does the work; where it refuses, or where the
text holds \\u escapes, `check_json` walks the text as PostgreSQL's parser does and raises its error.
"""

import json
import re
from decimal import Decimal
from json.encoder import encode_basestring as quote_string
from typing import Any, NoReturn

from ..errors import SqlError
from ..sqlstates import (
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    STATEMENT_TOO_COMPLEX,
    UNTRANSLATABLE_CHARACTER,
)
from ..values import Jsonb

_INT_DIGITS_MAX = 4000  # Python refuses to print longer ints (int_max_str_digits)
_WEIGHT_MAX = 131_072  # digits before the decimal point that numeric can hold
_SCALE_MAX = 16_383


def json_number(text: str) -> "int | Decimal":
    """A JSON number as jsonb keeps it: int if it has no fraction, else Decimal with its scale."""
    if text.lstrip("-").isdigit() and len(text) < _INT_DIGITS_MAX:
        return int(text)
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if (value.adjusted() >= _WEIGHT_MAX and value) or -exponent > _SCALE_MAX:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
    if exponent >= 0:
        if not value:
            return 0
        if value.adjusted() < _INT_DIGITS_MAX:
            return int(value)
        return Decimal(f"{value:f}")
    return value if value else value.copy_abs()


def sort_keys(value: dict[str, Any]) -> dict[str, Any]:
    """The object in jsonb's key order: shorter keys first, then bytewise."""
    if len(value) < 2:
        return value
    return {key: value[key] for key in sorted(value, key=_key_order)}


def _key_order(key: str) -> tuple[int, Any]:
    if key.isascii():
        return (len(key), key)
    return (len(key.encode()), key)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return sort_keys(dict(pairs))


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


_parse = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=json_number, parse_int=json_number, parse_constant=_refuse
).decode
_plain = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse).decode
_load = json.JSONDecoder(parse_float=Decimal, parse_int=json_number).decode


def jsonb_parse(text: str) -> Jsonb:
    """Text as the jsonb input function takes it; raises 22P02 with PostgreSQL's detail."""
    if "\\u" in text:
        check_json(text)
    try:
        return Jsonb(_parse(text))
    except ValueError:
        check_json(text)
        raise
    except RecursionError:
        raise SqlError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded") from None


def jsonb_load(text: str) -> Jsonb:
    """Stored text back to the value."""
    return Jsonb(_load(text))


def jsonb_text(jsonb: Jsonb) -> str:
    """As the jsonb output function prints it."""
    return value_text(jsonb.value)


def value_text(value: Any) -> str:
    """A value inside a Jsonb as JSON text."""
    kind = type(value)
    if kind is str:
        return quote_string(value)
    if kind is int:
        return int.__repr__(value)
    if kind is dict:
        return "{" + ", ".join([quote_string(k) + ": " + value_text(v) for k, v in value.items()]) + "}"
    if kind is list:
        return "[" + ", ".join([value_text(item) for item in value]) + "]"
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    return f"{value:f}"


# --- the checking parser ---------------------------------------------------------------------------

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# What PostgreSQL takes along into an invalid token: word characters, and all bytes above 127.
_WORD = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff]+")
_NUMBER_TOKEN = re.compile(
    r"-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?[A-Za-z0-9_\u0080-\U0010ffff]*"
)
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPES = frozenset('"\\/bfnrt')


class _Checker:
    """One pass over a text; `kind` and [start, end) describe the token looked at."""

    def __init__(self, text: str, unicode_checks: bool = True) -> None:
        self.unicode_checks = unicode_checks
        self.text = text
        self.start = self.end = 0
        self.kind = ""
        self.next()

    def fail(self, detail: str, *, end: int | None = None, unicode_zero: bool = False) -> NoReturn:
        text = self.text
        stop = self.end if end is None else end
        line_start = max(text.rfind("\n", 0, stop), -1) + 1
        if self.kind == "string" or text[self.start : self.start + 1] == '"':
            # Line feeds inside a string do not count: the lexer looks at them only between tokens.
            line_start = text.rfind("\n", 0, self.start) + 1
        line = text.count("\n", 0, line_start) + 1
        shown = text[line_start:stop]
        encoded = shown.encode()
        skip = 0
        if len(encoded) >= 50:
            while len(shown[skip:].encode()) >= 50:
                skip += 1
            if len(shown[:skip].encode()) <= 3:
                skip = 0
        prefix = "..." if skip else ""
        ended = stop >= len(text) or text[stop] in "\n\r" or self.kind == "end"
        where = f"JSON data, line {line}: {prefix}{shown[skip:]}{'' if ended else '...'}"
        if unicode_zero:
            raise SqlError(
                UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence", detail=detail, where=where
            )
        raise SqlError(
            INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json", detail=detail, where=where
        )

    def expected(self, what: str) -> NoReturn:
        if self.kind == "end":
            self.fail("The input string ended unexpectedly.")
        self.fail(f'Expected {what}, but found "{self.text[self.start : self.end]}".')

    def next(self) -> None:
        text = self.text
        match = _SPACE.match(text, self.end)
        assert match is not None
        self.start = self.end = match.end()
        if self.start >= len(text):
            self.kind = "end"
            return
        char = text[self.start]
        self.kind = char
        if char in "{}[]:,":
            self.end = self.start + 1
        elif char == '"':
            self.kind = "string"
            self.string()
        elif char == "-" or "0" <= char <= "9":
            self.number()
        else:
            word = _WORD.match(text, self.start)
            self.end = word.end() if word else self.start + 1
            token = text[self.start : self.end]
            if token not in ("true", "false", "null"):
                self.kind = "invalid"
                self.fail(f'Token "{token}" is invalid.')
            self.kind = "scalar"

    def number(self) -> None:
        match = _NUMBER_TOKEN.match(self.text, self.start)
        assert match is not None
        self.end = match.end()
        self.kind = "scalar"
        if _NUMBER.fullmatch(match.group()) is None:
            self.fail(f'Token "{match.group()}" is invalid.')

    def string(self) -> None:
        text, here, high = self.text, self.start + 1, False
        while True:
            plain = _PLAIN.match(text, here)
            assert plain is not None
            if plain.end() > here and high:
                self.fail("Unicode low surrogate must follow a high surrogate.", end=here + 1)
            here = plain.end()
            if here >= len(text):
                self.end = len(text)
                self.kind = "end"
                self.fail(f'Token "{text[self.start :]}" is invalid.')
            char = text[here]
            if char == '"':
                if high:
                    self.fail("Unicode low surrogate must follow a high surrogate.", end=here + 1)
                self.end = here + 1
                return
            if char != "\\":
                self.fail(f"Character with value 0x{ord(char):02x} must be escaped.", end=here)
            here, high = self.escape(here, high)

    def escape(self, here: int, high: bool) -> tuple[int, bool]:
        text = self.text
        code = text[here + 1 : here + 2]
        if not code:
            self.end = len(text)
            self.kind = "end"
            self.fail(f'Token "{text[self.start :]}" is invalid.')
        if code != "u":
            if high:
                self.fail("Unicode low surrogate must follow a high surrogate.", end=here + 2)
            if code not in _ESCAPES:
                self.fail(f'Escape sequence "\\{code}" is invalid.', end=here + 2)
            return here + 2, False
        for place in range(here + 2, here + 6):
            if place >= len(text):
                self.end = len(text)
                self.kind = "end"
                self.fail(f'Token "{text[self.start :]}" is invalid.')
            if text[place] not in "0123456789abcdefABCDEF":
                self.fail('"\\u" must be followed by four hexadecimal digits.', end=place + 1)
        value = int(text[here + 2 : here + 6], 16)
        here += 6
        if not self.unicode_checks:
            return here, False
        if 0xD800 <= value < 0xDC00:
            if high:
                self.fail("Unicode high surrogate must not follow a high surrogate.", end=here)
            return here, True
        if 0xDC00 <= value < 0xE000:
            if not high:
                self.fail("Unicode low surrogate must follow a high surrogate.", end=here)
            return here, False
        if high:
            self.fail("Unicode low surrogate must follow a high surrogate.", end=here)
        if value == 0:
            self.fail("\\u0000 cannot be converted to text.", end=here, unicode_zero=True)
        return here, False

    def value(self) -> None:
        if self.kind == "{":
            self.object()
        elif self.kind == "[":
            self.array()
        elif self.kind in ("string", "scalar"):
            self.next()
        else:
            self.expected("JSON value")

    def array(self) -> None:
        self.next()
        if self.kind == "]":
            self.next()
            return
        while True:
            self.value()
            if self.kind == "]":
                break
            if self.kind != ",":
                self.expected('"," or "]"')
            self.next()
        self.next()

    def object(self) -> None:
        self.next()
        if self.kind == "}":
            self.next()
            return
        first = True
        while True:
            if self.kind != "string":
                self.expected('string or "}"' if first else "string")
            self.next()
            if self.kind != ":":
                self.expected('":"')
            self.next()
            self.value()
            first = False
            if self.kind == "}":
                break
            if self.kind != ",":
                self.expected('"," or "}"')
            self.next()
        self.next()


def check_json(text: str, unicode_checks: bool = True) -> None:
    """Raise PostgreSQL's error if the text is not JSON. Type json keeps escapes unread, so it does
    not mind which characters they name (unicode_checks=False)."""
    if not unicode_checks:
        try:
            _plain(text)
            return
        except (ValueError, RecursionError):
            pass
    try:
        checker = _Checker(text, unicode_checks)
        checker.value()
        if checker.kind != "end":
            checker.expected("end of input")
    except RecursionError:
        raise SqlError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded") from None
