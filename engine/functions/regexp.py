"""The regexp_* functions and the ~ operators (manual section 9.7.3)."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_PARAMETER_VALUE
from ..values import Array, make_array
from .regex import Flags, Regex, compile_regex, regex_tester

TEXTOID = 25
_NAMES = {"regex_tester": regex_tester}

_TESTERS: tuple[tuple[str, str], ...] = (
    ("textregexeq nameregexeq", "(regex_tester({1})({0}) is not None)"),
    ("textregexne nameregexne", "(regex_tester({1})({0}) is None)"),
    ("texticregexeq nameicregexeq", "(regex_tester({1}, True)({0}) is not None)"),
    ("texticregexne nameicregexne", "(regex_tester({1}, True)({0}) is None)"),
)
for _prosrcs, _template in _TESTERS:
    implements(*_prosrcs.split(), inline=_template, names=_NAMES)(
        eval("lambda a, b: " + _template.format("a", "b"), dict(_NAMES))
    )


def _regex(
    pattern: str, options: str, function: str, *, allow_global: bool = False, hint: str | None = None
) -> Regex:
    flags = Flags(options)
    if flags.global_ and not allow_global:
        raise SqlError(
            INVALID_PARAMETER_VALUE, f'{function}() does not support the "global" option', hint=hint
        )
    return compile_regex(pattern, options.replace("g", ""))


def _check(name: str, value: int, least: int, most: int | None = None) -> None:
    if value < least or (most is not None and value > most):
        raise SqlError(INVALID_PARAMETER_VALUE, f'invalid value for parameter "{name}": {value}')


def all_matches(regex: Regex, text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Successive matches; an empty one right after a match counts, as in PostgreSQL."""
    here = start
    while here <= len(text):
        match = regex.search(text, here)
        if match is None:
            return
        yield match
        here = match.end() if match.end() > match.start() else match.end() + 1


def _nth(regex: Regex, text: str, start: int, n: int) -> re.Match[str] | None:
    for place, match in enumerate(all_matches(regex, text, start - 1), 1):
        if place == n:
            return match
    return None


def _row(match: re.Match[str]) -> Array:
    return make_array(TEXTOID, match.groups() if match.re.groups else (match.group(),))


@implements("regexp_match_no_flags", "regexp_match")
def regexp_match(text: str, pattern: str, options: str = "") -> Array | None:
    hint = "Use the regexp_matches function instead."
    match = _regex(pattern, options, "regexp_match", hint=hint).search(text)
    return None if match is None else _row(match)


@implements("regexp_matches_no_flags", "regexp_matches")
def regexp_matches(text: str, pattern: str, options: str = "") -> list[Array]:
    regex = _regex(pattern, options, "regexp_matches", allow_global=True)
    if "g" in options:
        return [_row(match) for match in all_matches(regex, text)]
    match = regex.search(text)
    return [] if match is None else [_row(match)]


@implements("regexp_like_no_flags", "regexp_like")
def regexp_like(text: str, pattern: str, options: str = "") -> bool:
    return _regex(pattern, options, "regexp_like").compiled.search(text) is not None


@implements("regexp_count_no_start", "regexp_count_no_flags", "regexp_count")
def regexp_count(text: str, pattern: str, start: int = 1, options: str = "") -> int:
    _check("start", start, 1)
    regex = _regex(pattern, options, "regexp_count")
    return sum(1 for _ in all_matches(regex, text, start - 1))


@implements(
    "regexp_instr_no_start",
    "regexp_instr_no_n",
    "regexp_instr_no_endoption",
    "regexp_instr_no_flags",
    "regexp_instr_no_subexpr",
    "regexp_instr",
)
def regexp_instr(
    text: str,
    pattern: str,
    start: int = 1,
    n: int = 1,
    end_option: int = 0,
    options: str = "",
    group: int = 0,
) -> int:
    _check("start", start, 1)
    _check("n", n, 1)
    _check("endoption", end_option, 0, 1)
    _check("subexpr", group, 0)
    regex = _regex(pattern, options, "regexp_instr")
    if group > regex.groups:
        return 0
    match = _nth(regex, text, start, n)
    if match is None or match.start(group) < 0:
        return 0
    return (match.end(group) if end_option else match.start(group)) + 1


@implements(
    "regexp_substr_no_start",
    "regexp_substr_no_n",
    "regexp_substr_no_flags",
    "regexp_substr_no_subexpr",
    "regexp_substr",
)
def regexp_substr(
    text: str, pattern: str, start: int = 1, n: int = 1, options: str = "", group: int = 0
) -> str | None:
    _check("start", start, 1)
    _check("n", n, 1)
    _check("subexpr", group, 0)
    regex = _regex(pattern, options, "regexp_substr")
    if group > regex.groups:
        return None
    match = _nth(regex, text, start, n)
    return None if match is None else match.group(group)


@implements("textregexsubstr")
def textregexsubstr(text: str, pattern: str) -> str | None:
    match = compile_regex(pattern).search(text)
    if match is None:
        return None
    return match.group(1) if match.re.groups else match.group()


def _split(text: str, regex: Regex) -> list[str]:
    parts: list[str] = []
    last = 0
    for match in all_matches(regex, text):
        first, end = match.span()
        if first == end and (first == last or first >= len(text)):
            if first == last:
                continue  # an empty match at the start, or just after the last match, splits nothing
            break
        parts.append(text[last:first])
        last = end
    parts.append(text[last:])
    return parts


@implements("regexp_split_to_array_no_flags", "regexp_split_to_array")
def regexp_split_to_array(text: str, pattern: str, options: str = "") -> Array:
    return make_array(TEXTOID, _split(text, _regex(pattern, options, "regexp_split_to_array")))


@implements("regexp_split_to_table_no_flags", "regexp_split_to_table")
def regexp_split_to_table(text: str, pattern: str, options: str = "") -> list[str]:
    return _split(text, _regex(pattern, options, "regexp_split_to_table"))


def _replacer(replacement: str) -> Callable[[re.Match[str]], str]:
    if "\\" not in replacement:
        return lambda match: replacement
    parts: list[Any] = []  # texts, and numbers of groups
    here = 0
    while here < len(replacement):
        place = replacement.find("\\", here)
        if place < 0 or place + 1 >= len(replacement):
            parts.append(replacement[here:])
            break
        parts.append(replacement[here:place])
        char = replacement[place + 1]
        if char.isdigit() and char.isascii():
            parts.append(int(char)) if char != "0" else parts.append("\\0")
        elif char == "&":
            parts.append(0)
        elif char == "\\":
            parts.append("\\")
        else:
            parts.append("\\" + char)
        here = place + 2

    def replace(match: re.Match[str]) -> str:
        groups = match.re.groups
        return "".join(
            [
                part if type(part) is str else ((match.group(part) or "") if part <= groups else "")
                for part in parts
            ]
        )

    return replace


def _replace(text: str, regex: Regex, replacement: str, start: int, n: int) -> str:
    """Replace the n-th match from start; all of them if n is 0."""
    replace = _replacer(replacement)
    parts: list[str] = []
    last = 0
    for place, match in enumerate(all_matches(regex, text, start - 1), 1):
        if n and place < n:
            continue
        parts.append(text[last : match.start()])
        parts.append(replace(match))
        last = match.end()
        if n:
            break
    parts.append(text[last:])
    return "".join(parts)


@implements("textregexreplace_noopt")
def textregexreplace_noopt(text: str, pattern: str, replacement: str) -> str:
    return _replace(text, compile_regex(pattern), replacement, 1, 1)


@implements("textregexreplace")
def textregexreplace(text: str, pattern: str, replacement: str, options: str) -> str:
    if options[:1].isdigit():
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'invalid regular expression option: "{options[0]}"',
            hint="If you meant to use regexp_replace() with a start parameter, cast the fourth argument "
            "to integer explicitly.",
        )
    regex = _regex(pattern, options, "regexp_replace", allow_global=True)
    return _replace(text, regex, replacement, 1, 0 if "g" in options else 1)


@implements(
    "textregexreplace_extended_no_n", "textregexreplace_extended_no_flags", "textregexreplace_extended"
)
def textregexreplace_extended(
    text: str, pattern: str, replacement: str, start: int, n: int = 1, options: str = ""
) -> str:
    _check("start", start, 1)
    _check("n", n, 0)
    regex = _regex(pattern, options, "regexp_replace", allow_global=True)
    return _replace(text, regex, replacement, start, n)
