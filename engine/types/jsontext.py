"""Finding one's way in JSON texts without building values: the json type keeps its text as given.

Texts are known to be valid JSON (json_in checked them).
"""

import json
import re
from collections.abc import Iterator

from .jsonb import check_json

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^ \t\n\r{}\[\]:,"]+')
_SPACE = " \t\n\r"


def kind(text: str) -> str:
    """The first character: { [ " t f n or that of a number."""
    return text.lstrip(_SPACE)[:1]


def typeof(text: str) -> str:
    """As json_typeof names it."""
    return _NAMES.get(kind(text), "number")


_NAMES = {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}


def check_escapes(text: str) -> None:
    """Refuse \\u escapes that no text can hold, wherever they are."""
    if "\\u" in text:
        check_json(text)


def children(text: str) -> list[str]:
    """The texts of a container's direct parts: items, or keys and values in turn."""
    parts: list[str] = []
    depth = start = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "{" or token == "[":
            if depth == 1:
                start = match.start()
            depth += 1
        elif token == "}" or token == "]":
            depth -= 1
            if depth == 1:
                parts.append(text[start : match.end()])
        elif depth == 1 and token != "," and token != ":":
            parts.append(token)
    return parts


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """(key, text of the value) of an object, duplicates included."""
    parts = children(text)
    for place in range(0, len(parts), 2):
        yield unquote(parts[place]), parts[place + 1]


def unquote(token: str) -> str:
    """A string token's text."""
    if "\\" not in token:
        return token[1:-1]
    return json.loads(token, strict=False)


def as_text(value: str) -> str | None:
    """A value as ->> gives it: strings without quotes, null as NULL."""
    value = value.strip(_SPACE)
    if value[:1] == '"':
        return unquote(value)
    return None if value == "null" else value


def tokens(text: str) -> list[str]:
    """All tokens without white space."""
    return _TOKEN.findall(text)


def path_integer(text: str) -> int | None:
    """An array index in a text path, as strtoint() reads one."""
    stripped = text.lstrip(" \t\n\r\v\f")
    digits = stripped[1:] if stripped[:1] in ("+", "-") else stripped
    if not (digits.isascii() and digits.isdigit()):
        return None
    value = int(stripped)
    return value if -(2**31) <= value < 2**31 else None
