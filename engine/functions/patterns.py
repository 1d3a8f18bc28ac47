"""LIKE, ILIKE and SIMILAR TO (manual section 9.7): patterns become Python regular expressions, cached."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_ESCAPE_SEQUENCE, INVALID_USE_OF_ESCAPE_CHARACTER


def _ends_with_escape() -> NoReturn:
    raise SqlError(INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character")


@lru_cache(maxsize=1000)
def like_matcher(pattern: Any, ignore_case: bool = False) -> Callable[[Any], Any]:
    """A function that tells whether a text (or bytes) matches a LIKE pattern with escape \\."""
    binary = isinstance(pattern, bytes)
    text = pattern.decode("latin-1") if binary else pattern
    parts: list[str] = []
    here = 0
    while here < len(text):
        char = text[here]
        if char == "%":
            if not parts or parts[-1] != ".*":
                parts.append(".*")
        elif char == "_":
            parts.append(".")
        else:
            if char == "\\":
                here += 1
                if here >= len(text):
                    return _raise_when_reached("".join(parts), binary, ignore_case)
                char = text[here]
            parts.append(re.escape(char))
        here += 1
    if not ignore_case:
        simple = _simple_matcher(text, binary)
        if simple is not None:
            return simple
    source = "".join(parts)
    if binary:
        return re.compile(source.encode("latin-1"), re.DOTALL).fullmatch
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0)).fullmatch


def _raise_when_reached(source: str, binary: bool, ignore_case: bool) -> Callable[[Any], Any]:
    """The dangling escape is an error only for texts that match up to it and go on."""
    if binary:
        found: Any = re.compile((source + ".").encode("latin-1"), re.DOTALL).match
    else:
        found = re.compile(source + ".", re.DOTALL | (re.IGNORECASE if ignore_case else 0)).match

    def match(value: Any) -> bool:
        if found(value):
            _ends_with_escape()
        return False

    return match


def _simple_matcher(text: str, binary: bool) -> Callable[[Any], Any] | None:
    """The matcher of patterns like abc, abc%, %abc and %abc%."""
    if "\\" in text or "_" in text:
        return None
    core = text.strip("%")
    if "%" in core:
        return None
    value: Any = core.encode("latin-1") if binary else core
    front, back = text.startswith("%"), text.endswith("%")
    if not core:
        return (lambda subject: True) if text else (lambda subject: not subject)
    if front and back:
        return lambda subject: value in subject
    if front:
        return lambda subject: subject.endswith(value)
    if back:
        return lambda subject: subject.startswith(value)
    return lambda subject: subject == value


_LIKE_NAMES = {"like_matcher": like_matcher}


@implements(
    "textlike",
    "namelike",
    "bytealike",
    inline="(not not like_matcher({1})({0}))",
    names=_LIKE_NAMES,
)
def textlike(text: Any, pattern: Any) -> bool:
    return bool(like_matcher(pattern)(text))


@implements(
    "textnlike",
    "namenlike",
    "byteanlike",
    inline="(not like_matcher({1})({0}))",
    names=_LIKE_NAMES,
)
def textnlike(text: Any, pattern: Any) -> bool:
    return not like_matcher(pattern)(text)


@implements("texticlike", "nameiclike")
def texticlike(text: str, pattern: str) -> bool:
    return bool(like_matcher(pattern, True)(text))


@implements("texticnlike", "nameicnlike")
def texticnlike(text: str, pattern: str) -> bool:
    return not like_matcher(pattern, True)(text)


def _invalid_escape_string() -> NoReturn:
    raise SqlError(
        INVALID_ESCAPE_SEQUENCE,
        "invalid escape string",
        hint="Escape string must be empty or one character.",
    )


def _like_escape(pattern: Any, escape: Any) -> Any:
    backslash: Any = b"\\" if isinstance(pattern, bytes) else "\\"
    if not escape:
        return pattern.replace(backslash, backslash * 2)
    if len(escape) != 1:
        _invalid_escape_string()
    if escape == backslash:
        return pattern
    parts = []
    here = 0
    while here < len(pattern):
        char = pattern[here : here + 1]
        if char == escape:
            parts.append(backslash)
            here += 1
            char = pattern[here : here + 1]
            parts.append(char)
        elif char == backslash:
            parts.append(backslash * 2)
        else:
            parts.append(char)
        here += 1
    return pattern[:0].join(parts)


@implements("like_escape", "like_escape_bytea")
def like_escape(pattern: Any, escape: Any) -> Any:
    return _like_escape(pattern, escape)


# --- SIMILAR TO: the pattern becomes a regular expression of PostgreSQL's own kind -------------------------


def similar_to_regex(pattern: str, escape: str | None) -> str:
    """The ARE that similar_to_escape() makes of an SQL regular expression."""
    if escape is None:
        escape = "\\"
    elif len(escape) > 1:
        _invalid_escape_string()
    result = ["^(?:"]
    after_escape = False
    brackets = 0  # 0: outside; else the depth of [[:...:]]
    separators = 0
    at_bracket_start = False
    for char in pattern:
        if after_escape:
            if char == '"' and not brackets:
                if separators == 0:
                    result.append("){1,1}?(")
                elif separators == 1:
                    result.append("){1,1}(?:")
                else:
                    raise SqlError(
                        INVALID_USE_OF_ESCAPE_CHARACTER,
                        "SQL regular expression may not contain more than two escape-double-quote separators",
                    )
                separators += 1
            else:
                result.append("\\" + char)
            after_escape = False
            at_bracket_start = False
        elif escape and char == escape:
            after_escape = True
        elif brackets:
            if char == "\\":
                result.append("\\")
            result.append(char)
            if char == "]" and not at_bracket_start:
                brackets -= 1
            elif char == "[":
                brackets += 1
            at_bracket_start = at_bracket_start and char == "^"
        elif char == "[":
            result.append(char)
            brackets, at_bracket_start = 1, True
        elif char == "%":
            result.append(".*")
        elif char == "_":
            result.append(".")
        elif char == "(":
            result.append("(?:")
        elif char in "\\.^$":
            result.append("\\" + char)
        else:
            result.append(char)
    result.append(")$")
    return "".join(result)


@implements("similar_to_escape_1")
def similar_to_escape_1(pattern: str) -> str:
    return similar_to_regex(pattern, None)


@implements("similar_to_escape_2")
def similar_to_escape_2(pattern: str, escape: str) -> str:
    return similar_to_regex(pattern, escape)


@implements("similar_escape")
def similar_escape(pattern: str | None, escape: str | None) -> str | None:
    return None if pattern is None else similar_to_regex(pattern, escape)
